"""Counts what a piece of work does: the same on a quick machine and on a loaded one, where seconds are not."""

import sys
from collections.abc import Callable
from types import FrameType


def calls_of(work: Callable[[], object]) -> int:
    """Return how many functions this thread entered in `work`, of Python and of C."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def assert_linear(work_of: Callable[[int], Callable[[], object]], size: int, per_item: int) -> None:
    """Assert that `work_of(n)` makes some calls for each of its n items, and no more of them when there are many."""
    work_of(2)()
    few, many = (calls_of(work_of(each)) for each in (size, 4 * size))
    assert (many - few) / (3 * size) < per_item
    assert many < 4.4 * few, f"{few} calls for {size}, {many} for four times as many"
