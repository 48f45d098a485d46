"""What a tick of a schedule or sensor gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from orrery.base.errors import InvariantViolationError
from orrery.base.records import Replaceable
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.records.run_request import RunRequest, SkipReason

__all__ = ["ScheduleExecutionData", "SensorExecutionData", "SensorResult", "SensorReturnTypesUnion"]

_EVENTS = (AssetMaterialization, AssetObservation, AssetCheckEvaluation)


class SensorResult(Replaceable, msgspec.Struct, frozen=True):
    """
    Say all that a tick of a sensor wishes.

    Attributes:
        run_requests: Runs to launch.
        skip_reason: Why none is launched; a text or a :class:`SkipReason`.
        cursor: What the next tick shall see as ``context.cursor``.
        dynamic_partitions_requests: Dynamic partitions to add or take away before the runs.
        asset_events: Materializations, observations and check evaluations to record.
        automation_condition_evaluations: Evaluations of automation conditions.
    """

    run_requests: Sequence[RunRequest] | None = None
    skip_reason: str | SkipReason | None = None
    cursor: str | None = None
    dynamic_partitions_requests: Sequence[Any] | None = None
    asset_events: Sequence[Any] | None = None
    automation_condition_evaluations: Sequence[Any] | None = None

    def __post_init__(self) -> None:
        fill = msgspec.structs.force_setattr
        for name in ("run_requests", "dynamic_partitions_requests", "asset_events", "automation_condition_evaluations"):
            fill(self, name, list(getattr(self, name) or ()))
        for each in self.run_requests or ():
            if not isinstance(each, RunRequest):
                raise InvariantViolationError(f"run_requests of a SensorResult holds {each!r}, which is no RunRequest.")
        for each in self.asset_events or ():
            if not isinstance(each, _EVENTS):
                raise InvariantViolationError(
                    f"asset_events of a SensorResult holds {each!r}.",
                    mend="give AssetMaterialization, AssetObservation or AssetCheckEvaluation.",
                )
        if isinstance(self.skip_reason, str):
            fill(self, "skip_reason", SkipReason(self.skip_reason))
        if self.run_requests and self.skip_reason is not None:
            raise InvariantViolationError(
                "Expected a single skip reason or one or more run requests: received values for both run_requests and "
                "skip_reason.",
                mend="give one of them.",
            )


SensorReturnTypesUnion = RunRequest | SkipReason | SensorResult
"""What the function of a sensor may return, or yield, or return in a list."""


class ScheduleExecutionData(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a tick of a schedule gives.

    Attributes:
        run_requests: Runs to launch.
        skip_message: Why none is launched, if none is.
        log_key: Where what the function logged was kept.
    """

    run_requests: Sequence[RunRequest] = []
    skip_message: str | None = None
    log_key: Sequence[str] | None = None


class SensorExecutionData(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a tick of a sensor gives.

    Attributes:
        run_requests: Runs to launch.
        skip_message: Why none is launched, if none is.
        cursor: What the next tick shall see.
        dagster_run_reactions: Runs that a run status sensor reacted to.
        log_key: Where what the function logged was kept.
        dynamic_partitions_requests: Dynamic partitions to add or take away before the runs.
        asset_events: Events to record.
        automation_condition_evaluations: Evaluations of automation conditions.
    """

    run_requests: Sequence[RunRequest] = []
    skip_message: str | None = None
    cursor: str | None = None
    dagster_run_reactions: Sequence[Any] = []
    log_key: Sequence[str] | None = None
    dynamic_partitions_requests: Sequence[Any] = []
    asset_events: Sequence[Any] = []
    automation_condition_evaluations: Sequence[Any] = []
