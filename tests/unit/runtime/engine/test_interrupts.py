"""A signal that waits until a record is written, or that arrives where no error gets out: it is delivered once, and never lost."""

import subprocess
import sys

import pytest

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


SWALLOWED = """
import gc, os, signal, sys, time
from orrery.base.errors import ExecutionInterruptedError
from orrery.runtime.engine.interrupts import Interrupts, interruptible

HOW = sys.argv[1]
told = []
sys.unraisablehook = lambda lost: told.append(str(lost.exc_value))
hook = sys.unraisablehook

def ask():
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):  # the handler is called between two of these
        pass

class Finalized:
    def __del__(self):
        ask()

def called(phase, info):
    gc.callbacks.remove(called)
    ask()

class Broken:
    def __del__(self):
        raise ValueError("of the user")

def run():
    Broken()
    if HOW == "finalizer":
        Finalized()
    else:
        gc.callbacks.append(called)
        gc.collect()
    for _ in range(1000):
        time.sleep(0.01)

try:
    if HOW == "command":
        interrupts = Interrupts(arrived=lambda number: True)
        interrupts.take()
        try:
            run()
        finally:
            interrupts.give_back()
    else:
        with interruptible():
            run()
except ExecutionInterruptedError as error:
    print(error)
print(told, sys.unraisablehook is hook, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""


@pytest.mark.parametrize("how", ["finalizer", "collector", "command"])
def test_a_signal_that_arrives_where_no_error_gets_out_is_sent_again(how: str) -> None:
    """As in what Dask has the garbage collector call; what is lost there of others is told as ever."""
    child = subprocess.run(
        [sys.executable, "-c", SWALLOWED, how], capture_output=True, text=True, timeout=60, check=False
    )
    said = ["the run was asked to stop by SIGTERM", "['of the user'] True True"]
    assert (child.returncode, child.stdout.splitlines()) == (0, said), child.stderr
