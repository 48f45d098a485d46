"""What schedules declare, and what a tick of one wishes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import orrery as og


@og.op
def step() -> None: ...


@og.job
def work() -> None:
    step()


MIDNIGHT = datetime(2024, 1, 2, tzinfo=UTC)
CONTEXT = og.build_schedule_context(scheduled_execution_time=MIDNIGHT)


def scheduled(function: Any, **arguments: Any) -> og.ScheduleDefinition:
    made: og.ScheduleDefinition = og.schedule(job=work, cron_schedule="@daily", **arguments)(function)
    return made


@pytest.mark.parametrize(
    ("given", "keys", "skip"),
    [
        (og.RunRequest("k"), ["k"], None),
        ([og.RunRequest("1"), og.RunRequest("2")], ["1", "2"], None),
        ({"ops": {}}, [None], None),
        (og.RunConfig(), [None], None),
        (og.SkipReason("no"), [], "no"),
        (None, [], "Schedule function returned an empty result"),
        ([], [], "Schedule function returned an empty result"),
    ],
)
def test_what_the_function_returns_is_what_a_tick_wishes(given: Any, keys: list[Any], skip: str | None) -> None:
    def tick(_context: og.ScheduleEvaluationContext) -> Any:
        return given

    found = scheduled(tick).evaluate_tick(CONTEXT)
    assert ([each.run_key for each in found.run_requests], found.skip_message) == (keys, skip)


def test_what_the_function_yields_counts_alike_and_bears_the_name_of_the_schedule() -> None:
    def tick(context: og.ScheduleEvaluationContext) -> Any:
        yield og.RunRequest(str(context.scheduled_execution_time.day), tags={"a": "b"})

    (request,) = scheduled(tick).evaluate_tick(CONTEXT).run_requests
    assert (request.run_key, request.tags) == ("2", {"a": "b", "orrery/schedule_name": "tick"})


def test_a_function_may_take_nothing_or_resources() -> None:
    def bare() -> og.SkipReason:
        return og.SkipReason("bare")

    def asks(context: og.ScheduleEvaluationContext, rate: og.ResourceParam[float]) -> og.SkipReason:
        return og.SkipReason(f"{rate} {context.scheduled_execution_time.year}")

    context = og.build_schedule_context(scheduled_execution_time=MIDNIGHT, resources={"rate": 1.5})
    assert scheduled(bare)() == og.SkipReason("bare")
    assert scheduled(asks)(context) == og.SkipReason("1.5 2024")
    assert scheduled(asks).required_resource_keys == {"rate"}


def test_a_missing_resource_is_told_with_the_schedule() -> None:
    def asks(rate: og.ResourceParam[float]) -> None: ...

    with pytest.raises(og.InvalidDefinitionError, match="'rate' required by schedule 'asks'"):
        scheduled(asks).evaluate_tick(CONTEXT)


def test_requests_without_run_keys_are_refused_where_there_are_several() -> None:
    with pytest.raises(og.InvariantViolationError, match="must specify a run_key"):
        scheduled(lambda: [og.RunRequest(), og.RunRequest()], name="several").evaluate_tick(CONTEXT)


@pytest.mark.parametrize(
    "given", [3, [og.SkipReason("a"), og.RunRequest("b")], [og.SkipReason("a"), og.SkipReason("b")]]
)
def test_what_is_no_wish_is_refused(given: Any) -> None:
    with pytest.raises(og.InvariantViolationError, match="'odd'"):
        scheduled(lambda: given, name="odd").evaluate_tick(CONTEXT)


def test_an_error_of_the_function_is_the_cause() -> None:
    def broken() -> None:
        raise ValueError("boom")

    with pytest.raises(og.UserCodeExecutionError, match="evaluation of schedule broken") as caught:
        scheduled(broken).evaluate_tick(CONTEXT)
    assert isinstance(caught.value.__cause__, ValueError)


def test_should_execute_comes_first() -> None:
    made = og.ScheduleDefinition(job=work, cron_schedule="@daily", should_execute=lambda _context: False)
    assert made.evaluate_tick(CONTEXT).skip_message == "should_execute function for work_schedule returned false."


def test_run_config_and_tags_may_be_given_or_computed() -> None:
    given = og.ScheduleDefinition(job=work, cron_schedule="@daily", run_config={"ops": {}}, tags={"x": "y"})
    computed = og.ScheduleDefinition(
        job=work, cron_schedule="@daily", run_config_fn=lambda _c: {"ops": {}}, tags_fn=lambda _c: {"x": "y"}
    )
    for each in (given, computed):
        (request,) = each.evaluate_tick(CONTEXT).run_requests
        assert (request.run_config, (request.tags or {})["x"]) == ({"ops": {}}, "y")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"cron_schedule": "x y", "job": work}, "x y"),
        ({"cron_schedule": "* * * * * *", "job": work}, r"\* \* \*"),
        ({"cron_schedule": "61 * * * *", "job": work}, "61"),
        ({"cron_schedule": [], "job": work}, "cron schedule"),
        ({"cron_schedule": None, "job": work}, "cron schedule"),
        ({"cron_schedule": "@daily"}, "nothing to run"),
        ({"cron_schedule": "@daily", "job": work, "job_name": "work"}, "more than one"),
        ({"cron_schedule": "@daily", "job": work, "execution_timezone": "Mars/X"}, "Mars/X"),
        ({"cron_schedule": "@daily", "job": work, "name": "a b"}, "a b"),
        ({"cron_schedule": "@daily", "target": "*"}, "needs a name"),
        ({"cron_schedule": "@daily", "job": work, "tags": {"a": "b"}, "tags_fn": dict}, "more than one"),
        ({"cron_schedule": "@daily", "job": work, "execution_fn": dict, "run_config": {"a": 1}}, "execution_fn"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(arguments: Any, named: str) -> None:
    with pytest.raises(og.InvalidDefinitionError, match=named):
        og.ScheduleDefinition(**arguments)


def test_assets_as_a_target_make_a_job_of_their_own() -> None:
    made = og.ScheduleDefinition(name="nightly", target="orders", cron_schedule="@daily")
    assert (made.job_name, made.has_anonymous_job) == ("__anonymous_asset_job_nightly", True)


def test_a_call_without_its_context_is_refused() -> None:
    def tick(context: og.ScheduleEvaluationContext) -> None: ...

    with pytest.raises(og.InvalidInvocationError, match="expected context argument"):
        scheduled(tick)()
    with pytest.raises(og.InvalidInvocationError, match="no context of a schedule"):
        scheduled(tick)(1)


def partitioned(partitions_def: Any) -> og.JobDefinition:
    @og.job(partitions_def=partitions_def)
    def parts() -> None:
        step()

    return parts


def test_the_newest_partition_is_wished_for_when_its_window_ends() -> None:
    made = og.build_schedule_from_partitioned_job(
        partitioned(og.DailyPartitionsDefinition("2024-01-01")), hour_of_day=3, minute_of_hour=5
    )
    (request,) = made.evaluate_tick(CONTEXT).run_requests
    assert (made.cron_schedule, request.partition_key, request.run_key) == ("5 3 * * *", "2024-01-01", "2024-01-01")
    first = og.build_schedule_context(scheduled_execution_time=datetime(2024, 1, 1, tzinfo=UTC))
    assert "no partitions" in (made.evaluate_tick(first).skip_message or "")


def test_static_partitions_need_a_cron_string_and_run_all() -> None:
    job = partitioned(og.StaticPartitionsDefinition(["a", "b"]))
    with pytest.raises(og.InvalidDefinitionError, match="requires a cron schedule"):
        og.build_schedule_from_partitioned_job(job)
    made = og.build_schedule_from_partitioned_job(job, cron_schedule="@daily")
    assert [each.partition_key for each in made.evaluate_tick(CONTEXT).run_requests] == ["a", "b"]


def test_partitions_of_assets_are_found_with_the_project() -> None:
    @og.asset(partitions_def=og.DailyPartitionsDefinition("2024-01-01"))
    def daily() -> None: ...

    schedule = og.build_schedule_from_partitioned_job(og.define_asset_job("dailies", selection="daily"))
    found = og.Definitions(assets=[daily], schedules=[schedule]).get_schedule_def("dailies_schedule")
    assert [each.partition_key for each in found.evaluate_tick(CONTEXT).run_requests] == ["2024-01-01"]


def test_a_job_without_partitions_makes_no_such_schedule() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="not partitioned"):
        og.build_schedule_from_partitioned_job(work)
