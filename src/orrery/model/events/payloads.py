"""
What an event carries besides its kind and its place: one record per kind of event.

All of them are told apart on the wire by a tag, so that a stored event is read back as it was
written; fields that a newer release added are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

import msgspec

from orrery.base.keys import AssetKey
from orrery.base.metadata import AnyMetadataValue
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.reuse import Provenance, Reason
from orrery.model.events.user import AssetMaterialization, AssetObservation, ExpectationResult

__all__ = [
    "AssetFailedToMaterializeData",
    "AssetMaterializationPlannedData",
    "AssetObservationData",
    "AssetWipedData",
    "CodeLocationUpdatedData",
    "EngineEventData",
    "ErrorSource",
    "EventPayload",
    "HandledOutputData",
    "HookCompletedData",
    "HookErroredData",
    "HookSkippedData",
    "LoadedInputData",
    "LogsCapturedData",
    "ObjectStoreOperationResultData",
    "RunCanceledData",
    "RunEnqueuedData",
    "RunFailureData",
    "RunFailureReason",
    "StepExpectationResultData",
    "StepFailureData",
    "StepInputData",
    "StepMaterializationData",
    "StepOutputData",
    "StepOutputHandle",
    "StepRestartedData",
    "StepRetryData",
    "StepSkippedData",
    "StepSuccessData",
    "TypeCheckData",
    "UnknownData",
    "UserFailureData",
]


class ErrorSource(Enum):
    """Whose fault an error is."""

    FRAMEWORK_ERROR = "FRAMEWORK_ERROR"
    USER_CODE_ERROR = "USER_CODE_ERROR"
    INTERRUPT = "INTERRUPT"
    UNEXPECTED_ERROR = "UNEXPECTED_ERROR"


class RunFailureReason(Enum):
    """Why a run failed."""

    UNEXPECTED_TERMINATION = "UNEXPECTED_TERMINATION"
    RUN_EXCEPTION = "RUN_EXCEPTION"
    STEP_FAILURE = "STEP_FAILURE"
    JOB_INITIALIZATION_FAILURE = "JOB_INITIALIZATION_FAILURE"
    START_TIMEOUT = "START_TIMEOUT"
    RUN_WORKER_RESTART = "RUN_WORKER_RESTART"
    UNKNOWN = "UNKNOWN"


class StepOutputHandle(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Name one output of one step.

    Attributes:
        step_key: The step.
        output_name: The output.
        mapping_key: Which value of a dynamic output.
    """

    step_key: str
    output_name: str = "result"
    mapping_key: str | None = None


class TypeCheckData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    What a type check found.

    Attributes:
        success: Whether the value is of the type.
        label: The input or output that was checked.
        description: What was found, for people.
        metadata: What was measured.
        type_name: The type, as people read it.
    """

    success: bool
    label: str
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}
    type_name: str = "Any"


class UserFailureData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    What the user said when raising ``Failure``.

    Attributes:
        label: A short name.
        description: What went wrong.
        metadata: What is known of it.
    """

    label: str
    description: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}


class StepOutputData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="step_output"):
    """
    A step gave an output.

    Attributes:
        step_output_handle: Which.
        type_check_data: What its type check found; None if there was nothing to check.
        version: The version of the output, if one was computed.
        metadata: What was said about the value.
    """

    step_output_handle: StepOutputHandle
    type_check_data: TypeCheckData | None = None
    version: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}

    @property
    def output_name(self) -> str:
        """Return the name of the output."""
        return self.step_output_handle.output_name

    @property
    def mapping_key(self) -> str | None:
        """Return which value of a dynamic output it is, if of one."""
        return self.step_output_handle.mapping_key


class StepInputData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="step_input"):
    """
    A step got an input.

    Attributes:
        input_name: Which.
        type_check_data: What its type check found; None if there was nothing to check.
    """

    input_name: str
    type_check_data: TypeCheckData | None = None


class StepSuccessData(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="step_success"):
    """
    A step succeeded.

    Attributes:
        duration_ms: How long it took, in milliseconds.
    """

    duration_ms: float


class StepFailureData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="step_failure"):
    """
    A step failed.

    Attributes:
        error: The error.
        user_failure_data: What the user said, if ``Failure`` was raised.
        error_source: Whose fault it is.
    """

    error: ErrorInfo | None
    user_failure_data: UserFailureData | None = None
    error_source: ErrorSource = ErrorSource.FRAMEWORK_ERROR

    @property
    def error_display_string(self) -> str:
        """Return the error as people read it."""
        if self.error is None:
            return ""
        if self.error_source is ErrorSource.USER_CODE_ERROR and self.error.cause is not None:
            return f"{self.error.message.strip()}:\n\n{self.error.cause.to_string()}"
        return self.error.to_string()


class StepRetryData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="step_retry"):
    """
    A step failed and will run again.

    Attributes:
        error: The error.
        seconds_to_wait: How long it waits before.
        made_again: Steps that were skipped, and whose stored values it found damaged: they run first.
    """

    error: ErrorInfo | None
    seconds_to_wait: float | None = None
    made_again: tuple[str, ...] = ()


class StepRestartedData(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag="step_restarted"):
    """
    A step runs again.

    Attributes:
        attempt: Which attempt it is, from 1; so 2 for the first repetition.
    """

    attempt: int


class StepSkippedData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="step_skipped"):
    """
    A step was not run.

    Attributes:
        reason: Why, for people.
        upstream_step_keys: The steps on account of which.
        reasons: Why, as data, where a stored value is used again.
        saved_seconds: How long making that value took.
    """

    reason: str | None = None
    upstream_step_keys: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    saved_seconds: float | None = None


class StepMaterializationData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="step_materialization"):
    """
    An asset was made.

    Attributes:
        materialization: What was made.
        asset_lineage: Kept for compatibility; empty.
        provenance: What it was made from, where a run made it.
        is_stored: Whether an IO manager has its value; False where the function stored it itself.
        content: Names the bytes that were stored, where the IO manager can tell them from others.
    """

    materialization: AssetMaterialization
    asset_lineage: Sequence[Any] = []
    provenance: Provenance | None = None
    is_stored: bool = True
    content: str | None = None


class AssetObservationData(msgspec.Struct, frozen=True, gc=False, tag="asset_observation"):
    """
    An asset was observed.

    Attributes:
        asset_observation: What was seen.
    """

    asset_observation: AssetObservation


class AssetMaterializationPlannedData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="asset_planned"):
    """
    A run is going to make an asset.

    Attributes:
        asset_key: The asset.
        partition: The partition, if it is one.
        partitions_subset: The partition keys, if they are several.
    """

    asset_key: AssetKey
    partition: str | None = None
    partitions_subset: tuple[str, ...] | None = None


class AssetFailedToMaterializeData(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="asset_failed"
):
    """
    An asset that was planned was not made.

    Attributes:
        asset_key: The asset.
        partition: The partition, if one.
        failure_type: ``FAILED`` or ``SKIPPED``.
        reason: Why: ``FAILED_TO_MATERIALIZE``, ``UPSTREAM_FAILED_TO_MATERIALIZE``, ``RUN_TERMINATED`` or ``UNKNOWN``.
        error: The error, if one is known.
        will_retry: Whether the run will be tried again.
    """

    asset_key: AssetKey
    partition: str | None = None
    failure_type: str = "FAILED"
    reason: str = "UNKNOWN"
    error: ErrorInfo | None = None
    will_retry: bool = False


class AssetWipedData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="asset_wiped"):
    """
    The records of an asset were wiped.

    Attributes:
        asset_key: The asset.
        partition_keys: The partitions; None for all of it.
    """

    asset_key: AssetKey
    partition_keys: tuple[str, ...] | None = None


class StepExpectationResultData(msgspec.Struct, frozen=True, gc=False, tag="step_expectation"):
    """
    A step told the result of an expectation.

    Attributes:
        expectation_result: The result.
    """

    expectation_result: ExpectationResult


class LoadedInputData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="loaded_input"):
    """
    An IO manager loaded an input.

    Attributes:
        input_name: Which.
        manager_key: The resource key of the IO manager.
        upstream_output_name: The output it comes from, if of a step.
        upstream_step_key: The step it comes from, if of a step.
        metadata: What was said about it.
        contents: Each partition (None for a value without), with the name of what was loaded of it; told to the run, which
            compares it with what it knows, and kept nowhere.
    """

    input_name: str
    manager_key: str
    upstream_output_name: str | None = None
    upstream_step_key: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}
    contents: Sequence[tuple[str | None, str]] = ()


class HandledOutputData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="handled_output"):
    """
    An IO manager stored an output.

    Attributes:
        output_name: Which.
        manager_key: The resource key of the IO manager.
        metadata: What was said about it.
    """

    output_name: str
    manager_key: str
    metadata: Mapping[str, AnyMetadataValue] = {}


class EngineEventData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="engine_event"):
    """
    The engine did something worth telling.

    Attributes:
        metadata: What is known of it.
        error: The error, if it went wrong.
        marker_start: Name of a span that begins here.
        marker_end: Name of a span that ends here.
    """

    metadata: Mapping[str, AnyMetadataValue] = {}
    error: ErrorInfo | None = None
    marker_start: str | None = None
    marker_end: str | None = None


class RunFailureData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="run_failure"):
    """
    A run failed.

    Attributes:
        error: The error, if one is known; where steps failed, that of the first.
        failure_reason: Why.
        first_step_failure_key: The first step that failed, if one did.
    """

    error: ErrorInfo | None = None
    failure_reason: RunFailureReason | None = None
    first_step_failure_key: str | None = None


class RunCanceledData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="run_canceled"):
    """
    A run was canceled.

    Attributes:
        error: The error, if one is known.
    """

    error: ErrorInfo | None = None


class RunEnqueuedData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="run_enqueued"):
    """
    A run was put into the queue.

    Attributes:
        code_location_name: Where its definitions are.
        repository_name: The repository there.
        partition_key: The partition it is for, if one.
    """

    code_location_name: str
    repository_name: str
    partition_key: str | None = None


class HookCompletedData(msgspec.Struct, frozen=True, gc=False, tag="hook_completed"):
    """
    A hook ran.

    Attributes:
        hook_name: Which.
    """

    hook_name: str = ""


class HookSkippedData(msgspec.Struct, frozen=True, gc=False, tag="hook_skipped"):
    """
    The condition of a hook did not hold.

    Attributes:
        hook_name: Which.
    """

    hook_name: str = ""


class HookErroredData(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag="hook_errored"):
    """
    A hook raised.

    Attributes:
        error: The error.
        hook_name: Which.
    """

    error: ErrorInfo
    hook_name: str = ""


class LogsCapturedData(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="logs_captured"):
    """
    What steps print is captured from here on.

    Attributes:
        file_key: Where it is kept.
        step_keys: The steps.
        external_url: Where to read it, if elsewhere.
        external_stdout_url: Where to read the standard output, if elsewhere.
        external_stderr_url: Where to read the standard error, if elsewhere.
    """

    file_key: str
    step_keys: tuple[str, ...] = ()
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None


class ObjectStoreOperationResultData(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="object_store"
):
    """
    A value was moved in an object store; kept for compatibility.

    Attributes:
        op: What was done.
        value_name: The value.
        metadata: What is known of it.
        address: Where it lies.
        version: Its version.
        mapping_key: Which value of a dynamic output.
    """

    op: str
    value_name: str | None = None
    metadata: Mapping[str, AnyMetadataValue] = {}
    address: str | None = None
    version: str | None = None
    mapping_key: str | None = None


class CodeLocationUpdatedData(msgspec.Struct, frozen=True, gc=False, tag="code_location_updated"):
    """
    A code location was loaded anew.

    Attributes:
        code_location_name: Which.
        new_version_key: Its version.
    """

    code_location_name: str
    new_version_key: str


class UnknownData(msgspec.Struct, frozen=True, gc=False, tag="unknown"):
    """
    What an event of a newer release carries, and this one does not know.

    Attributes:
        kind: The tag it was written under.
        data: Its fields.
    """

    kind: str
    data: dict[str, Any]


EventPayload: TypeAlias = (
    AssetCheckEvaluation
    | AssetCheckEvaluationPlanned
    | AssetFailedToMaterializeData
    | AssetMaterializationPlannedData
    | AssetObservationData
    | AssetWipedData
    | CodeLocationUpdatedData
    | EngineEventData
    | HandledOutputData
    | HookCompletedData
    | HookErroredData
    | HookSkippedData
    | LoadedInputData
    | LogsCapturedData
    | ObjectStoreOperationResultData
    | RunCanceledData
    | RunEnqueuedData
    | RunFailureData
    | StepExpectationResultData
    | StepFailureData
    | StepInputData
    | StepMaterializationData
    | StepOutputData
    | StepRestartedData
    | StepRetryData
    | StepSkippedData
    | StepSuccessData
    | UnknownData
)
"""Every payload: what ``Event.event_specific_data`` is decoded into."""
