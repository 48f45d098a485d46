r"""
A run as JSON lines: one document a line, on standard output.

Documents have ``event`` and ``time`` (ISO 8601, UTC), and those about a step ``step``; the last has the event
``result``. JSON escapes newlines and control codes, so no text of a user can forge a line.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TextIO

from orrery.cli.displays.plain import tell_of_interrupt
from orrery.cli.failure_text import failure_document
from orrery.cli.happenings import Happening, RunView, StepView

__all__ = ["JsonLines", "happening_document", "step_document"]


class JsonLines:
    """
    Writes a run as JSON lines.

    Args:
        stream: Where to.
        level: Least level of log lines.
    """

    def __init__(self, stream: TextIO, *, level: int = 20) -> None:
        self._stream = stream
        self._level = level
        self._view: RunView | None = None

    def begin(self, view: RunView) -> None:
        """Remember the run."""
        self._view = view

    def show(self, happening: Happening) -> None:
        """Write one thing that happened."""
        if happening.word == "log" and happening.level < self._level:
            return
        document = happening_document(happening)
        if happening.word == "run_started" and self._view is not None:
            document |= {
                "run_id": self._view.run_id,
                "job": self._view.job_name,
                "steps": [step.key for step in self._view.steps.values()],
            }
        self._write(document)

    def interrupt(self, signal_name: str, errors: int | None) -> None:
        """Tell that the run is asked to stop."""
        tell_of_interrupt(signal_name, errors)

    def end(self) -> None:
        """Do nothing: every line is complete."""

    def finish(self, view: RunView) -> None:
        """Write the result."""
        totals = view.totals
        self._write(
            {
                "event": "result",
                "run_id": view.run_id,
                "status": {"done": "success", "failed": "failure"}.get(view.state, view.state),
                "done": totals.done,
                "failed": totals.failed,
                "skipped": totals.skipped,
                "not_run": totals.not_run,
                "seconds": round(totals.seconds, 6),
                "rows": totals.rows,
                "saved_seconds": round(totals.saved_seconds, 6),
                "steps": [step_document(step) for step in view.visible_steps],
                "values": view.values,
                "error": None if view.error is None else failure_document(view.error),
            }
        )

    def _write(self, document: dict[str, Any]) -> None:
        self._stream.write(json.dumps(document, default=str) + "\n")
        self._stream.flush()


def happening_document(happening: Happening) -> dict[str, Any]:
    """Return one thing that happened as a JSON document."""
    document: dict[str, Any] = {
        "event": happening.word,
        "time": datetime.fromtimestamp(happening.timestamp, UTC).isoformat(),
    }
    step = happening.step
    if step is not None:
        document["step"] = step.key
        if happening.word == "step_done":
            document |= {"seconds": None if step.seconds is None else round(step.seconds, 6), "rows": step.rows}
        if happening.word == "step_skipped":
            document["reason"] = step.note
    if happening.word == "log":
        document |= {"level": happening.state, "message": happening.text}
    if happening.word == "check":
        asset, _, name = happening.text.rpartition(": ")
        document |= {"asset": asset, "check": name, "state": happening.state}
    if happening.error is not None:
        document["error"] = failure_document(happening.error)
    return document


def step_document(step: StepView) -> dict[str, Any]:
    """Return how a step stands as a JSON document."""
    return {
        "step": step.key,
        "name": step.label,
        "state": step.state.replace(" ", "_"),
        "seconds": None if step.seconds is None else round(step.seconds, 6),
        "rows": step.rows,
        "attempt": step.attempt,
        "note": step.note or None,
        "error": None if step.error is None else failure_document(step.error),
    }
