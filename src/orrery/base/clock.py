"""
The clock as a protocol: time is an argument.

The pure floors take instants; who needs "now" is handed a clock. The real ones live in
``runtime``; tests turn one by hand (``orrery.testing``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """Tell the time."""

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary point that never go backwards."""
        ...
