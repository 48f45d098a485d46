"""Whether processes are there, for the tests of what starts or kills others."""

from __future__ import annotations

import time

__all__ = ["gone_within", "is_alive"]


def is_alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(seconds: float, *processes: int) -> bool:
    until = time.monotonic() + seconds
    while any(is_alive(each) for each in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
