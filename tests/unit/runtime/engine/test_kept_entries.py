"""What entries of the event log tell is kept for later processes, and only ever believed of the very same entry."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from orrery import AssetKey, Instance, asset, explain, materialize, plan_materialization
from orrery.base.errors import StorageError
from orrery.model.events.reuse import Provenance
from orrery.plan.decide import LastMade, Retold
from orrery.runtime.engine.kept_entries import KeptEntries, Made

MADE = Made(
    ("v1", "run-1", 7),
    LastMade(
        provenance=Provenance(code={"m:f": "c0de"}, seconds=0.5),
        at=12.5,
        run_id="run-1",
        data_version="v1",
        storage_id=7,
        is_stored=False,
        retold=Retold(made_by="run-0", accepted_at=13.5),
    ),
)
SEEN = Made(("v2", None, 8), None)


@asset
def one() -> int:
    return 1


@asset
def two(one: int) -> int:
    return one + 1


@pytest.fixture
def home(tmp_path: Path) -> str:
    """Return the home of an instance in which both assets were made and planned."""
    home = str(tmp_path / "home")
    os.mkdir(home)
    with Instance.local_temp(home) as instance:
        materialize([one, two], instance=instance)
    with Instance.local_temp(home) as instance:
        assert plan_materialization([one, two], instance=instance).is_current
    return home


def make_unreadable(home: str) -> None:
    """Make the entries of what was made unreadable, so that whoever reads them cannot but tell."""
    with sqlite3.connect(os.path.join(home, "orrery.db")) as connection:
        changed = connection.execute("update events set body = '[2' where kind = 'ASSET_MATERIALIZATION'").rowcount
    assert changed == 2


def test_a_later_process_does_not_read_the_entries_again(home: str) -> None:
    make_unreadable(home)
    with Instance.local_temp(home) as instance:
        assert plan_materialization([one, two], instance=instance).is_current
    os.unlink(os.path.join(home, "known_entries"))
    with Instance.local_temp(home) as instance, pytest.raises(StorageError, match="cannot be read"):
        plan_materialization([one, two], instance=instance)


def test_a_plan_from_kept_entries_is_the_plan_from_the_event_log(home: str) -> None:
    plans: list[Any] = []
    for is_kept in (True, False):
        if not is_kept:
            os.unlink(os.path.join(home, "known_entries"))
        with Instance.local_temp(home) as instance:
            steps = plan_materialization([one, two], instance=instance).steps
            plans.append([(step.provenance, step.last, step.assets) for step in steps])
    assert plans[0] == plans[1]


def test_what_was_made_since_counts(home: str) -> None:
    """It is another entry, of which nothing was kept."""
    with Instance.local_temp(home) as instance:
        run_id = materialize([one, two], instance=instance).run_id
    with Instance.local_temp(home) as instance:
        last = explain(two, [one, two], instance=instance).last
        assert last is not None
        assert last.run_id == run_id


def test_what_was_wiped_is_not_remembered(home: str) -> None:
    with Instance.local_temp(home) as instance:
        instance.wipe_assets([AssetKey("two")])
    with Instance.local_temp(home) as instance:
        assert [step.assets for step in plan_materialization([one, two], instance=instance).to_run] == [("two",)]


def test_what_is_kept_comes_back_whole(tmp_path: Path) -> None:
    entries = KeptEntries(str(tmp_path / "known"))
    entries.note(7, 12.25, MADE)
    entries.note(8, None, SEEN)
    entries.save()
    later = KeptEntries(str(tmp_path / "known"))
    assert later.find(7, 12.25, "v1") == MADE
    assert later.find(7, 12.25, None) == MADE
    assert later.find(8, None, "v2") == SEEN


@pytest.mark.parametrize(
    ("number", "at", "version"), [(7, 12.5, "v1"), (7, None, "v1"), (7, 12.25, "v2"), (8, 12.25, "v1")]
)
def test_another_entry_is_not_taken_for_it(tmp_path: Path, number: int, at: float | None, version: str) -> None:
    """Another number, instant or data version: of another event log, say, that was put into the same home."""
    entries = KeptEntries(str(tmp_path / "known"))
    entries.note(7, 12.25, MADE)
    entries.save()
    assert KeptEntries(str(tmp_path / "known")).find(number, at, version) is None


def test_few_new_ones_are_not_worth_writing_all_again(tmp_path: Path) -> None:
    path = tmp_path / "known"
    entries = KeptEntries(str(path))
    for number in range(100):
        entries.note(number, 1.0, MADE)
    entries.save()
    before = path.read_bytes()
    later = KeptEntries(str(path))
    for number in range(100):
        assert later.find(number, 1.0, None) is not None
    later.note(100, 1.0, MADE)
    later.save()
    assert path.read_bytes() == before
    for number in range(101, 120):
        later.note(number, 1.0, MADE)
    later.save()
    assert KeptEntries(str(path)).find(100, 1.0, None) is not None


def test_nothing_is_kept_of_an_instance_that_does_not_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Instance.ephemeral() as instance:
        materialize([one], instance=instance)
        plan_materialization([one], instance=instance)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["flip", "cut", "foreign"])
def test_a_damaged_table_is_none(home: str, damage: str) -> None:
    path = Path(home, "known_entries")
    whole = path.read_bytes()
    broken = {"flip": whole.replace(b"two", b"tow"), "cut": whole[:-3], "foreign": b"x" * 99}[damage]
    assert broken != whole
    path.write_bytes(broken)
    with Instance.local_temp(home) as instance:
        assert plan_materialization([one, two], instance=instance).is_current
    assert path.read_bytes() == whole
