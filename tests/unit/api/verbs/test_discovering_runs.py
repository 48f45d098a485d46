"""A run that finds its partitions on the way: keys added by one asset are made by those below it, in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import orrery as og
from orrery.plan.discovering import has_kept_keys
from orrery.runtime.instance import AssetPartitionStatus, Instance

CITIES = og.DynamicPartitionsDefinition(name="cities")
FOUND: list[str] = []
BAD: set[str] = set()
CALLS: list[Any] = []


@og.asset
def cities() -> og.AddDynamicPartitionsRequest:
    return CITIES.build_add_request(FOUND)


@og.asset(partitions_def=CITIES, deps=[cities])
def weather(context: og.AssetExecutionContext) -> str:
    CALLS.append(context.partition_key)
    if context.partition_key in BAD:
        raise ValueError(f"no weather over {context.partition_key}")
    return f"sun over {context.partition_key}"


@og.asset(partitions_def=CITIES, backfill_policy=og.BackfillPolicy.single_run())
def forecast(context: og.AssetExecutionContext, weather: dict[str, str]) -> dict[str, str]:
    CALLS.append(list(context.partition_keys))
    return {city: f"{weather[city]} tomorrow" for city in context.partition_keys}


@og.asset
def guide(weather: dict[str, str]) -> list[str]:
    return sorted(weather)


def job_in_workers() -> Any:
    first = og.asset(name="cities")(lambda: CITIES.build_add_request(["oslo", "rome"]))
    return og.Definitions(
        assets=[first, weather, forecast, guide],
        jobs=[og.define_asset_job("all", executor_def=og.multiprocess_executor)],
    ).get_job_def("all")


@pytest.fixture(params=["in memory", "on disk"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Instance]:
    FOUND[:] = ["oslo", "../rome|1"]
    BAD.clear()
    CALLS.clear()
    made = Instance.ephemeral() if request.param == "in memory" else Instance.local_temp(str(tmp_path))
    with made:
        yield made


def messages(result: Any, kind: str) -> list[str]:
    return [event.message for event in result.all_events if event.event_type_value == kind]


def test_what_is_found_is_made_in_the_same_run(instance: Instance) -> None:
    """One call for each partition, or one for all, as the backfill policy says; what needs all comes after."""
    result = og.materialize([cities, weather, forecast, guide], instance=instance)
    assert CALLS == ["oslo", "../rome|1", ["oslo", "../rome|1"]]
    assert result.asset_value("guide") == ["../rome|1", "oslo"]
    assert result.output_for_node("weather") == {"oslo": "sun over oslo", "../rome|1": "sun over ../rome|1"}
    defs = og.Definitions(assets=[cities, weather, forecast])
    if not instance.is_ephemeral:
        assert defs.load_asset_value("forecast", instance=instance, partition_key="oslo") == "sun over oslo tomorrow"
    for name in ("weather", "forecast"):
        made = instance.fetch_materializations(og.AssetKey(name), limit=9).records
        assert sorted(record.partition_key or "" for record in made) == ["../rome|1", "oslo"]


def test_only_what_was_never_made_is_made_again_with_a_new_key(instance: Instance) -> None:
    og.materialize([cities, weather], instance=instance)
    CALLS.clear()
    nothing = og.materialize([cities, weather, guide], instance=instance)
    assert CALLS == []
    assert ["no partition of it is missing" in each for each in messages(nothing, "STEP_SKIPPED")] == [True]
    FOUND.append("lima")
    more = og.materialize([cities, weather, guide], instance=instance)
    assert CALLS == ["lima"]
    assert more.asset_value("guide") == ["../rome|1", "lima", "oslo"]


def test_one_that_fails_leaves_the_others_and_is_made_by_the_next_run(instance: Instance) -> None:
    BAD.add("oslo")
    failed = og.materialize([cities, weather, guide], instance=instance, raise_on_error=False)
    assert not failed.success
    assert CALLS == ["oslo", "../rome|1"]
    status = instance.get_status_by_partition(og.AssetKey("weather"), FOUND, CITIES)
    assert status == {"oslo": AssetPartitionStatus.FAILED, "../rome|1": AssetPartitionStatus.MATERIALIZED}
    assert any("Partition 'oslo' failed: no weather over oslo" in line for line in logged(instance, failed.run_id))
    BAD.clear()
    CALLS.clear()
    assert og.materialize([cities, weather, guide], instance=instance).success
    assert CALLS == ["oslo"]


def logged(instance: Instance, run_id: str) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run_id)]


def test_a_retry_makes_what_is_still_missing(instance: Instance) -> None:
    tries: list[str] = []

    @og.asset(partitions_def=CITIES, deps=[cities], retry_policy=og.RetryPolicy(max_retries=1))
    def shaky(context: og.AssetExecutionContext) -> None:
        tries.append(context.partition_key)
        if tries.count("oslo") < 2 and context.partition_key == "oslo":
            raise ValueError("the first time")

    assert og.materialize([cities, shaky], instance=instance).success
    assert tries == ["oslo", "../rome|1", "oslo"]


def test_a_run_that_is_repeated_from_its_failure_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    FOUND[:] = ["oslo", "rome"]
    CALLS.clear()
    BAD.update(["oslo"])
    job = og.Definitions(assets=[cities, weather, guide]).get_implicit_global_asset_job_def()
    with Instance.local_temp(str(tmp_path)) as instance:
        failed = og.execute_job(job, instance)
        BAD.clear()
        CALLS.clear()
        again = og.execute_job(
            job, instance, reexecution_options=og.ReexecutionOptions.from_failure(failed.run_id, instance)
        )
        assert again.success
        assert CALLS == ["oslo"]


def test_several_dimensions_and_requests_that_are_yielded(instance: Instance) -> None:
    grid = og.MultiPartitionsDefinition({"city": CITIES, "half": og.StaticPartitionsDefinition(["am", "pm"])})

    @og.asset
    def finder() -> Iterator[Any]:
        yield CITIES.build_add_request(["bern", "kiev"])
        yield CITIES.build_delete_request(["kiev"])
        yield og.Output(None)

    @og.asset(partitions_def=grid, deps=[finder])
    def halves(context: og.AssetExecutionContext) -> None:
        CALLS.append(context.partition_key.keys_by_dimension)

    assert og.materialize([finder, halves], instance=instance).success
    assert CALLS == [{"city": "bern", "half": "am"}, {"city": "bern", "half": "pm"}]
    assert instance.get_materialized_partitions(og.AssetKey("halves")) == {"bern|am", "bern|pm"}


def test_workers_of_a_run_find_the_same(tmp_path: Path) -> None:
    """The keys are found again in the process that makes them."""
    FOUND[:] = ["oslo", "rome"]
    defs = og.Definitions(assets=[cities, weather, forecast, guide])
    with Instance.local_temp(str(tmp_path)) as instance:
        assert og.execute_job(og.reconstructable(job_in_workers), instance, raise_on_error=True).success
        assert instance.get_materialized_partitions(og.AssetKey("forecast")) == {"oslo", "rome"}
        assert defs.load_asset_value("guide", instance=instance) == ["oslo", "rome"]


def test_a_run_of_a_partition_makes_that_one(instance: Instance) -> None:
    instance.add_dynamic_partitions("cities", ["oslo", "rome"])
    og.materialize([weather], partition_key="rome", instance=instance)
    assert CALLS == ["rome"]


def test_without_an_asset_that_may_find_them_a_partition_has_to_be_named(instance: Instance) -> None:
    instance.add_dynamic_partitions("cities", ["oslo"])
    result = og.materialize([weather], instance=instance, raise_on_error=False)
    assert not result.success
    assert CALLS == []


def test_found_partitions_with_others_between_are_no_range(instance: Instance) -> None:
    @og.asset(partitions_def=CITIES, deps=[cities], backfill_policy=og.BackfillPolicy.single_run())
    def ranged(context: og.AssetExecutionContext) -> None:
        CALLS.append(tuple(context.partition_key_range))

    FOUND[:] = ["a", "b", "c"]
    instance.add_dynamic_partitions("cities", FOUND)
    og.materialize([ranged], partition_key="b", instance=instance)
    with pytest.raises(og.InvariantViolationError, match="are no range"):
        og.materialize([cities, ranged], instance=instance)
    FOUND[:] = ["d", "e"]
    for key in ("a", "c"):
        og.materialize([ranged], partition_key=key, instance=instance)
    assert og.materialize([cities, ranged], instance=instance).success
    assert CALLS[-1] == ("d", "e")


def test_only_keys_of_an_instance_can_be_found() -> None:
    assert has_kept_keys(CITIES)
    assert not has_kept_keys(og.StaticPartitionsDefinition(["a"]))
    assert not has_kept_keys(None)


def test_a_plan_tells_what_may_be_found(instance: Instance) -> None:
    def planned() -> dict[str, tuple[str, bool]]:
        found = og.plan_materialization([cities, weather], instance=instance)
        return {step.step_key: (step.decision.action, step.decision.is_certain) for step in found.steps}

    instance.add_dynamic_partitions("cities", ["oslo"])
    assert planned()["weather"] == ("run", True)
    og.materialize([weather], partition_key="oslo", instance=instance)
    assert planned() == {"cities": ("run", True), "weather": ("run", False)}
    FOUND[:] = ["oslo"]
    og.materialize([cities, weather], instance=instance)
    assert planned()["weather"] == ("skip", True)
