"""
What a display of a run can do.
"""

from __future__ import annotations

from typing import Protocol

from orrery.cli.happenings import Happening, RunView

__all__ = ["Display"]


class Display(Protocol):
    """Shows a run while it goes on."""

    def begin(self, view: RunView) -> None:
        """Show what is going to run."""
        ...

    def show(self, happening: Happening) -> None:
        """Show one thing that happened; the view has taken it already."""
        ...

    def interrupt(self, signal_name: str, errors: int | None) -> None:
        """
        Tell that the run is asked to stop; called by a signal handler.

        Args:
            signal_name: The signal that asks for it.
            errors: Descriptor of the process's own standard error, wherever steps lead it; None if it has none.
        """
        ...

    def end(self) -> None:
        """Stop showing; called once, also after an interruption."""
        ...

    def finish(self, view: RunView) -> None:
        """Tell the totals, the errors and where the values lie, after the end."""
        ...
