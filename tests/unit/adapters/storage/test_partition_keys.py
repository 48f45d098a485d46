"""Keys of partitions as a process remembers them: packed until somebody looks."""

from __future__ import annotations

import msgspec
import pytest

from orrery.adapters.storage.sql.partition_keys import PAGE, PartitionKeys

ALL = [f"k{number}" for number in range(3 * PAGE + 5)]


def pages(count: int, first: int = 0) -> list[bytes]:
    """Return the pages from *first* on of so many keys, as they are stored."""
    return [msgspec.msgpack.encode(ALL[at : min(at + PAGE, count)]) for at in range(first * PAGE, count, PAGE)]


@pytest.mark.parametrize("look_between", [True, False])
@pytest.mark.parametrize("before", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_keys_that_come_later_join_those_that_were_met(before: int, look_between: bool) -> None:
    """Whether those were looked at or not, and wherever the page was cut."""
    known = PartitionKeys()
    known.extend(0, pages(before), before)
    early = known.first(before)
    if look_between:
        assert list(early) == ALL[:before]
    first = len(known) // PAGE
    known.extend(first, pages(len(ALL), first), len(ALL))
    late = known.first(len(ALL))
    assert (len(known), len(early), len(late)) == (len(ALL), before, len(ALL))
    assert late == ALL
    assert early == ALL[:before]
    assert (late[-1], late[2:4]) == (ALL[-1], tuple(ALL[2:4]))


def test_one_who_comes_late_with_less_changes_nothing() -> None:
    known = PartitionKeys()
    known.extend(0, pages(PAGE + 3), PAGE + 3)
    known.extend(0, pages(2), 2)
    assert list(known.first(PAGE + 3)) == ALL[: PAGE + 3]


@pytest.mark.parametrize("last_look", [0, 1, 2])
def test_keys_that_come_bit_by_bit(last_look: int) -> None:
    """After some were looked at, the next ones stay packed, and are cut anew."""
    known = PartitionKeys()
    for look, size in enumerate([PAGE + 1, 2 * PAGE + 1, 2 * PAGE + 9, len(ALL)]):
        first = len(known) // PAGE
        known.extend(first, pages(size, first), size)
        if look <= last_look:
            assert known.first(size) == ALL[:size]
    assert known.first(len(ALL)) == ALL
