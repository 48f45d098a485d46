"""
How a process ended, in words: exit code or signal, and how much memory it had used.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

import msgspec

__all__ = ["ProcessEnd", "ending_of", "has_ended"]

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


class ProcessEnd(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    How a process ended.

    Attributes:
        exit_code: Its exit code; None if a signal ended it, or nobody knows.
        signal: Number of the signal that ended it; None if it ended by itself, or nobody knows.
        peak_memory_bytes: Most memory that it held at once (resident set), with what it shared; None if unknown.
    """

    exit_code: int | None = None
    signal: int | None = None
    peak_memory_bytes: int | None = None

    @property
    def signal_name(self) -> str | None:
        """Return the name of the signal that ended it, if one did."""
        if self.signal is None:
            return None
        try:
            return signal.Signals(self.signal).name
        except ValueError:
            return f"signal {self.signal}"

    @property
    def may_lack_memory(self) -> bool:
        """Tell whether the system may have ended it for want of memory: that is done by SIGKILL."""
        return self.signal == signal.SIGKILL

    def describe(self) -> str:
        """
        Return what happened, to follow the name of the process.

        >>> ProcessEnd(signal=9, peak_memory_bytes=3 * 1024**3).describe()
        'was ended by SIGKILL (peak memory 3072 MB); memory may have run out'
        >>> ProcessEnd(exit_code=3).describe()
        'ended with exit code 3'
        """
        if self.signal is not None:
            text = f"was ended by {self.signal_name}"
        elif self.exit_code is not None:
            text = f"ended with exit code {self.exit_code}"
        else:
            text = "is gone, and nobody saw how it ended"
        if self.peak_memory_bytes is not None:
            text += f" (peak memory {self.peak_memory_bytes / 1024**2:.0f} MB)"
        return f"{text}; memory may have run out" if self.may_lack_memory else text


def ending_of(status: int, usage: resource.struct_rusage) -> ProcessEnd:
    """Return how a process ended, from what ``os.wait4`` gave."""
    code = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * _RSS_UNIT
    if code < 0:
        return ProcessEnd(signal=-code, peak_memory_bytes=peak)
    return ProcessEnd(exit_code=code, peak_memory_bytes=peak)


def has_ended(child: int) -> bool:
    """
    Tell whether a child has ended, and leave it to be waited for: its number is not given to another until then.

    Raises:
        ChildProcessError: It is no child of this process, or was waited for.
    """
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
