"""
Events, built: one pure function per kind.

Building an event writes nothing. A step's events begin with its ``StepRef``, a run's with the name
of its job; everything here costs about a microsecond, for there are eight of them a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from orrery.base.keys import AssetKey
from orrery.base.metadata import AnyMetadataValue
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event
from orrery.model.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    AssetWipedData,
    CodeLocationUpdatedData,
    EngineEventData,
    ErrorSource,
    HandledOutputData,
    HookCompletedData,
    HookErroredData,
    HookSkippedData,
    LoadedInputData,
    LogsCapturedData,
    RunCanceledData,
    RunEnqueuedData,
    RunFailureData,
    RunFailureReason,
    StepExpectationResultData,
    StepFailureData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepOutputHandle,
    StepRestartedData,
    StepRetryData,
    StepSkippedData,
    StepSuccessData,
    TypeCheckData,
    UserFailureData,
)
from orrery.model.events.reuse import Reason
from orrery.model.events.user import AssetMaterialization, AssetObservation, ExpectationResult

__all__ = [
    "StepRef",
    "asset_check_evaluation",
    "asset_check_evaluation_planned",
    "asset_failed_to_materialize",
    "asset_materialization",
    "asset_materialization_planned",
    "asset_observation",
    "asset_wiped",
    "code_location_updated",
    "engine_event",
    "expectation_result",
    "handled_output",
    "hook_completed",
    "hook_errored",
    "hook_skipped",
    "loaded_input",
    "logs_captured",
    "resource_init_failure",
    "resource_init_started",
    "resource_init_success",
    "run_canceled",
    "run_canceling",
    "run_dequeued",
    "run_enqueued",
    "run_failed",
    "run_resumed",
    "run_started",
    "run_starting",
    "run_succeeded",
    "run_suspended",
    "step_failed",
    "step_input",
    "step_output",
    "step_restarted",
    "step_skipped",
    "step_start",
    "step_success",
    "step_up_for_retry",
    "step_worker_started",
    "step_worker_starting",
]

NO_METADATA: Mapping[str, AnyMetadataValue] = {}


class StepRef(msgspec.Struct, frozen=True, gc=False):
    """
    Name a step of a run for the events about it.

    Attributes:
        job_name: The job.
        step_key: The step.
        node_handle: The node, dotted inside graphs.
        step_kind: The kind of step.
        pid: The process it runs in; None where it ran elsewhere, or in no run.
    """

    job_name: str
    step_key: str
    node_handle: str | None = None
    step_kind: str | None = "COMPUTE"
    pid: int | None = None


def _of_step(kind: str, step: StepRef, data: object = None, message: str | None = None) -> Event:
    return Event(
        kind,
        step.job_name,
        None,
        step.node_handle,
        step.step_kind,
        None,
        data,  # type: ignore[arg-type]  # each caller below gives the payload of its kind
        message,
        step.pid,
        step.step_key,
    )


# -- a step ------------------------------------------------------------------------------------


def step_start(step: StepRef) -> Event:
    """Say that a step starts."""
    return _of_step("STEP_START", step)


def step_input(step: StepRef, input_name: str, type_check: TypeCheckData | None = None) -> Event:
    """Say that a step got an input, and what its type check found (None: there is nothing to check)."""
    return _of_step("STEP_INPUT", step, StepInputData(input_name=input_name, type_check_data=type_check))


def step_output(
    step: StepRef,
    output_name: str = "result",
    *,
    mapping_key: str | None = None,
    type_check: TypeCheckData | None = None,
    metadata: Mapping[str, AnyMetadataValue] = NO_METADATA,
    version: str | None = None,
) -> Event:
    """Say that a step gave an output, and what its type check found (None: there is nothing to check)."""
    data = StepOutputData(
        step_output_handle=StepOutputHandle(step.step_key, output_name, mapping_key),
        type_check_data=type_check,
        version=version,
        metadata=metadata,
    )
    return _of_step("STEP_OUTPUT", step, data)


def step_success(step: StepRef, duration_ms: float) -> Event:
    """Say that a step succeeded, after so many milliseconds."""
    return _of_step("STEP_SUCCESS", step, StepSuccessData(duration_ms=duration_ms))


def step_failed(
    step: StepRef,
    error: ErrorInfo | None,
    *,
    user_failure: UserFailureData | None = None,
    error_source: ErrorSource = ErrorSource.FRAMEWORK_ERROR,
    message: str | None = None,
) -> Event:
    """Say that a step failed, with whose fault it is and what the user said of it."""
    data = StepFailureData(error=error, user_failure_data=user_failure, error_source=error_source)
    return _of_step("STEP_FAILURE", step, data, message)


def step_up_for_retry(
    step: StepRef, error: ErrorInfo | None, seconds_to_wait: float | None = None, made_again: tuple[str, ...] = ()
) -> Event:
    """Say that a step failed and will run again, after so many seconds, or after other steps ran again."""
    data = StepRetryData(error=error, seconds_to_wait=seconds_to_wait, made_again=made_again)
    return _of_step("STEP_UP_FOR_RETRY", step, data)


def step_restarted(step: StepRef, previous_attempts: int) -> Event:
    """Say that a step runs again, after so many attempts before."""
    return _of_step("STEP_RESTARTED", step, StepRestartedData(attempt=previous_attempts + 1))


def step_skipped(
    step: StepRef,
    reason: str | None = None,
    upstream_step_keys: Iterable[str] = (),
    reasons: tuple[Reason, ...] = (),
    saved_seconds: float | None = None,
) -> Event:
    """Say that a step is not run, why (in words and as data), on account of which steps, and what time that saves."""
    if reason is None and not upstream_step_keys:
        return _of_step("STEP_SKIPPED", step)
    data = StepSkippedData(
        reason=reason, upstream_step_keys=tuple(upstream_step_keys), reasons=reasons, saved_seconds=saved_seconds
    )
    return _of_step("STEP_SKIPPED", step, data)


def loaded_input(
    step: StepRef,
    input_name: str,
    manager_key: str,
    *,
    upstream_output_name: str | None = None,
    upstream_step_key: str | None = None,
    metadata: Mapping[str, AnyMetadataValue] = NO_METADATA,
    message: str | None = None,
    contents: Sequence[tuple[str | None, str]] = (),
) -> Event:
    """Say that an IO manager loaded an input."""
    data = LoadedInputData(
        input_name=input_name,
        manager_key=manager_key,
        upstream_output_name=upstream_output_name,
        upstream_step_key=upstream_step_key,
        metadata=metadata,
        contents=contents,
    )
    return _of_step("LOADED_INPUT", step, data, message)


def handled_output(
    step: StepRef,
    output_name: str,
    manager_key: str,
    *,
    metadata: Mapping[str, AnyMetadataValue] = NO_METADATA,
    message: str | None = None,
) -> Event:
    """Say that an IO manager stored an output."""
    data = HandledOutputData(output_name=output_name, manager_key=manager_key, metadata=metadata)
    return _of_step("HANDLED_OUTPUT", step, data, message)


def asset_materialization(
    step: StepRef, materialization: AssetMaterialization, *, is_stored: bool = True, content: str | None = None
) -> Event:
    """Say that an asset was made; *is_stored* tells whether an IO manager has its value, *content* names its bytes."""
    data = StepMaterializationData(materialization, is_stored=is_stored, content=content)
    return _of_step("ASSET_MATERIALIZATION", step, data)


def asset_observation(step: StepRef, observation: AssetObservation) -> Event:
    """Say that an asset was observed."""
    return _of_step("ASSET_OBSERVATION", step, AssetObservationData(observation))


def asset_check_evaluation(step: StepRef, evaluation: AssetCheckEvaluation) -> Event:
    """Say what a check found."""
    return _of_step("ASSET_CHECK_EVALUATION", step, evaluation)


def expectation_result(step: StepRef, result: ExpectationResult) -> Event:
    """Say whether an expectation was met."""
    return _of_step("STEP_EXPECTATION_RESULT", step, StepExpectationResultData(result))


def hook_completed(step: StepRef, hook_name: str) -> Event:
    """Say that a hook ran."""
    return _of_step("HOOK_COMPLETED", step, HookCompletedData(hook_name))


def hook_skipped(step: StepRef, hook_name: str) -> Event:
    """Say that the condition of a hook did not hold."""
    return _of_step("HOOK_SKIPPED", step, HookSkippedData(hook_name))


def hook_errored(step: StepRef, error: ErrorInfo, hook_name: str) -> Event:
    """Say that a hook raised."""
    return _of_step("HOOK_ERRORED", step, HookErroredData(error, hook_name))


def step_worker_starting(step: StepRef, message: str, metadata: Mapping[str, AnyMetadataValue] = NO_METADATA) -> Event:
    """Say that a process for a step is being started."""
    return _of_step("STEP_WORKER_STARTING", step, EngineEventData(metadata, marker_start="step_process_start"), message)


def step_worker_started(step: StepRef, message: str, metadata: Mapping[str, AnyMetadataValue] = NO_METADATA) -> Event:
    """Say that the process for a step has started."""
    return _of_step("STEP_WORKER_STARTED", step, EngineEventData(metadata, marker_end="step_process_start"), message)


# -- a run -------------------------------------------------------------------------------------


def run_enqueued(
    job_name: str, code_location_name: str = "", repository_name: str = "", partition_key: str | None = None
) -> Event:
    """Say that a run was put into the queue."""
    data = RunEnqueuedData(code_location_name, repository_name, partition_key)
    return Event("PIPELINE_ENQUEUED", job_name, event_specific_data=data)


def run_dequeued(job_name: str) -> Event:
    """Say that a run was taken from the queue."""
    return Event("PIPELINE_DEQUEUED", job_name)


def run_starting(job_name: str) -> Event:
    """Say that a process for a run is being started."""
    return Event("PIPELINE_STARTING", job_name)


def run_started(job_name: str, *, pid: int | None = None) -> Event:
    """Say that a run started."""
    return Event("PIPELINE_START", job_name, pid=pid)


def run_succeeded(job_name: str, *, pid: int | None = None) -> Event:
    """Say that a run succeeded."""
    return Event("PIPELINE_SUCCESS", job_name, pid=pid)


def run_failed(
    job_name: str,
    error: ErrorInfo | None = None,
    *,
    reason: RunFailureReason | None = None,
    context_message: str | None = None,
    first_failed_step: str | None = None,
    pid: int | None = None,
) -> Event:
    """
    Say that a run failed.

    Args:
        job_name: The job.
        error: The error, if one is known.
        reason: Why it failed.
        context_message: What is added to the message, for instance which steps failed.
        first_failed_step: The first step that failed, if one did.
        pid: The process it happened in.
    """
    message = None if context_message is None else f'Execution of run for "{job_name}" failed. {context_message}'
    data = RunFailureData(error, reason, first_failed_step)
    return Event("PIPELINE_FAILURE", job_name, event_specific_data=data, message=message, pid=pid)


def run_canceling(job_name: str, message: str | None = None) -> Event:
    """Say that a run was asked to stop."""
    return Event("PIPELINE_CANCELING", job_name, message=message)


def run_canceled(
    job_name: str, error: ErrorInfo | None = None, *, message: str | None = None, pid: int | None = None
) -> Event:
    """Say that a run was canceled."""
    return Event("PIPELINE_CANCELED", job_name, event_specific_data=RunCanceledData(error), message=message, pid=pid)


def run_suspended(job_name: str, message: str | None = None) -> Event:
    """Say that a run was suspended."""
    return Event("RUN_SUSPENDED", job_name, message=message)


def run_resumed(job_name: str) -> Event:
    """Say that a run goes on after it was suspended."""
    return Event("RUN_RESUMED", job_name)


def asset_materialization_planned(
    job_name: str,
    step_key: str | None,
    asset_key: AssetKey,
    partition: str | None = None,
    partitions_subset: tuple[str, ...] | None = None,
) -> Event:
    """Say that a run is going to make an asset (a partition, or several, of it)."""
    data = AssetMaterializationPlannedData(asset_key, partition, partitions_subset)
    return Event("ASSET_MATERIALIZATION_PLANNED", job_name, event_specific_data=data, step_key=step_key)


def asset_check_evaluation_planned(
    job_name: str, step_key: str | None, asset_key: AssetKey, check_name: str, partition: str | None = None
) -> Event:
    """Say that a run is going to evaluate a check."""
    data = AssetCheckEvaluationPlanned(asset_key, check_name, partition)
    return Event("ASSET_CHECK_EVALUATION_PLANNED", job_name, event_specific_data=data, step_key=step_key)


def asset_failed_to_materialize(job_name: str, step_key: str | None, data: AssetFailedToMaterializeData) -> Event:
    """Say that an asset that was planned was not made."""
    return Event("ASSET_FAILED_TO_MATERIALIZE", job_name, event_specific_data=data, step_key=step_key)


def asset_wiped(asset_key: AssetKey, partition_keys: Iterable[str] | None = None) -> Event:
    """Say that the records of an asset were wiped (all, or of these partitions)."""
    keys = None if partition_keys is None else tuple(partition_keys)
    return Event("ASSET_WIPED", "", event_specific_data=AssetWipedData(asset_key, keys))


def engine_event(
    job_name: str,
    message: str,
    data: EngineEventData | None = None,
    *,
    step_key: str | None = None,
    pid: int | None = None,
) -> Event:
    """Say something about the engine's own work."""
    return Event(
        "ENGINE_EVENT",
        job_name,
        event_specific_data=EngineEventData() if data is None else data,
        message=message,
        step_key=step_key,
        pid=pid,
    )


def resource_init_started(job_name: str, resource_keys: Iterable[str], *, step_key: str | None = None) -> Event:
    """Say that resources are being set up."""
    return Event(
        "RESOURCE_INIT_STARTED",
        job_name,
        event_specific_data=EngineEventData(marker_start="resources"),
        message=f"Starting initialization of resources [{', '.join(sorted(resource_keys))}].",
        step_key=step_key,
    )


def resource_init_success(
    job_name: str,
    resource_keys: Iterable[str],
    metadata: Mapping[str, AnyMetadataValue] = NO_METADATA,
    *,
    step_key: str | None = None,
) -> Event:
    """Say that resources were set up; *metadata* tells what they are and how long each took."""
    return Event(
        "RESOURCE_INIT_SUCCESS",
        job_name,
        event_specific_data=EngineEventData(metadata, marker_end="resources"),
        message=f"Finished initialization of resources [{', '.join(sorted(resource_keys))}].",
        step_key=step_key,
    )


def resource_init_failure(
    job_name: str, resource_keys: Iterable[str], error: ErrorInfo, *, step_key: str | None = None
) -> Event:
    """Say that resources could not be set up."""
    return Event(
        "RESOURCE_INIT_FAILURE",
        job_name,
        event_specific_data=EngineEventData(error=error, marker_end="resources"),
        message=f"Initialization of resources [{', '.join(sorted(resource_keys))}] failed.",
        step_key=step_key,
    )


def logs_captured(job_name: str, data: LogsCapturedData, *, message: str | None = None) -> Event:
    """Say that what steps print is captured from here on."""
    return Event("LOGS_CAPTURED", job_name, event_specific_data=data, message=message)


def code_location_updated(code_location_name: str, new_version_key: str) -> Event:
    """Say that a code location was loaded anew."""
    return Event(
        "CODE_LOCATION_UPDATED", "", event_specific_data=CodeLocationUpdatedData(code_location_name, new_version_key)
    )
