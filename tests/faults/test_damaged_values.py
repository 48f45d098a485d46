"""A stored value that is damaged after it was decided to use it is made again, in the same run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.faults.damaged_assets import awaited, between, plain, source

from orrery import (
    CachedIOManager,
    CachePolicy,
    DamagedValueError,
    Definitions,
    Instance,
    IOManager,
    StaticPartitionsDefinition,
    asset,
    execute_job,
    materialize,
    plan_materialization,
)
from orrery.api.verbs.reconstruct import build_reconstructable_job
from orrery.model.events.event import EventType

HERE = str(Path(__file__).parent)
TRUSTING = CachePolicy(verify="none")
ALL_LETTERS = {"orrery/asset_partition_range_start": "x", "orrery/asset_partition_range_end": "z"}
TOLD = {"STEP_START", "STEP_RESTARTED", "STEP_UP_FOR_RETRY", "STEP_FAILURE", "STEP_SUCCESS", "STEP_SKIPPED"}

EXECUTORS: list[tuple[str, dict[str, Any]]] = [
    ("orrery:in_process_executor", {}),
    ("orrery:in_process_executor", {"threads": 2}),
    ("orrery:multiprocess_executor", {"max_concurrent": 2}),
    ("orrery:dask_executor", {"cluster": "dask_cluster"}),
    ("orrery:ray_executor", {"cluster": "ray_cluster"}),
]

Damage = Callable[[Path], None]


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def shorter(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-2] ^= 0xFF
    path.write_bytes(bytes(data))


def gone(path: Path) -> None:
    path.unlink()


def story(result: Any, step: str) -> list[str]:
    """Return what happened to a step, in order."""
    return [e.event_type_value for e in result.all_events if e.step_key == step and e.event_type_value in TOLD]


def stored(instance: Instance, name: str) -> Path:
    """Return the file of an asset, or of the partition of one."""
    return Path(instance.storage_directory()) / f"{name}.pickle"


def planned(instance: Instance, result: Any) -> list[str]:
    """Return the assets that a run said it was going to make."""
    entries = instance.all_logs(result.run_id, of_type={EventType.ASSET_MATERIALIZATION_PLANNED})
    return [each.dagster_event.event_specific_data.asset_key.to_user_string() for each in entries]


def skipped(result: Any) -> list[str | None]:
    return [event.step_key for event in result.all_events if event.is_step_skipped]


@asset
def base() -> list[int]:
    return [1, 2, 3]


@asset
def total(base: list[int]) -> int:
    return sum(base)


@pytest.mark.parametrize("damage", [garbage, shorter, altered, gone])
def test_a_value_that_is_damaged_is_made_again_and_the_step_that_wanted_it_tried_again(damage: Damage) -> None:
    """The producer had been skipped; the run succeeds, and the next one finds all current."""
    with Instance.local_temp() as instance:
        materialize([base, total], instance=instance)
        damage(stored(instance, "base"))
        result = materialize([base, total], instance=instance, reuse=TRUSTING, force="total")
        assert result.success
        assert result.output_for_node("total") == 6
        assert story(result, "base") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        assert story(result, "total") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
        assert sorted(planned(instance, result)) == ["base", "total"]
        retry = next(event for event in result.all_events if event.is_step_up_for_retry)
        assert retry.event_specific_data.made_again == ("base",)
        lines = [record.event_log_entry for record in instance.get_records_for_run(result.run_id).records]
        assert any("base" in each.user_message and "It is made again" in each.user_message for each in lines)
        after = materialize([base, total], instance=instance, reuse=TRUSTING)
        assert skipped(after) == ["base", "total"]
        assert planned(instance, after) == []


@pytest.mark.parametrize(
    ("executor", "config"), EXECUTORS, ids=["in process", "threads", "multiprocess", "dask", "ray"]
)
def test_on_each_executor_producers_of_producers_are_made_again_once_for_all_who_want_them(
    executor: str, config: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Two steps find a value damaged, and its own input is damaged, too; no retry of the user's is used up by that."""
    if "cluster" in config:
        config = {"cluster": {"existing": {"address": request.getfixturevalue(config["cluster"])}}}
    made = build_reconstructable_job("damaged_assets", "make", (executor, config), reconstructor_working_directory=HERE)
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert execute_job(made, instance).success
        garbage(stored(instance, "middle"))
        gone(stored(instance, "base"))
        result = execute_job(made, instance)
        assert result.success
        assert story(result, "base") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        again = ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
        assert story(result, "middle") == ["STEP_SKIPPED", *again]
        own = ["STEP_UP_FOR_RETRY", "STEP_RESTARTED", "STEP_SUCCESS"]
        found = [again, again[2:]]  # whoever came when the value had been made again has nothing to find
        assert story(result, "one") in found
        assert story(result, "two") in [["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", *own], ["STEP_START", *own]]
        assert "STEP_UP_FOR_RETRY" in story(result, "one") or len(story(result, "two")) == 6


@pytest.mark.parametrize(
    ("executor", "config"), EXECUTORS, ids=["in process", "threads", "multiprocess", "dask", "ray"]
)
@pytest.mark.parametrize("tags", [{"orrery/partition": "y"}, ALL_LETTERS], ids=["one partition", "a range"])
def test_on_each_executor_partitions_are_made_again_by_plain_and_async_steps(
    tags: dict[str, str], executor: str, config: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Both the asynchronous producer, and the plain one after it, whose values plain and asynchronous steps want."""
    if "cluster" in config:
        config = {"cluster": {"existing": {"address": request.getfixturevalue(config["cluster"])}}}
    arguments = (executor, config)
    made = build_reconstructable_job(
        "damaged_assets", "make_partitioned", arguments, reconstructor_working_directory=HERE
    )
    letters = ["y"] if len(tags) == 1 else ["x", "y", "z"]
    with Instance.local_temp(str(tmp_path / "home")) as instance:
        assert execute_job(made, instance, tags=tags).success
        garbage(stored(instance, "between/partition=y"))
        gone(stored(instance, "source/partition=y"))
        result = execute_job(made, instance, tags=tags)
        assert result.success
        assert story(result, "source") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        again = ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_SUCCESS"]
        assert story(result, "between") == ["STEP_SKIPPED", *again]
        stories = [story(result, "plain"), story(result, "awaited")]
        assert again in stories
        assert all(each in (again, again[2:]) for each in stories)
        found = [e.event_specific_data.asset_observation for e in result.all_events if e.is_asset_observation]
        assert {(each.asset_key.to_user_string(), each.partition) for each in found} == {
            ("between", "y"),
            ("source", "y"),
        }
        defs = Definitions([source, between, plain, awaited])
        for name, sign in (("plain", "!"), ("awaited", "?")):
            values = {each: defs.load_asset_value(name, instance=instance, partition_key=each) for each in letters}
            assert values == {each: f"{each * 2}{sign}" for each in letters}


def test_a_value_of_a_step_outside_of_the_run_is_recorded_and_made_again_by_the_next() -> None:
    """The error says what mends it; neither the plan nor the run looks at the value."""
    with Instance.local_temp() as instance:
        materialize([base, total], instance=instance)
        garbage(stored(instance, "base"))
        failed = materialize([base, total], selection="total", instance=instance, raise_on_error=False)
        assert not failed.success
        told = next(event for event in failed.all_events if event.is_step_failure).step_failure_data.error.message
        assert "asset 'base'" in told
        assert str(stored(instance, "base")) in told
        assert "orrery materialize base --reuse" in told
        step = plan_materialization([base, total], instance=instance).steps[0]
        assert step.decision.action == "run"
        assert "is damaged: it does not begin as a value that Orrery wrote" in step.decision.told  # as is seen now
        trusted = plan_materialization([base, total], instance=instance, reuse=TRUSTING).steps[0]
        assert trusted.decision.told.endswith(f"(found by run {failed.run_id[:8]})")
        assert skipped(materialize([base, total], instance=instance, reuse=TRUSTING)) == ["total"]
        assert skipped(materialize([base, total], instance=instance, reuse=True)) == ["base", "total"]


def test_a_value_that_was_put_back_is_current_where_its_digest_is_looked_at() -> None:
    """What is seen now says more than what was found once."""
    with Instance.local_temp() as instance:
        materialize([base, total], instance=instance)
        good = stored(instance, "base").read_bytes()
        garbage(stored(instance, "base"))
        materialize([base, total], selection="total", instance=instance, raise_on_error=False)
        stored(instance, "base").write_bytes(good)
        assert skipped(materialize([base], instance=instance, reuse=CachePolicy(verify="digest"))) == ["base"]
        assert skipped(materialize([base], instance=instance, reuse=True)) == []


def test_of_partitions_the_damaged_one_is_made_again_and_no_other() -> None:
    """A step that takes all of them names the one that it could not load."""
    letters = StaticPartitionsDefinition(["x", "y", "z"])

    @asset(partitions_def=letters)
    def part(context: Any) -> str:
        return str(context.partition_key)

    @asset
    def whole(part: dict[str, str]) -> str:
        return "".join(part.values())

    @asset(partitions_def=letters)
    def double(part: str) -> str:
        return part * 2

    def run(assets: list[Any], **options: Any) -> Any:
        return materialize(assets, instance=instance, raise_on_error=False, **options)

    with Instance.local_temp() as instance:
        for letter in "xyz":
            run([part, double], partition_key=letter)
        garbage(stored(instance, "part/partition=y"))
        assert not run([part, whole], selection="whole").success
        assert [skipped(run([part], partition_key=each, reuse=TRUSTING)) for each in "xyz"] == [["part"], [], ["part"]]
        assert run([part, whole], selection="whole").success
        gone(stored(instance, "part/partition=z"))
        result = run([part, double], partition_key="z", reuse=TRUSTING, force="double")
        assert result.success
        assert story(result, "part") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        assert result.output_for_node("double") == "zz"


def test_a_value_that_is_damaged_again_when_it_was_just_made_is_an_error() -> None:
    """The run does not go round in circles."""

    class Bad(IOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            return None

        def load_input(self, context: Any) -> Any:
            raise DamagedValueError("The value is damaged.")

    with Instance.local_temp() as instance:
        manager = {"io_manager": Bad()}
        materialize([base], instance=instance, resources=manager)
        result = materialize([base, total], instance=instance, resources=manager, reuse=True, raise_on_error=False)
        assert not result.success
        assert story(result, "base") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
        assert story(result, "total") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_START", "STEP_FAILURE"]


def test_where_making_it_again_fails_what_wanted_it_is_not_executed() -> None:
    """The failure is that of the step that makes it."""
    broken: list[str] = []

    def fetched() -> int:
        if broken:
            raise ValueError("no")
        return 1

    @asset(code_version="1")
    def fetch() -> int:
        return fetched()

    @asset(code_version="1")
    def after(fetch: int) -> int:
        return fetch

    with Instance.local_temp() as instance:
        materialize([fetch, after], instance=instance)
        gone(stored(instance, "fetch"))
        broken.append("now")
        result = materialize([fetch, after], instance=instance, reuse=TRUSTING, force="after", raise_on_error=False)
        assert not result.success
        assert story(result, "fetch") == ["STEP_SKIPPED", "STEP_START", "STEP_FAILURE"]
        assert story(result, "after") == ["STEP_START", "STEP_UP_FOR_RETRY", "STEP_SKIPPED"]


@pytest.mark.parametrize("damage", [garbage, gone])
def test_a_value_in_the_remote_place_of_a_cache_is_made_again(damage: Damage, tmp_path: Path) -> None:
    """The copy here is gone, and the bytes there are not what was written."""
    with Instance.local_temp() as instance:
        manager = {"io_manager": CachedIOManager(str(tmp_path / "remote"), local=str(tmp_path / "local"))}
        materialize([base, total], instance=instance, resources=manager)
        shutil.rmtree(tmp_path / "local")
        for blob in (tmp_path / "remote" / "blobs").rglob("*"):
            if blob.is_file():
                damage(blob)
        result = materialize([base, total], instance=instance, resources=manager, reuse=TRUSTING, force="total")
        assert result.output_for_node("total") == 6
        assert story(result, "base") == ["STEP_SKIPPED", "STEP_START", "STEP_SUCCESS"]
