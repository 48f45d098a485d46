"""
The event: one thing that happened in a run.

Built by the pure functions of ``build``, never written by being built. What people read
(``message``) is rendered from the payload when it is asked for; most messages never are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

import msgspec

from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events import messages
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from orrery.model.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    AssetWipedData,
    CodeLocationUpdatedData,
    EngineEventData,
    EventPayload,
    HandledOutputData,
    HookCompletedData,
    HookErroredData,
    HookSkippedData,
    LoadedInputData,
    LogsCapturedData,
    RunCanceledData,
    RunEnqueuedData,
    RunFailureData,
    StepExpectationResultData,
    StepFailureData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepRetryData,
    StepSuccessData,
)
from orrery.model.events.user import AssetMaterialization

__all__ = [
    "ASSET_EVENTS",
    "HOOK_EVENTS",
    "RUN_EVENTS",
    "STEP_EVENTS",
    "Event",
    "EventType",
    "given_message",
    "level_of",
]

P = TypeVar("P")


class EventType(str, Enum):
    """
    The kind of an event.

    The values are the words of the wire; those of runs begin with ``PIPELINE``, as they always have.
    """

    STEP_OUTPUT = "STEP_OUTPUT"
    STEP_INPUT = "STEP_INPUT"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_START = "STEP_START"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_SKIPPED = "STEP_SKIPPED"
    STEP_WORKER_STARTING = "STEP_WORKER_STARTING"
    STEP_WORKER_STARTED = "STEP_WORKER_STARTED"
    RESOURCE_INIT_STARTED = "RESOURCE_INIT_STARTED"
    RESOURCE_INIT_SUCCESS = "RESOURCE_INIT_SUCCESS"
    RESOURCE_INIT_FAILURE = "RESOURCE_INIT_FAILURE"
    STEP_UP_FOR_RETRY = "STEP_UP_FOR_RETRY"
    STEP_RESTARTED = "STEP_RESTARTED"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_MATERIALIZATION_PLANNED = "ASSET_MATERIALIZATION_PLANNED"
    ASSET_FAILED_TO_MATERIALIZE = "ASSET_FAILED_TO_MATERIALIZE"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    STEP_EXPECTATION_RESULT = "STEP_EXPECTATION_RESULT"
    ASSET_CHECK_EVALUATION_PLANNED = "ASSET_CHECK_EVALUATION_PLANNED"
    ASSET_CHECK_EVALUATION = "ASSET_CHECK_EVALUATION"
    ASSET_HEALTH_CHANGED = "ASSET_HEALTH_CHANGED"
    ASSET_WIPED = "ASSET_WIPED"
    RUN_ENQUEUED = "PIPELINE_ENQUEUED"
    RUN_DEQUEUED = "PIPELINE_DEQUEUED"
    RUN_STARTING = "PIPELINE_STARTING"
    RUN_START = "PIPELINE_START"
    RUN_SUCCESS = "PIPELINE_SUCCESS"
    RUN_FAILURE = "PIPELINE_FAILURE"
    RUN_CANCELING = "PIPELINE_CANCELING"
    RUN_CANCELED = "PIPELINE_CANCELED"
    RUN_SUSPENDED = "RUN_SUSPENDED"
    RUN_RESUMED = "RUN_RESUMED"
    PIPELINE_ENQUEUED = RUN_ENQUEUED
    PIPELINE_DEQUEUED = RUN_DEQUEUED
    PIPELINE_STARTING = RUN_STARTING
    PIPELINE_START = RUN_START
    PIPELINE_SUCCESS = RUN_SUCCESS
    PIPELINE_FAILURE = RUN_FAILURE
    PIPELINE_CANCELING = RUN_CANCELING
    PIPELINE_CANCELED = RUN_CANCELED
    OBJECT_STORE_OPERATION = "OBJECT_STORE_OPERATION"
    ASSET_STORE_OPERATION = "ASSET_STORE_OPERATION"
    LOADED_INPUT = "LOADED_INPUT"
    HANDLED_OUTPUT = "HANDLED_OUTPUT"
    ENGINE_EVENT = "ENGINE_EVENT"
    HOOK_COMPLETED = "HOOK_COMPLETED"
    HOOK_ERRORED = "HOOK_ERRORED"
    HOOK_SKIPPED = "HOOK_SKIPPED"
    ALERT_START = "ALERT_START"
    ALERT_SUCCESS = "ALERT_SUCCESS"
    ALERT_FAILURE = "ALERT_FAILURE"
    LOGS_CAPTURED = "LOGS_CAPTURED"
    FRESHNESS_STATE_EVALUATION = "FRESHNESS_STATE_EVALUATION"
    FRESHNESS_STATE_CHANGE = "FRESHNESS_STATE_CHANGE"
    CODE_LOCATION_UPDATED = "CODE_LOCATION_UPDATED"


STEP_EVENTS = frozenset(
    {
        "STEP_INPUT",
        "STEP_START",
        "STEP_OUTPUT",
        "STEP_FAILURE",
        "STEP_SUCCESS",
        "STEP_SKIPPED",
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "ASSET_CHECK_EVALUATION",
        "STEP_EXPECTATION_RESULT",
        "OBJECT_STORE_OPERATION",
        "HANDLED_OUTPUT",
        "LOADED_INPUT",
        "STEP_RESTARTED",
        "STEP_UP_FOR_RETRY",
    }
)
RUN_EVENTS = frozenset(
    {
        "PIPELINE_ENQUEUED",
        "PIPELINE_DEQUEUED",
        "PIPELINE_STARTING",
        "PIPELINE_START",
        "PIPELINE_SUCCESS",
        "PIPELINE_FAILURE",
        "PIPELINE_CANCELING",
        "PIPELINE_CANCELED",
        "RUN_SUSPENDED",
        "RUN_RESUMED",
    }
)
HOOK_EVENTS = frozenset({"HOOK_COMPLETED", "HOOK_ERRORED", "HOOK_SKIPPED"})
ASSET_EVENTS = frozenset(
    {
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "ASSET_MATERIALIZATION_PLANNED",
        "ASSET_FAILED_TO_MATERIALIZE",
        "ASSET_CHECK_EVALUATION",
        "ASSET_CHECK_EVALUATION_PLANNED",
        "ASSET_WIPED",
    }
)
_NAME_AN_ASSET = (AssetMaterializationPlannedData, AssetFailedToMaterializeData, AssetWipedData)
_NAME_A_CHECK = (AssetCheckEvaluation, AssetCheckEvaluationPlanned)
_NAME_A_PARTITION = (AssetMaterializationPlannedData, AssetFailedToMaterializeData, *_NAME_A_CHECK)
_ALERT_EVENTS = frozenset({"ALERT_START", "ALERT_SUCCESS", "ALERT_FAILURE"})
_FAILURE_EVENTS = frozenset(
    {"HOOK_ERRORED", "PIPELINE_FAILURE", "PIPELINE_CANCELED", "STEP_FAILURE", "RESOURCE_INIT_FAILURE"}
)


def level_of(event: Event) -> int:
    """Return the log level of *event*, as in ``logging``: 40 where something failed, else 10."""
    kind = event.event_type_value
    if kind in _FAILURE_EVENTS:
        return 40
    data = event.event_specific_data
    if kind == "ENGINE_EVENT" and isinstance(data, EngineEventData) and data.error is not None:
        return 40
    if kind == "ASSET_CHECK_EVALUATION" and isinstance(data, AssetCheckEvaluation) and not data.passed:
        return 30
    return 10


class _EventRecord(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    # The fields alone. ``Event`` puts properties over two of them, which a record cannot do itself.
    event_type_value: str
    job_name: str
    step_handle: Any = None
    node_handle: str | None = None
    step_kind_value: str | None = None
    logging_tags: Mapping[str, str] | None = None
    event_specific_data: EventPayload | None = None
    message: str | None = None
    pid: int | None = None
    step_key: str | None = None


given_message: Callable[[Event], str | None] = _EventRecord.__dict__["message"].__get__
"""Returns the text that an event was made with; None where it is to be rendered from the payload."""


class Event(_EventRecord, frozen=True, omit_defaults=True):
    """
    One thing that happened in a run.

    Attributes:
        event_type_value: The kind, as it stands on the wire.
        job_name: The job of the run.
        step_handle: Kept for compatibility; the step key as text, if given.
        node_handle: The node of the step, dotted inside graphs.
        step_kind_value: The kind of step, as a rule ``COMPUTE``.
        logging_tags: Tags for log lines about it.
        event_specific_data: What the kind carries.
        message: What people read; rendered from the payload if it was not given.
        pid: The process it happened in.
        step_key: The step it is about, if one.
    """

    @property  # type: ignore[misc]  # a property over a field: see _EventRecord
    def message(self) -> str:
        """Return what people read."""
        given = given_message(self)
        return messages.render(self) if given is None else given

    @property
    def event_type(self) -> EventType:
        """Return the kind of the event."""
        return EventType(self.event_type_value)

    @property
    def node_name(self) -> str | None:
        """Return the name of the node of the step, without the graphs around it."""
        return None if self.node_handle is None else self.node_handle.rsplit(".", 1)[-1]

    @property
    def step_kind(self) -> str | None:
        """Return the kind of the step."""
        return self.step_kind_value

    # -- kinds ---------------------------------------------------------------------------------

    @property
    def is_step_event(self) -> bool:
        """Tell whether it is about a step."""
        return self.event_type_value in STEP_EVENTS

    @property
    def is_hook_event(self) -> bool:
        """Tell whether it is about a hook."""
        return self.event_type_value in HOOK_EVENTS

    @property
    def is_alert_event(self) -> bool:
        """Tell whether it is about an alert."""
        return self.event_type_value in _ALERT_EVENTS

    @property
    def is_job_event(self) -> bool:
        """Tell whether it is about the run as a whole."""
        return self.event_type_value in RUN_EVENTS

    @property
    def is_run_event(self) -> bool:
        """Tell whether it is about the run as a whole."""
        return self.event_type_value in RUN_EVENTS

    @property
    def is_failure(self) -> bool:
        """Tell whether something failed: a step, a hook, a resource, the run."""
        return self.event_type_value in _FAILURE_EVENTS

    @property
    def is_job_success(self) -> bool:
        """Tell whether the run succeeded."""
        return self.event_type_value == "PIPELINE_SUCCESS"

    @property
    def is_job_failure(self) -> bool:
        """Tell whether the run failed."""
        return self.event_type_value == "PIPELINE_FAILURE"

    @property
    def is_run_failure(self) -> bool:
        """Tell whether the run failed."""
        return self.event_type_value == "PIPELINE_FAILURE"

    @property
    def is_step_start(self) -> bool:
        """Tell whether a step started."""
        return self.event_type_value == "STEP_START"

    @property
    def is_step_success(self) -> bool:
        """Tell whether a step succeeded."""
        return self.event_type_value == "STEP_SUCCESS"

    @property
    def is_step_failure(self) -> bool:
        """Tell whether a step failed."""
        return self.event_type_value == "STEP_FAILURE"

    @property
    def is_step_skipped(self) -> bool:
        """Tell whether a step was skipped."""
        return self.event_type_value == "STEP_SKIPPED"

    @property
    def is_step_up_for_retry(self) -> bool:
        """Tell whether a step failed and will run again."""
        return self.event_type_value == "STEP_UP_FOR_RETRY"

    @property
    def is_step_restarted(self) -> bool:
        """Tell whether a step runs again."""
        return self.event_type_value == "STEP_RESTARTED"

    @property
    def is_successful_output(self) -> bool:
        """Tell whether a step gave an output."""
        return self.event_type_value == "STEP_OUTPUT"

    @property
    def is_step_materialization(self) -> bool:
        """Tell whether an asset was made."""
        return self.event_type_value == "ASSET_MATERIALIZATION"

    @property
    def is_asset_observation(self) -> bool:
        """Tell whether an asset was observed."""
        return self.event_type_value == "ASSET_OBSERVATION"

    @property
    def is_asset_materialization_planned(self) -> bool:
        """Tell whether an asset is going to be made."""
        return self.event_type_value == "ASSET_MATERIALIZATION_PLANNED"

    @property
    def is_asset_failed_to_materialize(self) -> bool:
        """Tell whether an asset that was planned was not made."""
        return self.event_type_value == "ASSET_FAILED_TO_MATERIALIZE"

    @property
    def is_asset_check_evaluation(self) -> bool:
        """Tell whether a check was evaluated."""
        return self.event_type_value == "ASSET_CHECK_EVALUATION"

    @property
    def is_expectation_result(self) -> bool:
        """Tell whether a step told the result of an expectation."""
        return self.event_type_value == "STEP_EXPECTATION_RESULT"

    @property
    def is_engine_event(self) -> bool:
        """Tell whether the engine did something worth telling."""
        return self.event_type_value == "ENGINE_EVENT"

    @property
    def is_handled_output(self) -> bool:
        """Tell whether an IO manager stored an output."""
        return self.event_type_value == "HANDLED_OUTPUT"

    @property
    def is_loaded_input(self) -> bool:
        """Tell whether an IO manager loaded an input."""
        return self.event_type_value == "LOADED_INPUT"

    @property
    def is_resource_init_failure(self) -> bool:
        """Tell whether resources could not be set up."""
        return self.event_type_value == "RESOURCE_INIT_FAILURE"

    # -- payloads ------------------------------------------------------------------------------

    def _data(self, kind: type[P], *event_types: str) -> P:
        data = self.event_specific_data
        if isinstance(data, kind) and self.event_type_value in event_types:
            return data
        raise InvariantViolationError(
            f"An event of kind {self.event_type_value} carries no {kind.__name__}.",
            mend=f"ask it of events of kind {' or '.join(event_types)}; see event.event_type.",
        )

    @property
    def step_output_data(self) -> StepOutputData:
        """Return the payload of STEP_OUTPUT."""
        return self._data(StepOutputData, "STEP_OUTPUT")

    @property
    def step_input_data(self) -> StepInputData:
        """Return the payload of STEP_INPUT."""
        return self._data(StepInputData, "STEP_INPUT")

    @property
    def step_success_data(self) -> StepSuccessData:
        """Return the payload of STEP_SUCCESS."""
        return self._data(StepSuccessData, "STEP_SUCCESS")

    @property
    def step_failure_data(self) -> StepFailureData:
        """Return the payload of STEP_FAILURE."""
        return self._data(StepFailureData, "STEP_FAILURE")

    @property
    def step_retry_data(self) -> StepRetryData:
        """Return the payload of STEP_UP_FOR_RETRY."""
        return self._data(StepRetryData, "STEP_UP_FOR_RETRY")

    @property
    def step_materialization_data(self) -> StepMaterializationData:
        """Return the payload of ASSET_MATERIALIZATION."""
        return self._data(StepMaterializationData, "ASSET_MATERIALIZATION")

    @property
    def materialization(self) -> AssetMaterialization:
        """Return what was made."""
        return self.step_materialization_data.materialization

    @property
    def asset_observation_data(self) -> AssetObservationData:
        """Return the payload of ASSET_OBSERVATION."""
        return self._data(AssetObservationData, "ASSET_OBSERVATION")

    @property
    def asset_materialization_planned_data(self) -> AssetMaterializationPlannedData:
        """Return the payload of ASSET_MATERIALIZATION_PLANNED."""
        return self._data(AssetMaterializationPlannedData, "ASSET_MATERIALIZATION_PLANNED")

    @property
    def asset_failed_to_materialize_data(self) -> AssetFailedToMaterializeData:
        """Return the payload of ASSET_FAILED_TO_MATERIALIZE."""
        return self._data(AssetFailedToMaterializeData, "ASSET_FAILED_TO_MATERIALIZE")

    @property
    def asset_wiped_data(self) -> AssetWipedData:
        """Return the payload of ASSET_WIPED."""
        return self._data(AssetWipedData, "ASSET_WIPED")

    @property
    def asset_check_evaluation_data(self) -> AssetCheckEvaluation:
        """Return the payload of ASSET_CHECK_EVALUATION."""
        return self._data(AssetCheckEvaluation, "ASSET_CHECK_EVALUATION")

    @property
    def asset_check_planned_data(self) -> AssetCheckEvaluationPlanned:
        """Return the payload of ASSET_CHECK_EVALUATION_PLANNED."""
        return self._data(AssetCheckEvaluationPlanned, "ASSET_CHECK_EVALUATION_PLANNED")

    @property
    def step_expectation_result_data(self) -> StepExpectationResultData:
        """Return the payload of STEP_EXPECTATION_RESULT."""
        return self._data(StepExpectationResultData, "STEP_EXPECTATION_RESULT")

    @property
    def loaded_input_data(self) -> LoadedInputData:
        """Return the payload of LOADED_INPUT."""
        return self._data(LoadedInputData, "LOADED_INPUT")

    @property
    def handled_output_data(self) -> HandledOutputData:
        """Return the payload of HANDLED_OUTPUT."""
        return self._data(HandledOutputData, "HANDLED_OUTPUT")

    @property
    def engine_event_data(self) -> EngineEventData:
        """Return the payload of the engine's own events."""
        return self._data(
            EngineEventData,
            "ENGINE_EVENT",
            "RESOURCE_INIT_STARTED",
            "RESOURCE_INIT_SUCCESS",
            "RESOURCE_INIT_FAILURE",
            "STEP_WORKER_STARTING",
            "STEP_WORKER_STARTED",
        )

    @property
    def job_failure_data(self) -> RunFailureData:
        """Return the payload of RUN_FAILURE."""
        return self._data(RunFailureData, "PIPELINE_FAILURE")

    @property
    def run_failure_data(self) -> RunFailureData:
        """Return the payload of RUN_FAILURE."""
        return self._data(RunFailureData, "PIPELINE_FAILURE")

    @property
    def job_canceled_data(self) -> RunCanceledData:
        """Return the payload of RUN_CANCELED."""
        return self._data(RunCanceledData, "PIPELINE_CANCELED")

    @property
    def run_enqueued_data(self) -> RunEnqueuedData:
        """Return the payload of RUN_ENQUEUED."""
        return self._data(RunEnqueuedData, "PIPELINE_ENQUEUED")

    @property
    def hook_completed_data(self) -> HookCompletedData:
        """Return the payload of HOOK_COMPLETED."""
        return self._data(HookCompletedData, "HOOK_COMPLETED")

    @property
    def hook_errored_data(self) -> HookErroredData:
        """Return the payload of HOOK_ERRORED."""
        return self._data(HookErroredData, "HOOK_ERRORED")

    @property
    def hook_skipped_data(self) -> HookSkippedData:
        """Return the payload of HOOK_SKIPPED."""
        return self._data(HookSkippedData, "HOOK_SKIPPED")

    @property
    def logs_captured_data(self) -> LogsCapturedData:
        """Return the payload of LOGS_CAPTURED."""
        return self._data(LogsCapturedData, "LOGS_CAPTURED")

    @property
    def code_location_updated_data(self) -> CodeLocationUpdatedData:
        """Return the payload of CODE_LOCATION_UPDATED."""
        return self._data(CodeLocationUpdatedData, "CODE_LOCATION_UPDATED")

    # -- assets --------------------------------------------------------------------------------

    @property
    def asset_key(self) -> AssetKey | None:
        """Return the asset that the event is about: made, observed, planned, failed or wiped."""
        data = self.event_specific_data
        if isinstance(data, StepMaterializationData):
            return data.materialization.asset_key
        if isinstance(data, AssetObservationData):
            return data.asset_observation.asset_key
        if isinstance(data, _NAME_AN_ASSET):
            return data.asset_key
        return None

    @property
    def asset_check_key(self) -> AssetCheckKey | None:
        """Return the check that the event is about, if one."""
        data = self.event_specific_data
        if isinstance(data, _NAME_A_CHECK):
            return data.asset_check_key
        return None

    @property
    def partition(self) -> str | None:
        """Return the partition that the event is about, if one."""
        data = self.event_specific_data
        if isinstance(data, StepMaterializationData):
            return data.materialization.partition
        if isinstance(data, AssetObservationData):
            return data.asset_observation.partition
        if isinstance(data, _NAME_A_PARTITION):
            return data.partition
        return None

    @property
    def partitions_subset(self) -> tuple[str, ...] | None:
        """Return the partitions that are going to be made, if they are several."""
        data = self.event_specific_data
        return data.partitions_subset if isinstance(data, AssetMaterializationPlannedData) else None
