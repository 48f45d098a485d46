"""What steps wrote, line by line."""

import os
from pathlib import Path

from orrery import Instance, job, op
from orrery.cli.captured import CapturedLine, CapturedLines


@op
def speaks() -> None:
    """Write to both streams, in all ways."""
    os.write(1, b"whole\ncaf\xe9\r\nwithout an end")
    os.write(2, b"\x1b[31mred\n")


@job
def talks() -> None:
    """Run it."""
    speaks()


def test_each_line_is_given_once_and_the_last_when_the_step_is_over(tmp_path: Path) -> None:
    with Instance.local_temp(str(tmp_path)) as instance:
        run_id = talks.execute_in_process(instance=instance).run_id
        captured = CapturedLines(instance.compute_log_manager, run_id)
        assert list(captured.of("speaks", is_over=False)) == [
            CapturedLine("speaks", "out", "whole"),
            CapturedLine("speaks", "out", "caf\\xe9"),
            CapturedLine("speaks", "err", "\x1b[31mred"),
        ]
        assert list(captured.left()) == [CapturedLine("speaks", "out", "without an end")]
        assert list(captured.left()) == []


def test_no_line_can_pass_for_one_of_ours() -> None:
    line = CapturedLine("s", "err", "\x1b[2J13:00:00 done     everything\u2028x").plain("s\nrun")
    assert line == "         err      s\\nrun: \\x1b[2J13:00:00 done     everything\\u2028x"


def test_nothing_is_read_where_nothing_is_captured() -> None:
    assert list(CapturedLines(None, "run").left()) == []
