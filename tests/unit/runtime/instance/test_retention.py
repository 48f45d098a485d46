"""Records are kept as long as the settings say, by whoever passes by."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orrery import Instance, asset, materialize
from orrery.base.errors import StorageError
from orrery.model.records.run import Run, RunStatus
from orrery.model.records.upkeep import Sweep
from orrery.testing.conformance.samples import JOB, line


@asset
def thing() -> int:
    return 1


def fill(where: dict[str, Any]) -> None:
    with Instance.local_temp(**where) as instance:
        instance.add_run(Run(job_name=JOB, run_id="old", status=RunStatus.SUCCESS))
        instance.store_entries([line("long ago", "old", at=1.0) for _ in range(3)])


def lines(instance: Instance) -> int:
    return len(instance.all_logs("old"))


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Name a home, and settings that say where its records are."""
    settings = {}
    if request.param == "postgresql":
        settings = {"storage": {"url": request.getfixturevalue("postgres_url")}}
    return {"tempdir": str(tmp_path), "overrides": settings}


def kept(where: dict[str, Any], **retention: Any) -> dict[str, Any]:
    return {**where, "overrides": {**where["overrides"], "retention": retention}}


def test_whoever_opens_deletes_what_is_kept_no_longer(where: dict[str, Any]) -> None:
    """And nobody does so without the settings, or where they say no."""
    fill(where)
    for such in (where, kept(where, automatic=False), kept(where, log_lines="forever")):
        with Instance.local_temp(**such) as instance:
            assert lines(instance) == 3
            instance.runs.set_cursor_values({"retention/sweep": msgspec.json.encode(Sweep(began=0.0)).decode()})
    with Instance.local_temp(**kept(where, log_lines=30)) as instance:
        assert lines(instance) == 0


def test_the_end_of_a_run_does_so_once_an_hour(where: dict[str, Any]) -> None:
    """The latest of the asset stays, whatever the settings keep."""
    with Instance.local_temp(**kept(where, log_lines=30, materializations=0, steps=0, runs=0)) as instance:
        fill(where)
        run = materialize([thing], instance=instance)
        assert lines(instance) == 3
        instance.runs.set_cursor_values({"retention/sweep": msgspec.json.encode(Sweep(began=0.0)).decode()})
        materialize([thing], instance=instance)
        assert lines(instance) == 0
        assert {entry.get_dagster_event().event_type_value for entry in instance.all_logs(run.run_id)} <= {
            "ASSET_MATERIALIZATION_PLANNED"
        }
        assert instance.get_latest_materialization_event(thing.key) is not None


def test_a_wrong_setting_is_told_at_opening(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="retention: log_line"):
        Instance.local_temp(str(tmp_path), overrides={"retention": {"log_line": 3}})


def test_records_that_cannot_be_written_now_are_left_to_the_next(tmp_path: Path) -> None:
    """A warning says so; opening and runs go on."""
    where: dict[str, Any] = {"tempdir": str(tmp_path), "overrides": {"storage": {"wait_seconds": 0.1}}}
    fill(where)
    other = sqlite3.connect(tmp_path / "orrery.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.warns(UserWarning, match="were not deleted: The database .* was locked"):
        instance = Instance.local_temp(**kept(where, log_lines=30))
    other.execute("COMMIT")
    other.close()
    assert instance.keep_retention() is not None
    assert lines(instance) == 0
    instance.dispose()
