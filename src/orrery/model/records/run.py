"""
The run: what was asked for, and how it stands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, StorageError
from orrery.base.keys import AssetCheckKey, AssetKey, EntityKey
from orrery.base.records import Replaceable
from orrery.base.tags import (
    ASSET_PARTITION_RANGE_START_TAG,
    AUTO_RETRY_RUN_ID_TAG,
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    REPOSITORY_LABEL_TAG,
    RESUME_RETRY_TAG,
    ROOT_RUN_ID_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
    TICK_ID_TAG,
    WILL_RETRY_TAG,
    canonical_tag,
    normalize_run_tags,
)
from orrery.base.wire import Decoder, from_wire, to_wire
from orrery.model.records.run_pools import RunOpConcurrency

__all__ = [
    "ACTIVE_RUN_STATUSES",
    "CANCELABLE_RUN_STATUSES",
    "FINISHED_STATUSES",
    "IN_PROGRESS_RUN_STATUSES",
    "NOT_FINISHED_STATUSES",
    "Run",
    "RunRecord",
    "RunStatus",
    "RunsFilter",
    "decode_run",
    "encode_run",
]

_put = msgspec.structs.force_setattr


class RunStatus(Enum):
    """How a run stands."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUSPENDED = "SUSPENDED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"


FINISHED_STATUSES = frozenset({RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED})
ACTIVE_RUN_STATUSES = frozenset({RunStatus.STARTING, RunStatus.STARTED, RunStatus.CANCELING})
IN_PROGRESS_RUN_STATUSES = ACTIVE_RUN_STATUSES | {RunStatus.SUSPENDED}
NOT_FINISHED_STATUSES = IN_PROGRESS_RUN_STATUSES | {RunStatus.QUEUED, RunStatus.NOT_STARTED}
CANCELABLE_RUN_STATUSES = frozenset({RunStatus.STARTED, RunStatus.QUEUED})


_DEFAULTS: tuple[tuple[str, Any], ...] = (
    ("run_id", ""),
    ("run_config", {}),
    ("status", RunStatus.NOT_STARTED),
    ("tags", {}),
    ("has_repository_load_data", False),
)


class Run(Replaceable, msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One execution of a job: what was asked for, and how it stands.

    Attributes:
        job_name: The job.
        run_id: Names the run, as a rule a UUID; empty until the instance that keeps it gives one.
        run_config: The config it runs with.
        asset_selection: The assets it makes; None for all of the job.
        asset_check_selection: The checks it evaluates; None for those of the assets.
        op_selection: The ops it runs, as the user wrote them; None for all.
        resolved_op_selection: The ops it runs.
        step_keys_to_execute: The steps it runs; None for all.
        status: How it stands.
        tags: Text by name.
        root_run_id: The first run of the chain of repetitions it belongs to.
        parent_run_id: The run that it repeats.
        job_snapshot_id: Names the job as it was.
        execution_plan_snapshot_id: Names the plan as it was.
        remote_job_origin: Where the job is defined, for launchers.
        job_code_origin: Where the job's code is, for launchers.
        has_repository_load_data: Whether its code location keeps data for loading it again.
        run_op_concurrency: What its steps take of pools; None for nothing.
        partitions_subset: The partitions it makes, if they are several.
    """

    job_name: str
    run_id: str = ""
    run_config: Mapping[str, Any] = {}
    asset_selection: frozenset[AssetKey] | None = None
    asset_check_selection: frozenset[AssetCheckKey] | None = None
    op_selection: Sequence[str] | None = None
    resolved_op_selection: frozenset[str] | None = None
    step_keys_to_execute: Sequence[str] | None = None
    status: RunStatus = RunStatus.NOT_STARTED
    tags: Mapping[str, str] = {}
    root_run_id: str | None = None
    parent_run_id: str | None = None
    job_snapshot_id: str | None = None
    execution_plan_snapshot_id: str | None = None
    remote_job_origin: Any = None
    job_code_origin: Any = None
    has_repository_load_data: bool = False
    run_op_concurrency: RunOpConcurrency | None = None
    partitions_subset: Any = None

    def __post_init__(self) -> None:
        if (self.root_run_id is None) != (self.parent_run_id is None):
            raise InvariantViolationError(
                f"Run '{self.run_id}' of job '{self.job_name}' names a root run or a parent run, but not both.",
                mend="give root_run_id= and parent_run_id=; for the first repetition they are the same.",
            )
        for name, default in _DEFAULTS:
            if getattr(self, name) is None:
                _put(self, name, default)
        if self.tags:
            _put(self, "tags", normalize_run_tags(self.tags))
        for name in ("asset_selection", "asset_check_selection", "resolved_op_selection"):
            given = getattr(self, name)
            if given is not None and given.__class__ is not frozenset:
                _put(self, name, frozenset(given))

    # -- how it stands -------------------------------------------------------------------------

    @property
    def is_finished(self) -> bool:
        """Tell whether it succeeded, failed or was canceled."""
        return self.status in FINISHED_STATUSES

    @property
    def is_cancelable(self) -> bool:
        """Tell whether it can be asked to stop."""
        return self.status in CANCELABLE_RUN_STATUSES

    @property
    def is_success(self) -> bool:
        """Tell whether it succeeded."""
        return self.status is RunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        """Tell whether it failed."""
        return self.status is RunStatus.FAILURE

    @property
    def is_failure_or_canceled(self) -> bool:
        """Tell whether it failed or was canceled."""
        return self.status is RunStatus.FAILURE or self.status is RunStatus.CANCELED

    @property
    def is_resume_retry(self) -> bool:
        """Tell whether it goes on where another run failed."""
        return self.tags.get(RESUME_RETRY_TAG) == "true"

    @property
    def is_complete_and_waiting_to_retry(self) -> bool:
        """Tell whether it failed, will be tried again, and is not yet."""
        return (
            self.status is RunStatus.FAILURE
            and self.tags.get(WILL_RETRY_TAG) == "true"
            and AUTO_RETRY_RUN_ID_TAG not in self.tags
        )

    @property
    def is_partitioned(self) -> bool:
        """Tell whether it is about partitions."""
        return PARTITION_NAME_TAG in self.tags or ASSET_PARTITION_RANGE_START_TAG in self.tags

    # -- what it is about ----------------------------------------------------------------------

    @property
    def entity_selection(self) -> AbstractSet[EntityKey] | None:
        """Return the assets and checks it is about; None for all of the job."""
        if self.asset_selection is None:
            return None
        return frozenset[EntityKey](self.asset_selection) | (self.asset_check_selection or frozenset())

    @property
    def previous_run_id(self) -> str | None:
        """Return the run that it repeats."""
        return self.parent_run_id

    def get_root_run_id(self) -> str | None:
        """Return the first run of its chain of repetitions, if it repeats one."""
        return self.tags.get(ROOT_RUN_ID_TAG)

    def get_parent_run_id(self) -> str | None:
        """Return the run that it repeats, if it does."""
        return self.tags.get(PARENT_RUN_ID_TAG)

    @property
    def dagster_execution_info(self) -> Mapping[str, str]:
        """Return what a process needs to know to take part in the run, by variable name."""
        info = {"ORRERY_RUN_JOB_NAME": self.job_name}
        label = self.tags.get(REPOSITORY_LABEL_TAG)
        return {**info, "ORRERY_RUN_REPOSITORY": label} if label else info

    # -- changed copies ------------------------------------------------------------------------

    def with_status(self, status: RunStatus) -> Run:
        """Return the run with another status."""
        return msgspec.structs.replace(self, status=status)

    def with_tags(self, tags: Mapping[str, str]) -> Run:
        """Return the run with *tags* in place of its own."""
        return msgspec.structs.replace(self, tags=tags)

    def with_job_origin(self, origin: Any) -> Run:
        """Return the run with another place of definition."""
        return msgspec.structs.replace(self, remote_job_origin=origin)

    def tags_for_storage(self) -> Mapping[str, str]:
        """Return the tags as they are kept beside it, so that runs can be found by them."""
        origin = self.remote_job_origin
        label = getattr(getattr(origin, "repository_origin", None), "get_label", None)
        return {**self.tags, REPOSITORY_LABEL_TAG: label()} if callable(label) else dict(self.tags)

    @staticmethod
    def tags_for_schedule(schedule: Any) -> Mapping[str, str]:
        """Return the tags of runs that *schedule* launches."""
        return {SCHEDULE_NAME_TAG: schedule.name}

    @staticmethod
    def tags_for_sensor(sensor: Any) -> Mapping[str, str]:
        """Return the tags of runs that *sensor* launches."""
        return {SENSOR_NAME_TAG: sensor.name}

    @staticmethod
    def tags_for_backfill_id(backfill_id: str) -> Mapping[str, str]:
        """Return the tags of runs of a backfill."""
        return {BACKFILL_ID_TAG: backfill_id}

    @staticmethod
    def tags_for_tick_id(tick_id: str, has_evaluations: bool = False) -> Mapping[str, str]:
        """Return the tags of runs that a tick launches."""
        from_tick = {TICK_ID_TAG: tick_id}
        return {**from_tick, AUTOMATION_CONDITION_TAG: "true"} if has_evaluations else from_tick


class RunRecord(NamedTuple):
    """
    A stored run, which can be taken apart as the tuple that it is.

    Attributes:
        storage_id: Its row.
        dagster_run: The run.
        create_timestamp: When it was made (aware, UTC).
        update_timestamp: When it last changed (aware, UTC).
        start_time: When it started, in seconds since 1970 (UTC).
        end_time: When it ended, in seconds since 1970 (UTC).
    """

    storage_id: int
    dagster_run: Run
    create_timestamp: datetime
    update_timestamp: datetime
    start_time: float | None = None
    end_time: float | None = None

    @property
    def run(self) -> Run:
        """Return the run."""
        return self.dagster_run


class RunsFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Which runs are asked for; each field that is given narrows the choice.

    Attributes:
        run_ids: These runs.
        job_name: Of this job.
        statuses: That stand so.
        tags: With these tags; a sequence means any of its values.
        snapshot_id: With this snapshot of the job.
        updated_after: Changed after this instant.
        updated_before: Changed before this instant.
        created_after: Made after this instant.
        created_before: Made before this instant.
        exclude_subruns: Without the runs of backfills.
    """

    run_ids: Sequence[str] | None = None
    job_name: str | None = None
    statuses: Sequence[RunStatus] = ()
    tags: Mapping[str, str | Sequence[str]] = {}
    snapshot_id: str | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    exclude_subruns: bool | None = None

    def __post_init__(self) -> None:
        if self.run_ids is not None and not self.run_ids:
            raise InvariantViolationError(
                "When filtering on run ids, a non-empty list must be used.",
                mend="leave run_ids out to ask for all runs.",
            )
        _put(self, "statuses", list(self.statuses or ()))
        for status in self.statuses:
            if not isinstance(status, RunStatus):
                raise InvalidDefinitionError(
                    f"A status in RunsFilter is a RunStatus, not {status!r} ({type(status).__name__}).",
                    mend="write RunStatus.SUCCESS or another status.",
                )
        _put(self, "tags", _wanted_tags(self.tags or {}))

    @staticmethod
    def for_schedule(schedule: Any) -> RunsFilter:
        """Return the filter for runs that *schedule* launched."""
        return RunsFilter(tags=Run.tags_for_schedule(schedule))

    @staticmethod
    def for_sensor(sensor: Any) -> RunsFilter:
        """Return the filter for runs that *sensor* launched."""
        return RunsFilter(tags=Run.tags_for_sensor(sensor))

    @staticmethod
    def for_backfill(backfill_id: str) -> RunsFilter:
        """Return the filter for runs of a backfill."""
        return RunsFilter(tags=Run.tags_for_backfill_id(backfill_id))

    def passes(self, run: Run, *, created: datetime, updated: datetime) -> bool:
        """
        Tell whether a run passes; which ids are asked for is not looked at.

        Args:
            run: The run.
            created: When it was made (aware).
            updated: When it last changed (aware).
        """
        if self.job_name is not None and run.job_name != self.job_name:
            return False
        if self.statuses and run.status not in self.statuses:
            return False
        if self.snapshot_id is not None and run.job_snapshot_id != self.snapshot_id:
            return False
        if self.exclude_subruns and BACKFILL_ID_TAG in run.tags:
            return False
        for key, wanted in self.tags.items():
            value = run.tags.get(key)
            if value is None or (value != wanted if isinstance(wanted, str) else value not in wanted):
                return False
        return (
            (self.updated_after is None or updated > self.updated_after)
            and (self.updated_before is None or updated < self.updated_before)
            and (self.created_after is None or created > self.created_after)
            and (self.created_before is None or created < self.created_before)
        )


def _wanted_tags(tags: Any) -> dict[str, str | Sequence[str]]:
    if not isinstance(tags, Mapping):
        raise InvalidDefinitionError(
            f"The tags in RunsFilter are a mapping, not {tags!r} ({type(tags).__name__}).",
            mend='write RunsFilter(tags={"team": "data"}).',
        )
    for key, value in tags.items():
        values = [value] if isinstance(value, str) else value
        if not (isinstance(values, Collection) and all(isinstance(each, str) for each in (key, *values))):
            raise InvalidDefinitionError(
                f"A tag in RunsFilter is text with a text or several, not {key!r}: {value!r}.",
                mend='write RunsFilter(tags={"team": "data"}), or {"team": ["data", "web"]} for either.',
            )
    return {canonical_tag(key): value for key, value in tags.items()}


_encoder = msgspec.json.Encoder(enc_hook=to_wire)
_decoder = Decoder(Run)


def encode_run(run: Run) -> bytes:
    """
    Return the stored form of *run*: one line of JSON.

    Numbers that JSON cannot say (NaN, infinities) and text that UTF-8 cannot say are written as
    Python's ``json`` writes them, so that the config that is read back is the config that was given.
    """
    if _is_finite(run.run_config):
        try:
            return _encoder.encode(run)
        except UnicodeEncodeError:
            pass  # and so as below
    return json.dumps(msgspec.to_builtins(run, enc_hook=to_wire), separators=(",", ":")).encode()


def decode_run(data: bytes | str) -> Run:
    """
    Return the run that ``encode_run`` wrote, in this release or another.

    Raises:
        StorageError: *data* is no such form.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            return msgspec.convert(json.loads(data), Run, dec_hook=from_wire)
        except (ValueError, msgspec.ValidationError) as error:
            raise StorageError(
                f"A stored run cannot be read: {error}.", mend="restore the records from a copy, or delete the run."
            ) from error


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return True
