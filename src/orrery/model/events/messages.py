"""
What people read of an event, rendered from its payload when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from orrery.model.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    AssetWipedData,
    HandledOutputData,
    HookCompletedData,
    HookErroredData,
    HookSkippedData,
    LoadedInputData,
    LogsCapturedData,
    StepExpectationResultData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepRestartedData,
    StepRetryData,
    StepSkippedData,
    StepSuccessData,
    TypeCheckData,
)

__all__ = ["duration_text", "render"]


class EventLike(Protocol):
    """What a message is made from."""

    @property
    def event_type_value(self) -> str:
        """Return the kind."""

    @property
    def job_name(self) -> str:
        """Return the job."""

    @property
    def step_key(self) -> str | None:
        """Return the step."""

    @property
    def event_specific_data(self) -> Any:
        """Return the payload."""


def render(event: EventLike) -> str:
    """Return what people read of *event*."""
    data = event.event_specific_data
    by_payload = _BY_PAYLOAD.get(type(data))
    if by_payload is not None:
        return by_payload(event, data)
    by_type = _BY_TYPE.get(event.event_type_value)
    if by_type is not None:
        return by_type.format(job=event.job_name, step=event.step_key)
    return ""


def duration_text(milliseconds: float) -> str:
    """
    Return a duration as people read it.

    >>> duration_text(0.2)
    '0.2ms'
    >>> duration_text(83_400)
    '1m23s'
    """
    if milliseconds < 10:
        return f"{milliseconds:.2f}".rstrip("0").rstrip(".") + "ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f}ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + "s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m"


def _check_text(check: TypeCheckData | None) -> str:
    if check is None:
        return 'of type "Any".'
    found = "(Type check passed)." if check.success else "Warning! Type check failed."
    return f'of type "{check.type_name}". {found}'


def _output(event: EventLike, data: StepOutputData) -> str:
    mapping = f' mapping key "{data.mapping_key}"' if data.mapping_key else ""
    return f'Yielded output "{data.output_name}"{mapping} {_check_text(data.type_check_data)}'


def _input(event: EventLike, data: StepInputData) -> str:
    return f'Got input "{data.input_name}" {_check_text(data.type_check_data)}'


def _success(event: EventLike, data: StepSuccessData) -> str:
    return f'Finished execution of step "{event.step_key}" in {duration_text(data.duration_ms)}.'


def _retry(event: EventLike, data: StepRetryData) -> str:
    wait = f" in {data.seconds_to_wait} seconds" if data.seconds_to_wait else ""
    return f'Execution of step "{event.step_key}" failed and has requested a retry{wait}.'


def _restarted(event: EventLike, data: StepRestartedData) -> str:
    return f'Started re-execution (attempt # {data.attempt}) of step "{event.step_key}".'


def _skipped(event: EventLike, data: StepSkippedData) -> str:
    reason = f": {data.reason}" if data.reason else "."
    return f'Skipped execution of step "{event.step_key}"{reason}'


def _materialization(event: EventLike, data: StepMaterializationData) -> str:
    return data.materialization.description or f"Materialized value {data.materialization.label}."


def _observation(event: EventLike, data: AssetObservationData) -> str:
    return data.asset_observation.description or f"Observed {data.asset_observation.label}."


def _planned(event: EventLike, data: AssetMaterializationPlannedData) -> str:
    return f"{event.job_name} intends to materialize asset {data.asset_key.to_string()}"


def _asset_failed(event: EventLike, data: AssetFailedToMaterializeData) -> str:
    return f"Asset {data.asset_key.to_string()} failed to materialize"


def _wiped(event: EventLike, data: AssetWipedData) -> str:
    return f"Asset {data.asset_key.to_string()} was wiped."


def _check(event: EventLike, data: AssetCheckEvaluation) -> str:
    found = "passed" if data.passed else "did not pass"
    text = f"Asset check '{data.check_name}' on '{data.asset_key.to_user_string()}' {found}."
    return f"{text} Description: '{data.description}'" if data.description else text


def _check_planned(event: EventLike, data: AssetCheckEvaluationPlanned) -> str:
    return f"{event.job_name} intends to execute asset check {data.check_name} on asset {data.asset_key.to_string()}"


def _expectation(event: EventLike, data: StepExpectationResultData) -> str:
    result = data.expectation_result
    return result.description or f"Expectation {result.label} {'passed' if result.success else 'failed'}"


def _loaded(event: EventLike, data: LoadedInputData) -> str:
    text = f'Loaded input "{data.input_name}" using input manager "{data.manager_key}"'
    if data.upstream_step_key is None:
        return text
    return f'{text}, from output "{data.upstream_output_name}" of step "{data.upstream_step_key}"'


def _handled(event: EventLike, data: HandledOutputData) -> str:
    return f'Handled output "{data.output_name}" using IO manager "{data.manager_key}"'


def _hook_completed(event: EventLike, data: HookCompletedData) -> str:
    return f'Finished the execution of hook "{data.hook_name}" triggered for "{event.step_key}".'


def _hook_skipped(event: EventLike, data: HookSkippedData) -> str:
    return (
        f'Skipped the execution of hook "{data.hook_name}". It did not meet its triggering condition during'
        f' the execution of "{event.step_key}".'
    )


def _hook_errored(event: EventLike, data: HookErroredData) -> str:
    return f'Error occurred during the execution of hook "{data.hook_name}" triggered for "{event.step_key}"'


def _logs(event: EventLike, data: LogsCapturedData) -> str:
    return f"Started capturing logs of {', '.join(data.step_keys)}."


_BY_PAYLOAD: dict[type, Callable[[EventLike, Any], str]] = {
    StepOutputData: _output,
    StepInputData: _input,
    StepSuccessData: _success,
    StepRetryData: _retry,
    StepRestartedData: _restarted,
    StepSkippedData: _skipped,
    StepMaterializationData: _materialization,
    AssetObservationData: _observation,
    AssetMaterializationPlannedData: _planned,
    AssetFailedToMaterializeData: _asset_failed,
    AssetWipedData: _wiped,
    AssetCheckEvaluation: _check,
    AssetCheckEvaluationPlanned: _check_planned,
    StepExpectationResultData: _expectation,
    LoadedInputData: _loaded,
    HandledOutputData: _handled,
    HookCompletedData: _hook_completed,
    HookSkippedData: _hook_skipped,
    HookErroredData: _hook_errored,
    LogsCapturedData: _logs,
}

_BY_TYPE = {
    "STEP_START": 'Started execution of step "{step}".',
    "STEP_FAILURE": 'Execution of step "{step}" failed.',
    "STEP_SUCCESS": 'Finished execution of step "{step}".',
    "STEP_SKIPPED": 'Skipped execution of step "{step}".',
    "STEP_UP_FOR_RETRY": 'Execution of step "{step}" failed and has requested a retry.',
    "STEP_RESTARTED": 'Started re-execution of step "{step}".',
    "PIPELINE_START": 'Started execution of run for "{job}".',
    "PIPELINE_SUCCESS": 'Finished execution of run for "{job}".',
    "PIPELINE_FAILURE": 'Execution of run for "{job}" failed.',
    "PIPELINE_CANCELED": 'Execution of run for "{job}" canceled.',
    "PIPELINE_CANCELING": 'Sent run termination request for "{job}".',
    "PIPELINE_ENQUEUED": 'Run of "{job}" enqueued.',
    "PIPELINE_DEQUEUED": 'Run of "{job}" dequeued.',
    "PIPELINE_STARTING": 'Starting run of "{job}".',
    "RUN_SUSPENDED": 'Execution of run for "{job}" suspended.',
    "RUN_RESUMED": 'Resumed execution of run for "{job}".',
}
