"""Two runs of one event log that make the same assets at once: what was taken, what is stored, and who says so."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from orrery import (
    AssetExecutionContext,
    BlobIOManager,
    CachedIOManager,
    CachePolicy,
    Definitions,
    DeltaLakeIOManager,
    DuckDBIOManager,
    FilesystemIOManager,
    Instance,
    IOManager,
    MaterializeResult,
    ParquetIOManager,
    StaticPartitionsDefinition,
    asset,
    define_asset_job,
    execute_job,
    in_process_executor,
    materialize,
    plan_materialization,
)
from orrery.adapters.io.formats import dump_pickle

TABLES = {
    "parquet": ParquetIOManager,
    "duckdb": lambda folder: DuckDBIOManager(f"{folder}/db"),
    "delta": DeltaLakeIOManager,
}
STORES = {
    "pickles": lambda folder: FilesystemIOManager(base_dir=str(folder)),
    "blobs": lambda folder: BlobIOManager(str(folder)),
    "copies": lambda folder: CachedIOManager(FilesystemIOManager(base_dir=f"{folder}/remote"), local=f"{folder}/local"),
    "silent": lambda folder: Silent(folder),
    **TABLES,
}
CITIES = StaticPartitionsDefinition(["oslo", "rome"])


class Silent(IOManager):
    """Says nothing of what it has stored or loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stored: Callable[[], Any] | None = None

    def path(self, context: Any) -> Path:
        return self.folder / "_".join(context.get_asset_identifier())

    def handle_output(self, context: Any, obj: Any) -> None:
        self.path(context).write_bytes(pickle.dumps(obj))
        stored, self.stored = self.stored, None
        if stored is not None:
            stored()

    def load_input(self, context: Any) -> Any:
        return pickle.loads(self.path(context).read_bytes())


class Project:
    """``up``, ``between``, during which something else may happen, and ``late``, which takes ``up``."""

    def __init__(self, instance: Instance, kind: str, folder: Path, how: str = "loads") -> None:
        self.instance = instance
        self.kind = kind
        self.manager: Any = STORES[kind](folder)
        self.meanwhile: Callable[[], Any] | None = None
        self.partitions: str | None = None
        cut: dict[str, Any] = {"partitions_def": CITIES} if how == "partitions" else {}

        @asset(config_schema={"said": str}, code_version="1", **cut)
        def up(context: AssetExecutionContext) -> Any:
            said = context.op_config["said"]
            if how == "stores by itself":
                (folder / "up").write_bytes(pickle.dumps(said))
                return MaterializeResult()
            return pl.DataFrame({"said": [said]}) if kind in TABLES else said

        @asset(deps=[up], cache=CachePolicy(always=True), **cut)
        def between() -> Any:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            return pl.DataFrame({"n": [0]}) if kind in TABLES else 0

        if how in ("reads by itself", "stores by itself"):

            @asset(code_version="1", deps=[between, up])
            def late() -> Any:
                return pickle.loads((folder / "up").read_bytes())
        else:

            @asset(code_version="1", deps=[between], **cut)
            def late(up: Any) -> Any:
                return up

        self.assets: list[Any] = [up, between, late]

    def run(self, said: str, selection: str = "*", **options: Any) -> list[str]:
        """Run with a config, reusing what is current, and return what ran; ``between`` always does."""
        result = materialize(
            self.assets,
            instance=self.instance,
            selection=selection,
            resources={"io_manager": self.manager},
            run_config={"ops": {"up": {"config": {"said": said}}} if selection != "late" else {}},
            on_event=lambda entry: None,
            **{"reuse": True, **options},
        )
        self.result = result
        steps = [each.step_key for each in result.all_events if each.event_type_value == "STEP_START"]
        return [each for each in steps if each != "between"]

    def late(self) -> str:
        value = self.result.output_for_node("late")
        return str(value["said"][0]) if self.kind in TABLES else str(value)


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.local_temp() as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "how"),
    [*((kind, "loads") for kind in STORES), ("silent", "reads by itself"), ("silent", "stores by itself")],
)
@pytest.mark.parametrize("reuse", [True, False])
def test_what_is_made_of_the_value_of_the_other_is_current_for_neither(
    kind: str, how: str, reuse: bool, instance: Instance, tmp_path: Path
) -> None:
    project = Project(instance, kind, tmp_path, how)
    project.meanwhile = lambda: project.run("two", "up")
    project.run("one", reuse=reuse)
    assert project.late() == "two"
    assert project.run("one") == ["up", "late"]
    assert project.late() == "one"
    assert project.run("one") == []


@pytest.mark.parametrize("kind", STORES)
def test_where_both_store_the_same_nothing_more_runs(kind: str, instance: Instance, tmp_path: Path) -> None:
    project = Project(instance, kind, tmp_path)
    project.meanwhile = lambda: project.run("one", "up", force=True)
    project.run("one")
    assert "late" not in project.run("one")


def test_what_no_run_has_recorded_is_not_taken_for_what_was_stored(instance: Instance, tmp_path: Path) -> None:
    """So it is where the other run is killed before it records what it stored."""
    project = Project(instance, "pickles", tmp_path)

    def store_elsewhere() -> None:
        with Instance.local_temp(str(tmp_path / "elsewhere")) as other:
            there = Project(other, "pickles", tmp_path)
            there.manager = FilesystemIOManager(base_dir=str(tmp_path), allow_unsigned=True)
            there.run("two", "up")

    project.manager = FilesystemIOManager(base_dir=str(tmp_path), allow_unsigned=True)
    project.meanwhile = store_elsewhere
    project.run("one")
    assert project.late() == "two"
    assert project.run("one") == ["up", "late"]
    assert project.late() == "one"


@pytest.mark.parametrize("what", ["stored by another", "gone"])
def test_where_steps_are_not_tried_again_the_next_run_makes_what_was_skipped(
    what: str, instance: Instance, tmp_path: Path
) -> None:
    """Something happens to a value after its step was skipped, and retries are turned off."""
    project = Project(instance, "pickles", tmp_path)
    project.manager = FilesystemIOManager(base_dir=str(tmp_path), allow_unsigned=True)
    project.run("one", "up")
    stored = tmp_path / "up.pickle"
    project.meanwhile = stored.unlink if what == "gone" else lambda: dump_pickle(str(stored), "two", what=str)
    job = Definitions(
        project.assets,
        jobs=[define_asset_job("all", cache=CachePolicy())],
        resources={"io_manager": project.manager},
        executor=in_process_executor,
    ).get_job_def("all")
    config = {
        "ops": {"up": {"config": {"said": "one"}}},
        "execution": {"config": {"retries": {"disabled": {}}}},
    }
    with execute_job(job, instance, config) as result:
        assert not result.success
        assert next(each.step_key for each in result.all_events if each.is_step_skipped) == "up"
    assert project.run("one") == ["up", "late"]
    assert project.late() == "one"
    assert project.run("one") == []


def test_a_value_is_made_again_that_was_stored_first_and_recorded_last(instance: Instance, tmp_path: Path) -> None:
    project = Project(instance, "silent", tmp_path)
    project.manager.stored = lambda: project.run("two", "up")
    project.run("one", "up")
    assert (tmp_path / "up").read_bytes() == pickle.dumps("two")
    options = {"ops": {"up": {"config": {"said": "one"}}}}
    plan = plan_materialization(
        project.assets, instance=instance, run_config=options, resources={"io_manager": project.manager}
    )
    (told,) = [each.decision.told for each in plan.steps if each.assets == ("up",)]
    assert told.startswith("the stored value of up may be that of another run")
    project.run("one", reuse=CachePolicy(verify="digest"))
    assert project.late() == "one"
    assert project.run("one") == []


def test_what_was_stored_and_not_recorded_when_another_run_took_it_is_told_by_who_stored_it(
    instance: Instance, tmp_path: Path
) -> None:
    project = Project(instance, "silent", tmp_path)
    project.run("one", "up")
    project.manager.stored = lambda: project.run("one", "late")
    project.run("two", "up")
    project.run("one")
    assert project.late() == "one"


def test_runs_of_other_partitions_do_not_disturb_each_other(instance: Instance, tmp_path: Path) -> None:
    project = Project(instance, "silent", tmp_path, "partitions")
    project.meanwhile = lambda: project.run("two", partition_key="rome")
    project.run("one", partition_key="oslo")
    assert project.run("one", partition_key="oslo") == []
    assert project.run("two", partition_key="rome") == []


def test_of_one_partition_that_both_make_that_one_is_made_again(instance: Instance, tmp_path: Path) -> None:
    project = Project(instance, "silent", tmp_path, "partitions")
    project.meanwhile = lambda: project.run("two", "up", partition_key="oslo")
    project.run("one", partition_key="oslo")
    assert project.late() == "two"
    assert project.run("one", partition_key="oslo") == ["up", "late"]
    assert project.late() == "one"


def test_the_plan_says_what_was_taken(instance: Instance, tmp_path: Path) -> None:
    project = Project(instance, "pickles", tmp_path)
    project.meanwhile = lambda: project.run("two", "up")
    project.run("one")
    options = {"ops": {"up": {"config": {"said": "two"}}}}
    plan = plan_materialization(
        project.assets, instance=instance, run_config=options, resources={"io_manager": project.manager}
    )
    (told,) = [each.decision.told for each in plan.steps if each.assets == ("late",)]
    assert told.startswith("input up changed")
    assert "replaced in run " in told
