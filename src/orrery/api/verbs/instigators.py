"""
Ticks of schedules and sensors: evaluate one, or call its function directly.

Nothing is launched here: a tick gives wishes, and the daemon acts on them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from orrery.api.verbs.instigator_contexts import build_schedule_context, build_sensor_context
from orrery.base.errors import (
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    OrreryError,
    ScheduleExecutionError,
    nearest_hint,
)
from orrery.base.tags import SCHEDULE_NAME_TAG, SENSOR_NAME_TAG
from orrery.definitions.instigators.asset_sensors import AssetSensorDefinition
from orrery.definitions.instigators.function import InstigatorFunction
from orrery.definitions.instigators.results import ScheduleExecutionData, SensorExecutionData, SensorResult
from orrery.definitions.instigators.run_status_sensors import RunStatusSensorDefinition
from orrery.definitions.instigators.schedule import ScheduleDefinition
from orrery.definitions.instigators.sensor import SensorDefinition
from orrery.model.config.run_config import RunConfig
from orrery.model.events.entry import EventRecordsFilter, RunStatusChangeRecordsFilter
from orrery.model.events.event import EventType
from orrery.model.records.run import RunStatus
from orrery.model.records.run_request import RunRequest, SkipReason
from orrery.runtime.contexts.instigator import (
    InstigatorContext,
    RunStatusSensorContext,
    ScheduleEvaluationContext,
    SensorEvaluationContext,
)
from orrery.runtime.contexts.multi_asset_sensor import MultiAssetSensorEvaluationContext

__all__ = [
    "evaluate_tick",
    "invoke_instigator",
    "resolve_run_requests",
]

_EVENT_OF_STATUS = {
    RunStatus.QUEUED: EventType.PIPELINE_ENQUEUED,
    RunStatus.STARTING: EventType.PIPELINE_STARTING,
    RunStatus.STARTED: EventType.PIPELINE_START,
    RunStatus.SUCCESS: EventType.PIPELINE_SUCCESS,
    RunStatus.FAILURE: EventType.PIPELINE_FAILURE,
    RunStatus.CANCELING: EventType.PIPELINE_CANCELING,
    RunStatus.CANCELED: EventType.PIPELINE_CANCELED,
}


def evaluate_tick(definition: Any, context: Any) -> Any:
    """Say what a schedule or sensor wishes; see their methods of this name."""
    with context:
        if isinstance(definition, ScheduleDefinition):
            return _evaluate_schedule(definition, context)
        return _evaluate_sensor(definition, context)


# -- calling the user's functions --------------------------------------------------------------


def _call(
    function: InstigatorFunction, context: Any, required: Iterable[str], owner: str, *event: Any, **given: Any
) -> Any:
    """Call a function of the user with its context and resources."""
    arguments: dict[str, Any] = dict(given)
    if function.context_name is not None and function.context_name not in arguments:
        arguments[function.context_name] = context
    if event and function.event_name is not None:
        arguments[function.event_name] = event[0]
    wanted = [name for name in (*function.resource_names, *required) if name not in arguments]
    if wanted:
        known = context.resource_defs if context is not None else {}
        for name in wanted:
            if name not in known:
                raise InvalidDefinitionError(
                    f"Resource with key '{name}' required by {owner} was not provided.",
                    mend=nearest_hint(name, known, noun="resource") + f" Or provide it: resources={{'{name}': ...}}.",
                )
        for name in function.resource_names:
            if name not in arguments:
                arguments[name] = _original(context.resources, name)
    return function.fn(**arguments)


def _original(resources: Any, name: str) -> Any:
    originals: Mapping[str, Any] = resources.__dict__.get("_originals", {})
    return originals[name] if name in originals else getattr(resources, name)


def _behind_boundary(what: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OrreryError:
        raise
    except Exception as error:
        raise ScheduleExecutionError(f"Error occurred during {what}: {error!r}", user_exception=error) from error


def _spread(given: Any) -> Any:
    """Return what a generator yields as a list, and after it what it returns; anything else as it is."""
    if not isinstance(given, Generator):
        return list(given) if isinstance(given, Iterator) else given
    found: list[Any] = []
    while True:
        try:
            found.append(next(given))
        except StopIteration as end:
            return [*found, *_listed(end.value)]


# -- schedules ---------------------------------------------------------------------------------


def _evaluate_schedule(schedule: ScheduleDefinition, context: ScheduleEvaluationContext) -> ScheduleExecutionData:
    owner = f"schedule '{schedule.name}'"

    def run(function: InstigatorFunction, what: str) -> Any:
        return _behind_boundary(
            f"the {what} of schedule {schedule.name}",
            lambda: _spread(_call(function, context, schedule.required_resource_keys, owner)),
        )

    if schedule.should_execute is not None and not run(schedule.should_execute, "execution of should_execute"):
        return ScheduleExecutionData(skip_message=f"should_execute function for {schedule.name} returned false.")
    if schedule.execution_fn is not None:
        given = run(schedule.execution_fn, "evaluation")
    elif schedule.run_config_fn is not None:
        given = run(schedule.run_config_fn, "execution of run_config_fn")
        if not isinstance(given, Mapping | RunConfig):
            raise InvariantViolationError(
                f"run_config_fn of {owner} returned {given!r}, which is no run config.", mend="return a dictionary."
            )
    else:
        given = schedule.run_config or {}
    if isinstance(given, Mapping | RunConfig):
        tags = run(schedule.tags_fn, "execution of tags_fn") if schedule.tags_fn is not None else schedule.tags
        given = RunRequest(run_config=given, tags=tags or {})
    wishes = _listed(given)
    if not wishes:
        return ScheduleExecutionData(skip_message="Schedule function returned an empty result")
    for each in wishes:
        if not isinstance(each, RunRequest | SkipReason):
            raise InvariantViolationError(
                f"The function of {owner} gave {each!r} of type {type(each).__name__}, which is neither a RunRequest nor "
                "a SkipReason.",
                mend="return a RunRequest, a list of them, a SkipReason, or a dictionary of run config.",
            )
    skips = [each for each in wishes if isinstance(each, SkipReason)]
    if skips:
        if len(wishes) > 1:
            raise InvariantViolationError(
                f"Expected a single SkipReason or one or more RunRequests from {owner}: received both, or several reasons.",
                mend="return one kind of them.",
            )
        return ScheduleExecutionData(skip_message=skips[0].skip_message)
    requests = [each for each in wishes if isinstance(each, RunRequest)]
    if len(requests) > 1 and any(each.run_key is None for each in requests):
        raise InvariantViolationError(
            f"Schedules that return multiple RunRequests must specify a run_key in each RunRequest; {owner} did not.",
            mend="give each RunRequest a run_key.",
        )
    store = context.instance if context.has_instance else None
    return ScheduleExecutionData(
        run_requests=[
            _resolved(each, schedule.own_jobs, context, [], store, {SCHEDULE_NAME_TAG: schedule.name}, owner)
            for each in requests
        ]
    )


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]


def _resolved(
    request: RunRequest,
    jobs: Sequence[Any],
    context: Any,
    dynamic_requests: Sequence[Any],
    store: Any,
    tags: Mapping[str, str],
    owner: str,
) -> RunRequest:
    """Return the request with the tag of who made it, and with the tags and run config of its partition."""
    if request.partition_key is not None and not request.has_resolved_partition():
        name = request.job_name or (jobs[0].name if len(jobs) == 1 else None)
        target = next((each for each in jobs if each.name == name), None)
        if context.has_repository_def and name is not None:
            target = context.repository_def.get_job(name)
        if target is None or target.partitions_def is None:
            raise InvariantViolationError(
                f"{owner} requests partition '{request.partition_key}', but the definitions in which to look for it were "
                "not given.",
                mend="give the context repository_def=... or definitions=...",
            )
        request = request.with_resolved_tags_and_config(target, dynamic_requests, store)
    return request.with_replaced_attrs(tags={**(request.tags or {}), **tags})


# -- sensors -----------------------------------------------------------------------------------


def _evaluate_sensor(sensor: SensorDefinition, context: Any) -> SensorExecutionData:
    owner = f"sensor '{sensor.name}'"
    reactions: list[Any] = []
    if isinstance(sensor, RunStatusSensorDefinition):
        given = _look_at_runs(sensor, context, reactions)
    elif isinstance(sensor, AssetSensorDefinition):
        given = _look_at_asset(sensor, context)
    else:
        given = _spread(_call(sensor.function, context, sensor.required_resource_keys, owner))
    wishes = _listed(given)
    results = [each for each in wishes if isinstance(each, SensorResult)]
    if results:
        if len(wishes) > 1:
            raise InvariantViolationError(
                f"When a SensorResult is returned from a sensor, it must be the only object returned; {owner} gave "
                f"{len(wishes)}.",
                mend="put all into one SensorResult.",
            )
        result = results[0]
        if result.cursor is not None and context.cursor_updated:
            raise InvariantViolationError(
                f"SensorResult.cursor cannot be set if context.update_cursor() was called ({owner}).",
                mend="set the cursor in one way.",
            )
    else:
        result = _as_result(wishes, sensor)
    if isinstance(context, MultiAssetSensorEvaluationContext):
        if result.run_requests and not context.was_advanced and not context.cursor_updated:
            raise InvalidDefinitionError(
                f"Asset materializations have been handled in {owner}, but the cursor was not updated. This means the "
                "same materialization events will be handled in the next sensor tick.",
                mend="use context.advance_cursor or context.advance_all_cursors to update the cursor.",
            )
        context.update_cursor_after_evaluation()
    requests = result.run_requests or []
    _check_targets(sensor, requests)
    sensor.validate_backfill_requests(requests, context)
    skip = result.skip_reason
    message = skip.skip_message if isinstance(skip, SkipReason) else None
    if not requests and message is None and not reactions:
        message = "Sensor function returned an empty result"
    return SensorExecutionData(
        run_requests=resolve_run_requests(sensor, requests, context, result.dynamic_partitions_requests or []),
        skip_message=message,
        cursor=result.cursor if result.cursor is not None else context.cursor,
        dagster_run_reactions=reactions,
        dynamic_partitions_requests=result.dynamic_partitions_requests or [],
        asset_events=result.asset_events or [],
        automation_condition_evaluations=result.automation_condition_evaluations or [],
    )


def resolve_run_requests(
    sensor: SensorDefinition, run_requests: Sequence[RunRequest], context: Any, dynamic_requests: Sequence[Any]
) -> Sequence[RunRequest]:
    """Return the requests with the tag of the sensor, and with tags and run config of their partitions."""
    store = context.instance if context.has_instance else None
    owner = f"sensor '{sensor.name}'"
    return [
        _resolved(each, sensor.own_jobs, context, dynamic_requests, store, {SENSOR_NAME_TAG: sensor.name}, owner)
        for each in run_requests
    ]


def _as_result(wishes: Sequence[Any], sensor: SensorDefinition) -> SensorResult:
    for each in wishes:
        if not isinstance(each, RunRequest | SkipReason):
            raise InvariantViolationError(
                f"Error in sensor {sensor.name}: Sensor unexpectedly returned output {each!r} of type {type(each)}. "
                "Should only return SkipReason or RunRequest objects.",
                mend="return a RunRequest, a SkipReason or a SensorResult.",
            )
    skips = [each for each in wishes if isinstance(each, SkipReason)]
    requests = [each for each in wishes if isinstance(each, RunRequest)]
    if skips and requests:
        raise InvariantViolationError(
            f"Expected a single SkipReason or one or more RunRequests: received both RunRequest and SkipReason from sensor "
            f"'{sensor.name}'.",
            mend="return one kind of them.",
        )
    if len(skips) > 1:
        raise InvariantViolationError(
            f"Expected a single SkipReason: received multiple SkipReasons from sensor '{sensor.name}'.",
            mend="return one.",
        )
    return SensorResult(run_requests=requests, skip_reason=skips[0] if skips else None)


def _check_targets(sensor: SensorDefinition, requests: Sequence[RunRequest]) -> None:
    if not requests:
        return
    names = [each.job_name for each in sensor.targets]
    if not names and sensor.asset_selection is None:
        raise InvariantViolationError(
            f"Error in sensor {sensor.name}: Sensor evaluation function returned a RunRequest for a sensor lacking a "
            "specified target (job_name, job, or jobs).",
            mend="give job, jobs, job_name or target to the decorator.",
        )
    for each in requests:
        if each.job_name is None and len(names) > 1:
            raise InvariantViolationError(
                f"Error in sensor {sensor.name}: Sensor returned a RunRequest that did not specify job_name for the "
                f"requested run. Expected one of: {names}",
                mend="write RunRequest(job_name=...).",
            )
        if each.job_name is not None and names and each.job_name not in names:
            raise InvariantViolationError(
                f"Error in sensor {sensor.name}: Sensor returned a RunRequest with job_name {each.job_name}. Expected one "
                f"of: {names}",
                mend=nearest_hint(each.job_name, names, noun="job"),
            )


def _look_at_asset(sensor: AssetSensorDefinition, context: SensorEvaluationContext) -> Any:
    """Call the function of an asset sensor with the newest materialization after the cursor."""
    records = context.instance.get_event_records(
        EventRecordsFilter(
            EventType.ASSET_MATERIALIZATION,
            asset_key=sensor.asset_key,
            after_cursor=int(context.cursor) if context.cursor else None,
        ),
        limit=1,
    )
    if not records:
        return SkipReason(f"No new materialization events found for asset key {sensor.asset_key!r}")
    record = records[0]
    given = _spread(
        _call(
            sensor.function,
            context,
            sensor.required_resource_keys,
            f"sensor '{sensor.name}'",
            record.event_log_entry,
        )
    )
    results = [each for each in _listed(given) if isinstance(each, SensorResult)]
    if any(each.cursor is not None for each in results) or context.cursor_updated:
        raise InvariantViolationError(
            f"Cannot set cursor in asset sensor '{sensor.name}'.", mend="use a plain sensor, which has its own cursor."
        )
    context.update_cursor(str(record.storage_id))
    return given


def _look_at_runs(sensor: RunStatusSensorDefinition, context: SensorEvaluationContext, reactions: list[Any]) -> Any:
    """Call the function of a run status sensor for each run that came into the status after the cursor."""
    kind = _EVENT_OF_STATUS[sensor.run_status]
    instance = context.instance
    if context.cursor is None:
        newest = instance.fetch_run_status_changes(kind, limit=1).records
        row = newest[0].storage_id if newest else -1
        context.update_cursor(json.dumps({"record_id": row}))
        return SkipReason(f"Initiating {sensor.name}. Set cursor to row {row} of the event log.")
    row = int(json.loads(context.cursor)["record_id"])
    records = instance.fetch_run_status_changes(
        RunStatusChangeRecordsFilter(kind, after_storage_id=row), limit=50, ascending=True
    ).records
    wishes: list[Any] = []
    names = sensor.monitored_job_names
    for record in records:
        row = record.storage_id
        run = instance.get_run_by_id(record.run_id)
        event = record.event_log_entry.dagster_event
        if run is None or event is None or (names is not None and run.job_name not in names):
            continue
        if (
            names is None
            and not sensor.monitors_all_code_locations
            and context.has_repository_def
            and not context.repository_def.has_job(run.job_name)
        ):
            continue
        if run.tags.get(SENSOR_NAME_TAG) == sensor.name:
            continue
        seen = RunStatusSensorContext(
            sensor.name,
            run,
            event,
            instance,
            context=context,
            resource_defs=context.resource_defs,
            repository_def=context.repository_def if context.has_repository_def else None,
        )
        if sensor.run_status is RunStatus.FAILURE:
            seen = seen.for_run_failure()
        with seen:
            given = _spread(_call(sensor.function, seen, sensor.required_resource_keys, f"sensor '{sensor.name}'"))
        wishes.extend(_listed(given))
        reactions.append(run)
    context.update_cursor(json.dumps({"record_id": row}))
    if len(wishes) > 1:
        requests = [each for each in wishes if isinstance(each, RunRequest)]
        for each in wishes:
            if isinstance(each, SensorResult):
                requests.extend(each.run_requests or ())
        return requests
    return wishes


# -- direct calls ------------------------------------------------------------------------------


def invoke_instigator(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """
    Call the function of a schedule or sensor directly.

    Raises:
        InvalidInvocationError: There is no function, the context is missing, or it is none.
    """
    is_schedule = isinstance(definition, ScheduleDefinition)
    noun = "Schedule" if is_schedule else "Sensor"
    owner = f"{noun.lower()} '{definition.name}'"
    function: InstigatorFunction | None = definition.execution_fn if is_schedule else definition.function
    if function is None:
        raise InvalidInvocationError(
            f"Cannot invoke {owner} directly, because it was not made by a decorator.", mend="use @schedule."
        )
    given = dict(kwargs)
    if len(args) > 1 + (function.event_name is not None):
        raise InvalidInvocationError(f"{noun} evaluation function received {len(args)} positional arguments.")
    context = args[0] if args else given.pop(function.context_name or "context", None)
    if function.context_name is not None and not args and function.context_name not in kwargs:
        raise InvalidInvocationError(
            f"{noun} evaluation function expected context argument, but no context argument was provided when invoking.",
            mend=f"pass {'build_schedule_context' if is_schedule else 'build_sensor_context'}().",
        )
    if context is not None and not isinstance(context, InstigatorContext):
        raise InvalidInvocationError(
            f"Object {context!r} of type {type(context).__name__} is no context of a {noun.lower()}.",
            mend=f"pass {'build_schedule_context' if is_schedule else 'build_sensor_context'}().",
        )
    if context is None:
        context = build_schedule_context() if is_schedule else build_sensor_context()
    if (
        isinstance(definition, RunStatusSensorDefinition)
        and definition.run_status is RunStatus.FAILURE
        and type(context) is RunStatusSensorContext
    ):
        context = context.for_run_failure()
    if function.event_name is not None:
        if len(args) > 1 or function.event_name in given:
            event = args[1] if len(args) > 1 else given.pop(function.event_name)
            return _call(function, context, definition.required_resource_keys, owner, event, **given)
        return _look_at_asset(definition, context)
    unknown = [name for name in given if name not in function.resource_names]
    if unknown:
        raise InvalidInvocationError(
            f"The function of {owner} has no parameter '{unknown[0]}'.",
            mend=nearest_hint(unknown[0], function.resource_names, noun="parameter"),
        )
    return _call(function, context, definition.required_resource_keys, owner, **given)
