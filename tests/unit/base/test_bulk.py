"""Much at once: what the garbage collector sees, and when."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orrery.base.bulk import collection_paused, definition_made, keep_objects, loaded_module, objects_settled


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


def test_what_a_process_keeps_for_its_children_stays_when_a_child_plans() -> None:
    """Also if many definitions had been taken out of sight before: those are not put back, with all others."""
    for _ in range(1024):
        definition_made()
    keep_objects()
    with collection_paused():
        pass
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_little_work_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """To count what is kept out of sight takes milliseconds where that is much; much that was made is worth it."""
    counted: list[int] = []
    monkeypatch.setattr(gc, "get_freeze_count", lambda: counted.append(1) or 0)
    with collection_paused():
        few = [[number] for number in range(100)]
    assert not counted
    with collection_paused():
        many = [[number] for number in range(50_000)]
    assert counted
    assert (len(few), len(many)) == (100, 50_000)
    monkeypatch.undo()


def test_what_was_declared_makes_no_full_collection_due_when_it_is_used() -> None:
    """Once it is back in sight, the collector would walk over all of it, and find nothing."""
    for _ in range(1024):
        definition_made()
    for _ in range(12):
        gc.collect(1)
    assert gc.get_count()[2] > gc.get_threshold()[2]
    with collection_paused():
        pass
    assert gc.get_count()[2] == 0


def test_the_collector_rests_while_a_module_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_of_much.py").write_text("import gc\nis_watched = gc.isenabled()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert not loaded_module("made_of_much").is_watched
    assert loaded_module("made_of_much") is sys.modules.pop("made_of_much")
    assert gc.isenabled()
