"""A signal that waits until a record is written: it is delivered once, and never ends the process by itself."""

import subprocess
import sys

PROGRAM = """
import os, signal, threading
from orrery.base.errors import ExecutionInterruptedError
from orrery.runtime.engine.interrupts import Interrupts

decided, is_delivered = threading.Event(), threading.Event()

def slow_kill(process, number, kill=os.kill):
    decided.set()
    is_delivered.wait(1.0)  # it cannot be, until this has been sent
    kill(process, number)

interrupts = Interrupts()
interrupts.take()
interrupts._waiting = signal.SIGTERM
os.kill = slow_kill
again = threading.Thread(target=interrupts._send_again)
again.start()
decided.wait()
try:
    interrupts.deliver()
except ExecutionInterruptedError as error:
    is_delivered.set()
    print(error, flush=True)
again.join()
print("alive")
"""


def test_a_signal_that_is_about_to_be_sent_again_does_not_kill_a_run_that_is_told_of_it() -> None:
    """The record was written between the decision to send it and the sending."""
    child = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    assert (child.returncode, child.stdout.splitlines()) == (0, ["the run was asked to stop by SIGTERM", "alive"])
