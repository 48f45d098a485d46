"""
What every storage of backfills must do.
"""

from __future__ import annotations

import threading

import msgspec

from orrery.base.keys import AssetKey
from orrery.model.records.backfill import Backfill, BackfillRun, BackfillRunState, BackfillStatus, BackfillTarget
from orrery.runtime.ports.backfills import BackfillStorage

__all__ = ["BackfillsSuite"]

ODD = "x' OR '1'='1 \\ \U0001f600 | .."


def _run(number: int, **fields: object) -> BackfillRun:
    given = {"number": number, "run_id": f"run-{number}", "asset_keys": (AssetKey("a"),), **fields}
    return BackfillRun(**given)  # type: ignore[arg-type]  # the fields of the case


class BackfillsSuite:
    """Subclass it with a fixture ``storage`` that gives an empty storage and disposes of it."""

    def test_a_backfill_comes_back_equal(self, storage: BackfillStorage) -> None:
        """With everything that was asked for, whatever the keys are."""
        backfill = Backfill(
            backfill_id="one",
            selection=ODD,
            targets=(
                BackfillTarget(asset_key=AssetKey(["a", ODD]), partitions=ODD, partitions_id="id", size=3),
                BackfillTarget(asset_key=AssetKey("whole")),
            ),
            tags={"team": ODD},
            run_config={"ops": {"a": {"config": [1, 2.5, None]}}},
            max_concurrent=3,
            created=12.5,
        )
        storage.add_backfill(backfill)
        assert storage.get_backfill("one") == backfill
        assert storage.get_backfill("two") is None

    def test_backfills_are_listed_newest_first(self, storage: BackfillStorage) -> None:
        """By pages and by how they stand."""
        for name in ("one", "two", "three"):
            status = BackfillStatus.CANCELED if name == "two" else BackfillStatus.STARTED
            storage.add_backfill(Backfill(backfill_id=name, status=status))

        def ids(**wanted: object) -> list[str]:
            return [each.backfill_id for each in storage.get_backfills(**wanted)]  # type: ignore[arg-type]  # as above

        assert ids() == ["three", "two", "one"]
        assert ids(limit=2) == ["three", "two"]
        assert ids(cursor="two") == ["one"]
        assert ids(statuses=[BackfillStatus.STARTED]) == ["three", "one"]

    def test_a_change_takes_the_place_of_what_was(self, storage: BackfillStorage) -> None:
        """And is found by its new status."""
        storage.add_backfill(Backfill(backfill_id="one"))
        changed = storage.change_backfill(
            "one", lambda each: msgspec.structs.replace(each, status=BackfillStatus.SUCCESS, ended=3.0)
        )
        assert changed is not None
        assert storage.get_backfill("one") == changed
        assert changed.ended == 3.0
        assert storage.get_backfills([BackfillStatus.SUCCESS]) == [changed]
        assert storage.change_backfill("two", lambda each: each) is None

    def test_changes_at_once_are_all_made(self, storage: BackfillStorage) -> None:
        """Nobody reads between the reading and the writing of another."""
        storage.add_backfill(Backfill(backfill_id="one"))

        def change() -> None:
            for _ in range(10):
                storage.change_backfill(
                    "one", lambda each: msgspec.structs.replace(each, max_concurrent=each.max_concurrent + 1)
                )

        threads = [threading.Thread(target=change) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = storage.get_backfill("one")
        assert found is not None
        assert found.max_concurrent == 41

    def test_runs_come_back_by_number(self, storage: BackfillStorage) -> None:
        """Each number once, as it was put last; those of another backfill apart."""
        for name in ("one", "two"):
            storage.add_backfill(Backfill(backfill_id=name))
        first, second = _run(0, start=ODD, end=ODD), _run(1)
        storage.put_backfill_runs("one", [second, first])
        storage.put_backfill_runs("two", [_run(0)])
        ended = msgspec.structs.replace(
            first, state=BackfillRunState.FAILURE, made=((AssetKey("a"), (ODD, "")),), run_id="other"
        )
        storage.put_backfill_runs("one", [ended])
        storage.put_backfill_runs("one", [])
        assert storage.get_backfill_runs("one") == [ended, second]
        assert storage.get_backfill_runs("three") == []
