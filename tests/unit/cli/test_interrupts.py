"""The command is stopped by the rule that ends every run: what is being written is written whole."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from orrery.api.verbs.execute import execute_job_in_process
from orrery.base.errors import ExecutionInterruptedError
from orrery.cli.interrupts import once_in_order
from orrery.definitions.decorators.graph import job
from orrery.definitions.decorators.op import op
from orrery.model.records.run import RunStatus
from orrery.runtime.engine.interrupts import interruptible
from orrery.runtime.instance import Instance

SAID: list[str] = []


def send_while_the_third_line_is_stored(frame: FrameType, what: str, _argument: Any) -> None:
    """Send SIGTERM from inside the writing of a record."""
    if what == "call" and len(SAID) == 3 and frame.f_code.co_name == "store_entries":
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGTERM)


@op
def talks(context: Any) -> None:
    sys.setprofile(send_while_the_third_line_is_stored)
    while True:
        SAID.append(f"line {len(SAID)}")
        context.log.info(SAID[-1])


@job
def talking() -> None:
    talks()


def test_a_signal_waits_while_a_line_is_written_and_is_told_at_once(tmp_path: Path) -> None:
    told: list[str] = []
    SAID.clear()
    with Instance.local_temp(str(tmp_path)) as instance:
        with once_in_order(lambda name, _errors: told.append(f"{name} at line {len(SAID)}")):
            with pytest.raises(KeyboardInterrupt):
                execute_job_in_process(talking, instance=instance, raise_on_error=False, console=False)
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL, "a second one would still end the process"
        (run,) = instance.get_runs()
        lines = [each.user_message for each in instance.all_logs(run.run_id) if each.dagster_event is None]
    assert run.status is RunStatus.CANCELED
    assert told == ["SIGTERM at line 3"]
    assert lines == SAID
    assert len(lines) >= 3


def test_a_signal_outside_of_a_run_ends_at_once_what_goes_on() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ExecutionInterruptedError, match="SIGTERM"), once_in_order(lambda *_: None):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_inside_is_ended_by_whoever_is_in_charge() -> None:
    with once_in_order(lambda *_: None), interruptible() as outer, interruptible() as inner:
        assert outer is inner is signal.getsignal(signal.SIGINT).__self__
