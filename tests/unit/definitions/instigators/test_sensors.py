"""What sensors declare, and what a tick of one wishes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import orrery as og


@og.op
def step() -> None: ...


@og.job
def work() -> None:
    step()


@og.job
def other() -> None:
    step()


@og.asset
def orders() -> int:
    return 1


@og.asset
def users() -> int:
    return 1


@pytest.fixture
def instance() -> Iterator[og.Instance]:
    with og.Instance.ephemeral() as made:
        yield made


def watching(function: Any, **arguments: Any) -> og.SensorDefinition:
    if not {"job", "jobs", "job_name", "target"} & arguments.keys():
        arguments["job"] = work
    made: og.SensorDefinition = og.sensor(**arguments)(function)
    return made


def tick(given: Any, cursor: str | None = None, **arguments: Any) -> Any:
    arguments.setdefault("name", "watch")
    return watching(lambda: given, **arguments).evaluate_tick(og.build_sensor_context(cursor=cursor))


@pytest.mark.parametrize(
    ("given", "keys", "skip"),
    [
        (og.RunRequest("k"), ["k"], None),
        ([og.RunRequest("1"), og.RunRequest("2")], ["1", "2"], None),
        (og.SkipReason("no"), [], "no"),
        (None, [], "Sensor function returned an empty result"),
        (og.SensorResult(run_requests=[og.RunRequest("k")]), ["k"], None),
        (og.SensorResult(skip_reason="no"), [], "no"),
    ],
)
def test_what_the_function_returns_is_what_a_tick_wishes(given: Any, keys: list[str], skip: str | None) -> None:
    found = tick(given, cursor="before")
    assert [each.run_key for each in found.run_requests] == keys
    assert (found.skip_message, found.cursor) == (skip, "before")


def test_requests_bear_the_name_of_the_sensor() -> None:
    assert tick(og.RunRequest(tags={"a": "b"})).run_requests[0].tags == {"a": "b", "orrery/sensor_name": "watch"}


def test_a_cursor_is_set_on_the_context_or_in_the_result_but_not_both() -> None:
    def on_context(context: og.SensorEvaluationContext) -> og.SkipReason:
        context.update_cursor("next")
        return og.SkipReason("s")

    def both(context: og.SensorEvaluationContext) -> og.SensorResult:
        context.update_cursor("next")
        return og.SensorResult(cursor="other")

    assert watching(on_context).evaluate_tick(og.build_sensor_context()).cursor == "next"
    assert tick(og.SensorResult(cursor="next")).cursor == "next"
    with pytest.raises(og.InvariantViolationError, match="cursor cannot be set"):
        watching(both).evaluate_tick(og.build_sensor_context())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (3, "unexpectedly returned output 3"),
        ([og.SkipReason("a"), og.RunRequest("b")], "both RunRequest and SkipReason"),
        ([og.SkipReason("a"), og.SkipReason("b")], "multiple SkipReasons"),
        ([og.SensorResult(), og.SensorResult()], "only object"),
        (og.RunRequest(job_name="wor"), "job_name wor"),
    ],
)
def test_what_is_no_wish_is_refused(given: Any, named: str) -> None:
    with pytest.raises(og.InvariantViolationError, match=named):
        tick(given)


def test_a_sensor_of_several_jobs_wants_to_know_which() -> None:
    with pytest.raises(og.InvariantViolationError, match="did not specify job_name"):
        tick(og.RunRequest(), jobs=[work, other])
    assert tick(og.RunRequest(job_name="other"), jobs=[work, other]).run_requests[0].job_name == "other"


def test_a_sensor_without_a_target_may_skip_and_not_request() -> None:
    assert tick(og.SkipReason("no"), job=None).skip_message == "no"
    with pytest.raises(og.InvariantViolationError, match="lacking a specified target"):
        tick(og.RunRequest(), job=None)


def test_an_error_of_the_function_passes_as_it_is() -> None:
    def broken() -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        watching(broken).evaluate_tick(og.build_sensor_context())


def test_resources_come_from_the_context_or_from_the_project() -> None:
    class Rate(og.ConfigurableResource):
        value: int

    def asks(context: og.SensorEvaluationContext, rate: Rate) -> og.SkipReason:
        return og.SkipReason(str(rate.value))

    sensor = watching(asks)
    defs = og.Definitions(sensors=[sensor], resources={"rate": Rate(value=2)})
    assert sensor(og.build_sensor_context(resources={"rate": Rate(value=1)})) == og.SkipReason("1")
    assert sensor(og.build_sensor_context(definitions=defs)) == og.SkipReason("2")
    assert sensor(og.build_sensor_context(), rate=Rate(value=3)) == og.SkipReason("3")
    with pytest.raises(og.InvalidDefinitionError, match="'rate' required by sensor 'asks'"):
        sensor(og.build_sensor_context())


def test_what_a_tick_opened_is_closed_after_it() -> None:
    story: list[str] = []

    @og.resource
    def rate(_context: Any) -> Any:
        story.append("open")
        yield 1
        story.append("close")

    def asks(rate: og.ResourceParam[int]) -> None:
        story.append("tick")

    watching(asks).evaluate_tick(og.build_sensor_context(resources={"rate": rate}))
    assert story == ["open", "tick", "close"]


def test_a_context_without_an_instance_says_so() -> None:
    with pytest.raises(og.InvariantViolationError, match="build_sensor_context"):
        _ = og.build_sensor_context().instance


def test_partitions_of_requests_are_looked_up_in_the_project(instance: og.Instance) -> None:
    partitions = og.DynamicPartitionsDefinition(name="shops")

    @og.asset(partitions_def=partitions)
    def by_shop() -> None: ...

    def adds(_context: og.SensorEvaluationContext) -> og.SensorResult:
        return og.SensorResult(
            run_requests=[og.RunRequest(partition_key="north")],
            dynamic_partitions_requests=[partitions.build_add_request(["north"])],
        )

    sensor = watching(adds, target="by_shop")
    defs = og.Definitions(assets=[by_shop], sensors=[sensor])
    context = og.build_sensor_context(instance=instance, definitions=defs)
    (request,) = sensor.evaluate_tick(context).run_requests
    assert (request.tags or {})["orrery/partition"] == "north"
    assert list(instance.get_dynamic_partitions("shops")) == []


def test_an_asset_sensor_sees_each_newest_materialization_once(instance: og.Instance) -> None:
    @og.asset_sensor(asset_key=og.AssetKey("orders"), job=work)
    def follow(context: og.SensorEvaluationContext, asset_event: og.EventLogEntry) -> og.RunRequest:
        assert asset_event.dagster_event is not None
        return og.RunRequest(run_key=str(asset_event.dagster_event.asset_key))

    def ticked(cursor: str | None) -> Any:
        return follow.evaluate_tick(og.build_sensor_context(instance=instance, cursor=cursor))

    assert "No new materialization" in ticked(None).skip_message
    og.materialize([orders], instance=instance)
    first = ticked(None)
    assert [each.run_key for each in first.run_requests] == ["AssetKey(['orders'])"]
    assert ticked(first.cursor).run_requests == []


def test_a_multi_asset_sensor_waits_for_all_and_advances(instance: og.Instance) -> None:
    monitored = [og.AssetKey("orders"), og.AssetKey("users")]

    @og.multi_asset_sensor(monitored_assets=monitored, job=work)
    def both(context: og.MultiAssetSensorEvaluationContext) -> Any:
        if all(context.latest_materialization_records_by_key().values()):
            context.advance_all_cursors()
            return og.RunRequest()
        return og.SkipReason("waiting")

    def ticked(cursor: str | None) -> Any:
        return both.evaluate_tick(
            og.build_multi_asset_sensor_context(
                monitored_assets=monitored,
                instance=instance,
                cursor=cursor,
                definitions=og.Definitions(assets=[orders, users]),
            )
        )

    og.materialize([orders], instance=instance)
    assert ticked(None).skip_message == "waiting"
    og.materialize([users], instance=instance)
    found = ticked(None)
    assert len(found.run_requests) == 1
    assert ticked(found.cursor).skip_message == "waiting"


def test_a_multi_asset_sensor_that_does_not_advance_is_refused(instance: og.Instance) -> None:
    @og.multi_asset_sensor(monitored_assets=[og.AssetKey("orders")], job=work)
    def forgets(_context: og.MultiAssetSensorEvaluationContext) -> og.RunRequest:
        return og.RunRequest()

    with pytest.raises(og.InvalidDefinitionError, match="cursor was not updated"):
        forgets.evaluate_tick(
            og.build_multi_asset_sensor_context(
                monitored_assets=[og.AssetKey("orders")], instance=instance, definitions=og.Definitions(assets=[orders])
            )
        )


def test_partitions_that_were_passed_over_come_again(instance: og.Instance) -> None:
    partitions = og.StaticPartitionsDefinition(["x", "y", "z"])

    @og.asset(partitions_def=partitions)
    def parts() -> None: ...

    for key in ("x", "y", "z"):
        og.materialize([parts], instance=instance, partition_key=key)
    key = og.AssetKey("parts")

    def context(cursor: str | None = None) -> og.MultiAssetSensorEvaluationContext:
        return og.build_multi_asset_sensor_context(
            monitored_assets=[key], instance=instance, cursor=cursor, definitions=og.Definitions(assets=[parts])
        )

    first = context()
    records = first.latest_materialization_records_by_partition(key)
    assert list(records) == ["x", "y", "z"]
    assert first.all_partitions_materialized(key)
    first.advance_cursor({key: records["y"]})
    second = context(first.cursor)
    assert list(second.latest_materialization_records_by_partition(key)) == ["x", "z"]
    assert second.get_cursor_partition(key) == "y"
    second.advance_all_cursors()
    assert list(context(second.cursor).latest_materialization_records_by_partition(key)) == []


def test_a_run_status_sensor_begins_now_and_sees_each_later_run_once(instance: og.Instance) -> None:
    @og.run_status_sensor(run_status=og.RunStatus.SUCCESS, request_job=other, monitored_jobs=[work])
    def after(context: og.RunStatusSensorContext) -> og.RunRequest:
        return og.RunRequest(run_key=context.dagster_run.run_id)

    def ticked(cursor: str | None) -> Any:
        return after.evaluate_tick(og.build_sensor_context(instance=instance, cursor=cursor))

    work.execute_in_process(instance=instance)
    begun = ticked(None)
    assert begun.skip_message.startswith("Initiating after")
    later = work.execute_in_process(instance=instance)
    other.execute_in_process(instance=instance)
    found = ticked(begun.cursor)
    assert [each.run_key for each in found.run_requests] == [later.run_id]
    assert ticked(found.cursor).run_requests == []


def test_a_run_failure_sensor_sees_the_failure_and_its_steps(instance: og.Instance) -> None:
    seen: list[Any] = []

    @og.op
    def broken() -> None:
        raise ValueError("boom")

    @og.job
    def fails() -> None:
        broken()

    @og.run_failure_sensor
    def alarm(context: og.RunFailureSensorContext) -> None:
        seen.append(
            (context.failure_event.event_type_value, [each.step_key for each in context.get_step_failure_events()])
        )

    begun = alarm.evaluate_tick(og.build_sensor_context(instance=instance))
    fails.execute_in_process(instance=instance, raise_on_error=False)
    found = alarm.evaluate_tick(og.build_sensor_context(instance=instance, cursor=begun.cursor))
    assert seen == [("PIPELINE_FAILURE", ["broken"])]
    assert len(found.dagster_run_reactions) == 1


def test_a_sensor_of_automation_conditions_is_declared_and_refuses_to_tick() -> None:
    sensor = og.AutomationConditionSensorDefinition("auto", target="*")
    assert sensor.asset_selection == og.AssetSelection.all()
    with pytest.raises(NotImplementedError, match="not evaluated yet"):
        sensor.evaluate_tick(og.build_sensor_context(sensor_name="auto"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"job": work, "jobs": [work]}, "more than one"),
        ({"job": work, "asset_selection": "*"}, "more than one"),
        ({"job": 3}, "given as a job"),
        ({"target": [work, other], "name": "x"}, "neither a job nor assets"),
        ({"name": "a b"}, "a b"),
        ({"minimum_interval_seconds": "soon"}, "soon"),
    ],
)
def test_a_sensor_that_cannot_be_is_refused(arguments: Any, named: str) -> None:
    with pytest.raises(og.InvalidDefinitionError, match=named):
        og.SensorDefinition(evaluation_fn=lambda: None, **{"name": "watch", **arguments})


def test_selectors_name_what_lies_elsewhere() -> None:
    selector = og.JobSelector(location_name="shop", job_name="work")
    assert selector.repository_selector == og.CodeLocationSelector("shop").to_repository_selector()
    with pytest.raises(og.InvalidInvocationError, match="names no job"):
        og.JobSelector("shop")
