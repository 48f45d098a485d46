"""
What steps wrote to their standard output and error, line by line, as far as it has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orrery.cli.text import one_line
from orrery.runtime.ports.compute_logs import ComputeLogManager

__all__ = ["CapturedLine", "CapturedLines"]

_PAGE_BYTES = 1 << 20


class CapturedLine(NamedTuple):
    """
    One line that a step wrote.

    Attributes:
        step: Key of the step.
        stream: ``out`` or ``err``.
        text: The line, without its end; bytes that are no UTF-8 are escaped.
    """

    step: str
    stream: str
    text: str

    def plain(self, label: str) -> str:
        """Return it as a line below those of a run's log; control codes are shown, and not sent."""
        return f"{'':<8} {self.stream:<8} {one_line(label)}: {one_line(self.text.expandtabs())}"


class CapturedLines:
    """
    Gives out each line once, as soon as it is complete.

    Args:
        manager: Reads what was captured; None where nothing is.
        run_id: The run.
    """

    def __init__(self, manager: ComputeLogManager | None, run_id: str) -> None:
        self._manager = manager
        self._run_id = run_id
        self._cursors: dict[str, str | None] = {}
        self._rests: dict[tuple[str, str], bytes] = {}

    def of(self, step: str, *, is_over: bool) -> Iterator[CapturedLine]:
        """Iterate over the lines of *step* that have come since; with the last, unfinished one if it *is_over*."""
        if self._manager is None:
            return
        while True:
            data = self._manager.get_log_data(
                (self._run_id, "compute_logs", step), self._cursors.get(step), max_bytes=_PAGE_BYTES
            )
            self._cursors[step] = data.cursor
            if not data.stdout and not data.stderr:
                break
            for stream, piece in (("out", data.stdout or b""), ("err", data.stderr or b"")):
                *lines, rest = (self._rests.get((step, stream), b"") + piece).split(b"\n")
                self._rests[(step, stream)] = rest
                for line in lines:
                    yield _line(step, stream, line)
        if is_over:
            for stream in ("out", "err"):
                rest = self._rests.pop((step, stream), b"")
                if rest:
                    yield _line(step, stream, rest)

    def left(self) -> Iterator[CapturedLine]:
        """Iterate over what no step's end has given out: of steps that never ended."""
        if self._manager is not None:
            for step in self._manager.steps_with_output(self._run_id):
                yield from self.of(step, is_over=True)


def _line(step: str, stream: str, data: bytes) -> CapturedLine:
    return CapturedLine(step, stream, data.removesuffix(b"\r").decode("utf-8", "backslashreplace"))
