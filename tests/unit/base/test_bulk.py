"""Much at once: what the garbage collector sees, and when."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from orrery.base.bulk import collection_paused, definition_made, objects_settled


@pytest.fixture(autouse=True)
def _nothing_is_kept_out() -> Iterator[None]:
    gc.unfreeze()
    yield
    with collection_paused():
        pass
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()


def test_many_definitions_leave_the_collectors_sight_until_they_are_used() -> None:
    for _ in range(1024):
        definition_made()
    assert gc.get_freeze_count() > 0
    with collection_paused():
        assert gc.get_freeze_count() == 0


def test_objects_that_the_process_keeps_out_itself_stay_out() -> None:
    gc.freeze()
    for _ in range(1024):
        definition_made()
    with collection_paused(), objects_settled():
        pass
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_a_collector_that_is_off_stays_off() -> None:
    gc.disable()
    try:
        for _ in range(1024):
            definition_made()
        with collection_paused():
            pass
        assert not gc.isenabled()
        assert gc.get_freeze_count() == 0
    finally:
        gc.enable()
