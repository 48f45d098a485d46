"""
The real clock, for whoever is handed one.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["SystemClock"]


class SystemClock:
    """Tells the time of this machine."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the present instant (aware, UTC)."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary point that never go backwards."""
        return time.monotonic()
