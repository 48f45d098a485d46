"""
One attempt at a step: load the inputs, call the function, store the outputs, tell every event.

A generator: it yields events in order, and :class:`Await` where something must be awaited. It never
raises for a fault of the step; the last event says how the step ended.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from orrery.base.errors import (
    AssetCheckFailedError,
    ExecutionInterruptedError,
    InvariantViolationError,
    OrreryError,
    StepOutputNotFoundError,
    TimeLimitExceededError,
    UnusableValueError,
    UserCodeExecutionError,
)
from orrery.base.keys import AssetKey
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckSeverity
from orrery.model.events.error_info import ErrorInfo, error_info_from_exception, frame_of_definition
from orrery.model.events.event import Event
from orrery.model.events.payloads import ErrorSource, UserFailureData
from orrery.model.events.user import AssetMaterialization, AssetObservation, Failure, RetryRequested
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.compute import Result, run_function
from orrery.runtime.engine.expiry import LimitReached
from orrery.runtime.engine.found_partitions import attempt_each
from orrery.runtime.engine.inputs import load_inputs
from orrery.runtime.engine.outputs import evaluation_of, store_output
from orrery.runtime.engine.requests import Await
from orrery.runtime.processes.child import leave_forked_copy
from orrery.runtime.processes.process_id import process_id

__all__ = ["StepEnd", "execute_step"]

StepEvents = Generator[Event | Await, Any, "StepEnd"]


class StepEnd:
    """
    How an attempt at a step ended.

    Attributes:
        kind: ``success``, ``failure`` or ``retry``.
        error: What was raised, if anything.
        wait_seconds: How long to wait before the retry.
    """

    __slots__ = ("error", "kind", "wait_seconds")

    def __init__(self, kind: str, error: BaseException | None = None, wait_seconds: float = 0.0) -> None:
        self.kind = kind
        self.error = error
        self.wait_seconds = wait_seconds


_SUCCESS = StepEnd("success")


def execute_step(context: StepExecutionContext, chance: float = 0.5) -> StepEvents:
    """
    Execute one attempt at a step.

    Args:
        context: The step.
        chance: A number in [0, 1) that decides the jitter of a retry's delay.

    Raises:
        ExecutionInterruptedError: The run was asked to stop.
    """
    started = time.perf_counter()
    process = process_id()
    if context.previous_attempt_count:
        yield build.step_restarted(context.ref, context.previous_attempt_count)
    else:
        yield build.step_start(context.ref)
    try:
        yield from attempt_each(context, _attempt) if context.discovers else _attempt(context)
    except GeneratorExit:
        raise
    except (ExecutionInterruptedError, KeyboardInterrupt):
        if context.events:  # what it told that it has made is made, however the run ends
            yield from _logged(context)
        raise
    except BaseException as error:  # noqa: BLE001  # whatever a step raises is the step's fault, and no more than that
        if process_id() != process:
            leave_forked_copy()
        return (yield from _failed(context, error, chance))
    yield build.step_success(context.ref, (time.perf_counter() - started) * 1000.0)
    return _SUCCESS


def _attempt(context: StepExecutionContext) -> Generator[Event | Await, Any, None]:
    step = context.step
    inputs = (yield from load_inputs(context)) if step.inputs else {}
    process = process_id()
    results = run_function(context, inputs)
    blocking: list[AssetCheckEvaluation] | None = None
    reply: Any = None
    error: BaseException | None = None
    while True:
        try:
            if error is not None:
                raised, error = error, None
                item = results.throw(raised)
            else:
                item = results.send(reply)
        except StopIteration:
            break
        if process_id() != process:  # the function forked, and this is the copy
            leave_forked_copy()
        reply = None
        if context.events:
            yield from _logged(context)
        if type(item) is Result:
            if item.check is not None:
                evaluation = yield from _check(context, item)
                if evaluation.blocking and not evaluation.passed and evaluation.severity is AssetCheckSeverity.ERROR:
                    blocking = [*(blocking or ()), evaluation]
                continue
            yield from _output(context, item)
        elif type(item) is Await:
            try:
                reply = yield item
            except GeneratorExit:
                raise
            except BaseException as thrown:  # noqa: BLE001  # handed to the function, where it belongs
                error = thrown
        else:
            yield _user_event(context, item)
    if context.events:
        yield from _logged(context)
    yield from _missing_outputs(context)
    if blocking:
        raise AssetCheckFailedError(
            f"{len(blocking)} blocking asset check{'s' if len(blocking) > 1 else ''} failed with ERROR severity:\n"
            + "\n".join(f"{each.asset_key.to_user_string()}: {each.check_name}" for each in blocking)
        )


def _output(context: StepExecutionContext, item: Result) -> Generator[Event | Await, Any, None]:
    output = item.output
    name, mapping_key = output.name, item.mapping_key
    seen = context.seen_outputs
    if seen is None:
        context.seen_outputs = {(name, mapping_key)}
    else:
        if (name, mapping_key) in seen:
            if mapping_key is not None:
                raise InvariantViolationError(
                    f'Compute function for op "{context.step.name}" yielded a DynamicOutput with mapping_key '
                    f'"{mapping_key}" multiple times for output "{name}".',
                    mend="give each a mapping_key of its own.",
                )
            raise InvariantViolationError(
                f'Compute function for op "{context.step.name}" returned an output "{name}" multiple times',
                mend="give each output once.",
            )
        if output.asset_key is not None:
            _refuse_out_of_order(context, output.asset_key, seen)
        seen.add((name, mapping_key))
    if not output.is_selected:
        raise InvariantViolationError(
            f"Core compute for op '{context.step.name}' unexpectedly emitted output '{name}', which this run does not want: "
            f"only {sorted(context.selected_output_names)} are selected.",
            mend="look at context.selected_asset_keys and skip the others.",
        )
    yield from store_output(
        context,
        output,
        item.value,
        mapping_key=mapping_key,
        metadata=item.metadata,
        data_version=item.data_version,
        tags=item.tags,
        has_value=item.has_value,
    )


def _refuse_out_of_order(
    context: StepExecutionContext, asset_key: AssetKey, seen: AbstractSet[tuple[str, str | None]]
) -> None:
    """Refuse an asset that comes after one that depends on it: what was stored of that one tells of an older state."""
    early = [name for name in context.outputs_after(asset_key) if (name, None) in seen]
    if early:
        later = context.step.outputs[min(early)].asset_key
        shown = later.to_user_string() if later is not None else min(early)
        raise InvariantViolationError(
            f'Asset "{shown}" was yielded before its dependency "{asset_key.to_user_string()}".',
            mend="yield the assets of a multi_asset in the order of their dependencies, or correct their deps.",
        )


def _check(context: StepExecutionContext, item: Result) -> Generator[Event | Await, Any, AssetCheckEvaluation]:
    yield from _output(context, item)
    evaluation = evaluation_of(context, item.output, item.check)
    yield build.asset_check_evaluation(context.ref, evaluation)
    return evaluation


def _user_event(context: StepExecutionContext, item: Any) -> Event:
    if isinstance(item, AssetMaterialization):
        return build.asset_materialization(context.ref, item)
    if isinstance(item, AssetObservation):
        return build.asset_observation(context.ref, item)
    if isinstance(item, AssetCheckEvaluation):
        return build.asset_check_evaluation(context.ref, item)
    return build.expectation_result(context.ref, item)


def _logged(context: StepExecutionContext) -> Generator[Event, None, None]:
    events, context.events = context.events or [], None
    for each in events:
        yield _user_event(context, each)


def _missing_outputs(context: StepExecutionContext) -> Generator[Event | Await, Any, None]:
    seen = context.seen_outputs
    outputs = context.step.outputs
    if seen is not None and len(seen) >= len(outputs):
        return
    given = {name for name, _key in seen} if seen is not None else set()
    for name, output in outputs.items():
        if name in given or not output.is_selected:
            continue
        definition = output.definition
        if definition.is_dynamic:
            continue
        if not definition.is_required:
            continue
        if output.check_spec is not None:
            raise StepOutputNotFoundError(
                f"Did not yield or return expected outputs: the check '{output.check_spec.name}' of "
                f"'{output.check_spec.asset_key.to_user_string()}' gave no result.",
                mend="yield AssetCheckResult(...), or return MaterializeResult(check_results=[...]).",
                step_key=context.step.key,
                output_name=name,
            )
        if definition.dagster_type.is_nothing:
            context.observe_output(name)
            yield from store_output(context, output, None)
            continue
        hint = ""
        fn = context.step.op.compute_fn
        if getattr(fn, "is_generator", False) is False:
            hint = " The function returned nothing."
        raise StepOutputNotFoundError(
            f'Core compute for op "{context.step.name}" did not return an output for non-optional output "{name}".{hint}',
            mend=f"yield Output(value, '{name}'), or declare the output with is_required=False."
            if context.step.assets_def is None
            else "yield Output(value) or MaterializeResult(), or declare the asset with output_required=False.",
            step_key=context.step.key,
            output_name=name,
        )


def _failed(
    context: StepExecutionContext, error: BaseException, chance: float
) -> Generator[Event | Await, Any, StepEnd]:
    if isinstance(error, LimitReached):
        error = error.told()
    context.step_exception = error
    if context.events:
        yield from _logged(context)
    if isinstance(error, UnusableValueError) and error.made_again_by is not None:
        yield build.step_up_for_retry(context.ref, _info(error), 0.0, (error.made_again_by,))
        return StepEnd("retry", error)
    cause = error.user_exception if isinstance(error, UserCodeExecutionError) else error
    asked = cause if isinstance(cause, RetryRequested) else error if isinstance(error, RetryRequested) else None
    attempts = context.previous_attempt_count
    if asked is not None:
        limit = asked.max_retries
        if attempts < limit:
            wait = float(asked.seconds_to_wait or 0.0)
            yield build.step_up_for_retry(context.ref, _info(asked), wait)
            return StepEnd("retry", asked, wait)
        yield build.step_failed(
            context.ref,
            _info(asked),
            error_source=ErrorSource.USER_CODE_ERROR,
            message=f'Execution of step "{context.step.key}" failed. Exceeded max_retries of {limit}.',
        )
        return StepEnd("failure", asked)
    policy = context.step.retry_policy
    failure = cause if isinstance(cause, Failure) else None
    retries_allowed = failure is None or failure.allow_retries
    if policy is not None and retries_allowed and attempts < policy.max_retries and _may_go_away(error):
        wait = policy.calculate_delay(attempts + 1, chance)
        yield build.step_up_for_retry(context.ref, _info(error), wait)
        return StepEnd("retry", error, wait)
    user_failure = None
    if failure is not None:
        user_failure = UserFailureData("intentional-failure", failure.description, failure.metadata)
    source = (
        ErrorSource.USER_CODE_ERROR
        if isinstance(error, UserCodeExecutionError | Failure)
        else ErrorSource.FRAMEWORK_ERROR
    )
    yield build.step_failed(
        context.ref, _with_place(_info(error), context), user_failure=user_failure, error_source=source
    )
    return StepEnd("failure", error)


def _with_place(info: ErrorInfo, context: StepExecutionContext) -> ErrorInfo:
    """Put where the step's function is defined before the frames of an error about it that has none of the user's."""
    if info.user_frames or info.cause is not None:
        return info
    function = context.step.op.compute_fn
    place = frame_of_definition(function.fn if isinstance(function, ComputeFunction) else function)
    return info if place is None else msgspec.structs.replace(info, frames=(place, *info.frames))


def _may_go_away(error: BaseException) -> bool:
    """Tell whether another attempt may do better: not where the function broke the rules of its definition."""
    if isinstance(error, TimeLimitExceededError):
        return error.scope == "step"
    return isinstance(error, UserCodeExecutionError | Failure) or not isinstance(error, OrreryError)


def _info(error: BaseException) -> ErrorInfo:
    return error_info_from_exception(error)
