"""
The instance: a frozen bundle of ports, with the questions that people ask of it.

Every method is a question or a report of one line or a few over the ports; what needs more is a
function beside it (``runs``, ``assets``). An instance is made by the wiring (``orrery.api.wiring``), which
knows the adapters; the static methods here reach it at their first call.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from orrery.base.arguments import check_kind
from orrery.base.clock import Clock
from orrery.base.errors import InvalidInvocationError, InvariantViolationError, RunNotFoundError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.entry import (
    AssetRecordsFilter,
    EventLogEntry,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunStatusChangeRecordsFilter,
)
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import (
    AssetObservationData,
    EngineEventData,
    RunFailureData,
    RunFailureReason,
    StepMaterializationData,
)
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.partitions.keys import check_partition_keys
from orrery.model.records.asset import AssetCheckExecutionRecord, AssetRecord, check_execution
from orrery.model.records.run import FINISHED_STATUSES, Run, RunRecord, RunsFilter, RunStatus
from orrery.model.records.run_pools import RunOpConcurrency
from orrery.model.records.stats import RunStats, StepStats, run_stats, step_stats
from orrery.model.records.upkeep import PruneReport
from orrery.runtime.instance import assets as _assets
from orrery.runtime.instance import launching as _launching
from orrery.runtime.instance import queue as _queue
from orrery.runtime.instance import runs as _runs
from orrery.runtime.instance import termination as _termination
from orrery.runtime.instance.assets import AssetPartitionStatus
from orrery.runtime.instance.clock import SystemClock
from orrery.runtime.instance.leases import LeaseKeeper
from orrery.runtime.instance.lost_runs import report_lost_runs
from orrery.runtime.instance.ref import InstanceRef
from orrery.runtime.instance.retention import keep_retention
from orrery.runtime.instance.secrets import without_passwords
from orrery.runtime.instance.termination import GRACE_SECONDS
from orrery.runtime.ports.backfills import BackfillStorage
from orrery.runtime.ports.compute_logs import ComputeLogManager
from orrery.runtime.ports.event_log import AssetState, CheckState, EventLogConnection, EventLogStorage
from orrery.runtime.ports.leases import LeaseStorage
from orrery.runtime.ports.run_coordinator import RunCoordinator, SubmitRunContext
from orrery.runtime.ports.run_launcher import RunLauncher
from orrery.runtime.ports.runs import RUN_ORDERS, RunStorage
from orrery.runtime.ports.schedules import ScheduleStorage
from orrery.runtime.ports.upkeep import RecordsUpkeep
from orrery.runtime.ports.write_barrier import WriteBarrier

__all__ = ["Instance"]

_WIRING = "orrery.api.wiring.instance"
_EPHEMERAL = "orrery.api.wiring.ephemeral"
_INFO = 20
_ERROR = 40

EventListener = Callable[[EventLogEntry, str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Instance:
    """
    Everything that outlives a run: its records, its values, and who launches it.

    Get one with :meth:`get` (that of the project), :meth:`ephemeral` (in memory) or :meth:`local_temp`
    (on disk, in a directory that is removed). Use it as a context manager, or call :meth:`dispose`.

    Attributes:
        event_log: Keeps events.
        runs: Keeps runs.
        schedules: Keeps states and ticks of schedules and sensors.
        backfills: Keeps backfills and their runs.
        compute_logs: Captures output; None where nothing is captured.
        launcher: Starts processes for runs; None where there is none.
        coordinator: Decides when a submitted run is launched; None for at once.
        keeper: Keeps the leases of this process on runs; None where no run is known by its process.
        upkeep: Looks after its records; None where they end with the process.
        home: Where files of this instance lie (absolute), or a function that makes and tells it.
        settings: Settings, by name.
        clock: Tells the time.
        write_barriers: Makes a barrier for the values of a run.
        scratch: What adapters keep for as long as this instance lives.
        on_dispose: Called when it is disposed, last first.
    """

    event_log: EventLogStorage
    runs: RunStorage
    schedules: ScheduleStorage
    backfills: BackfillStorage
    home: str | Callable[[], str]
    compute_logs: ComputeLogManager | None = None
    launcher: RunLauncher | None = None
    coordinator: RunCoordinator | None = None
    keeper: LeaseKeeper | None = None
    upkeep: RecordsUpkeep | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)
    write_barriers: Callable[[], WriteBarrier] | None = None
    scratch: dict[str, Any] = field(default_factory=dict)
    on_dispose: list[Callable[[], None]] = field(default_factory=list)
    _listeners: dict[str, list[EventListener]] = field(default_factory=dict)

    # -- making --------------------------------------------------------------------------------

    @staticmethod
    def get() -> Instance:
        """
        Return the instance of this project: the directory that ``ORRERY_HOME`` names, or ``.orrery``.

        Raises:
            StorageError: The directory cannot be used.
        """
        instance: Instance = importlib.import_module(_WIRING).open_instance()
        return instance

    @staticmethod
    def ephemeral(
        tempdir: str | None = None, preload: Sequence[Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Instance:
        """
        Return a new instance that keeps its records in memory.

        Args:
            tempdir: Directory for files; by default a temporary one, made when it is needed.
            preload: Runs with their events, to begin with: pairs of a run and its entries.
            settings: Settings, by name.
        """
        instance: Instance = importlib.import_module(_EPHEMERAL).ephemeral_instance(
            tempdir=tempdir, preload=preload, settings=settings
        )
        return instance

    @staticmethod
    def local_temp(tempdir: str | None = None, overrides: Mapping[str, Any] | None = None) -> Instance:
        """
        Return a persistent instance in a temporary directory.

        Args:
            tempdir: The directory, which then stays; by default one that is removed on ``dispose``.
            overrides: Settings, by name.
        """
        instance: Instance = importlib.import_module(_WIRING).temporary_instance(tempdir=tempdir, overrides=overrides)
        return instance

    @staticmethod
    def from_ref(instance_ref: InstanceRef) -> Instance:
        """Return the instance that *instance_ref*, made in another process, names."""
        instance: Instance = importlib.import_module(_WIRING).instance_from_ref(instance_ref)
        return instance

    @staticmethod
    def from_config(config_dir: str, config_filename: str = "orrery.yaml") -> Instance:
        """Return the instance whose home is *config_dir*, with the settings in its file."""
        instance: Instance = importlib.import_module(_WIRING).open_instance(config_dir, config_filename)
        return instance

    def get_ref(self) -> InstanceRef:
        """
        Return what another process needs to open the same instance.

        Raises:
            InvariantViolationError: It lives in this process only.
        """
        if not self.is_persistent:
            raise InvariantViolationError(
                "An ephemeral instance lives in this process only: no other can open it.",
                mend="use Instance.get() or Instance.local_temp() for runs in more than one process.",
            )
        return InstanceRef(home=self.root_directory, settings=self.settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()

    def dispose(self) -> None:
        """Make everything durable and let go of files, threads and processes; may be called twice."""
        for port in (self.coordinator, self.launcher, self.compute_logs):
            if port is not None:
                port.dispose()
        if self.keeper is not None:
            self.keeper.dispose()
        self.event_log.dispose()
        self.runs.dispose()
        while self.on_dispose:
            self.on_dispose.pop()()

    # -- what it is ----------------------------------------------------------------------------

    @property
    def is_ephemeral(self) -> bool:
        """Tell whether its records live in this process only."""
        return not self.event_log.is_persistent

    @property
    def is_persistent(self) -> bool:
        """Tell whether its records outlive this process."""
        return self.event_log.is_persistent

    @property
    def root_directory(self) -> str:
        """Return where files of this instance lie (absolute); the directory exists from then on."""
        return self.home if isinstance(self.home, str) else self.home()

    @property
    def event_log_storage(self) -> EventLogStorage:
        """Return the port that keeps events."""
        return self.event_log

    @property
    def run_storage(self) -> RunStorage:
        """Return the port that keeps runs."""
        return self.runs

    @property
    def schedule_storage(self) -> ScheduleStorage:
        """Return the port that keeps ticks."""
        return self.schedules

    @property
    def leases(self) -> LeaseStorage | None:
        """Return the port that keeps leases and pools."""
        return None if self.keeper is None else self.keeper.storage

    @property
    def compute_log_manager(self) -> ComputeLogManager | None:
        """Return the port that captures output."""
        return self.compute_logs

    @property
    def run_launcher(self) -> RunLauncher | None:
        """Return the port that starts processes for runs."""
        return self.launcher

    @property
    def run_coordinator(self) -> RunCoordinator | None:
        """Return the port that decides when runs are launched."""
        return self.coordinator

    def get_settings(self, settings_key: str) -> Any:
        """Return the settings under this name; an empty mapping if there are none."""
        return self.settings.get(settings_key, {})

    @property
    def managed_python_loggers(self) -> Sequence[str]:
        """Return the names of the loggers of Python whose lines are kept with runs."""
        return list(self._python_logs.get("managed_python_loggers") or ())

    @property
    def python_log_level(self) -> str | None:
        """Return the least level of log lines that are kept, by name, or None."""
        level = self._python_logs.get("python_log_level")
        return str(level).upper() if level is not None else None

    @property
    def _python_logs(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.get_settings("python_logs") or {}
        return found

    def storage_directory(self) -> str:
        """Return the directory for stored values."""
        return os.path.join(self.root_directory, "storage")

    def file_manager_directory(self, run_id: str) -> str:
        """Return the directory for the files that a run's file manager keeps."""
        return os.path.join(self.storage_directory(), run_id, "files")

    def schedules_directory(self) -> str:
        """Return the directory for the logs of schedules."""
        return os.path.join(self.root_directory, "schedules")

    def info_dict(self) -> dict[str, Any]:
        """Return what stands behind each port, and the settings without passwords, as data."""
        ports = {
            "run_storage": self.runs,
            "event_log_storage": self.event_log,
            "schedule_storage": self.schedules,
            "compute_logs": self.compute_logs,
            "run_coordinator": self.coordinator,
            "run_launcher": self.launcher,
        }
        named = {name: None if port is None else type(port).__name__ for name, port in ports.items()}
        where = self.home if isinstance(self.home, str) else None
        return {"root_directory": where, **named, **without_passwords(self.settings)}

    def info_str(self) -> str:
        """Return what stands behind each port, as text."""
        return "\n".join(f"{name}: {value}" for name, value in self.info_dict().items())

    def new_write_barrier(self) -> WriteBarrier | None:
        """Return a new barrier for the values of a run (``runtime/ports/write_barrier.py``)."""
        return None if self.write_barriers is None else self.write_barriers()

    # -- events in -----------------------------------------------------------------------------

    def store_entries(
        self,
        entries: Sequence[EventLogEntry],
        before: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
        *,
        is_last: bool = False,
    ) -> None:
        """
        Append entries to the event log, in one transaction; runs and assets change with them.

        Args:
            entries: What happened, in order.
            before: Called before the entries become durable: as a rule the ``flush`` of the run's barrier.
            after: Called once they are stored, in whichever thread stored them: tells people of them.
            is_last: They tell that their run ended well, which nobody hears unless all of it was stored.
        """
        if not is_last:
            self.event_log.store_entries(entries, before, after)
            if self._listeners:
                self._tell(entries)
            return

        def tell() -> None:
            if after is not None:
                after()
            if self._listeners:
                self._tell(entries)

        self.event_log.store_entries(entries, before, tell, is_last=True)

    def relieve(self) -> None:
        """Wait a moment if much is to be written: whoever stores without pause calls it between two entries."""
        self.event_log.relieve()

    def raise_lost(self, run_id: str) -> None:
        """Raise what lost entries of a run, as :meth:`flush` does, if anything did by now; wait for nothing."""
        self.event_log.raise_lost(run_id)

    def settle(self) -> None:
        """Wait until everything that was stored is durable, or was lost; what lost it is raised by :meth:`flush`."""
        self.event_log.settle()

    def flush(self, run_id: str | None = None) -> None:
        """
        Wait until everything that was stored is durable; call it before success is told.

        Args:
            run_id: Raise only what lost entries of this run; by default, of any.

        Raises:
            StorageError: Entries could not be stored. ``OSError``: the values they tell of could not.
        """
        self.event_log.flush(run_id)

    def store_event(self, event: EventLogEntry) -> None:
        """Append one entry."""
        self.store_entries((_entry(event),))

    def handle_new_event(self, event: EventLogEntry, *, batch_metadata: Any = None) -> None:
        """Append one entry and tell the listeners of its run."""
        self.store_entries((_entry(event),))

    def should_store_event(self, event: EventLogEntry) -> bool:
        """Tell whether an entry is kept: all are."""
        return True

    def report_dagster_event(
        self,
        dagster_event: Event,
        run_id: str,
        log_level: str | int = _INFO,
        batch_metadata: Any = None,
        timestamp: float | None = None,
    ) -> None:
        """Append an event of a run."""
        level = log_level if isinstance(log_level, int) else _LEVELS[log_level.upper()]
        instant = self.clock.now().timestamp() if timestamp is None else timestamp
        self.store_entries(
            (
                EventLogEntry(
                    None, level, "", run_id, instant, dagster_event.step_key, dagster_event.job_name, dagster_event
                ),
            )
        )

    def report_engine_event(
        self,
        message: str,
        dagster_run: Run | None = None,
        engine_event_data: EngineEventData | None = None,
        cls: type | None = None,
        step_key: str | None = None,
        job_name: str | None = None,
        run_id: str | None = None,
    ) -> Event:
        """Append an event about the engine's own work, and return it."""
        if dagster_run is None and (job_name is None or run_id is None):
            raise InvalidInvocationError(
                "An engine event belongs to a run, and none was named.",
                mend="give dagster_run=, or job_name= and run_id=.",
            )
        name = job_name or (dagster_run.job_name if dagster_run else "")
        text = f"[{cls.__name__}] {message}" if cls is not None else message
        event = build.engine_event(name, text, engine_event_data, step_key=step_key)
        failed = engine_event_data is not None and engine_event_data.error is not None
        self.report_dagster_event(
            event, run_id or (dagster_run.run_id if dagster_run else ""), _ERROR if failed else _INFO
        )
        return event

    def report_run_canceling(self, run: Run, message: str | None = None) -> Event:
        """Append that a run was asked to stop."""
        event = build.run_canceling(run.job_name, message or "Sending run termination request.")
        self.report_dagster_event(event, run.run_id)
        return event

    def report_run_canceled(self, dagster_run: Run, message: str | None = None) -> Event:
        """Append that a run was canceled."""
        event = build.run_canceled(
            dagster_run.job_name,
            message=message or "This run has been marked as canceled from outside the execution context.",
        )
        self.report_dagster_event(event, dagster_run.run_id, _ERROR)
        return event

    def report_run_failed(
        self, dagster_run: Run, message: str | None = None, job_failure_data: RunFailureData | None = None
    ) -> Event:
        """Append that a run failed."""
        text = message or "This run has been marked as failed from outside the execution context."
        event = Event(
            "PIPELINE_FAILURE",
            dagster_run.job_name,
            event_specific_data=job_failure_data or RunFailureData(None, RunFailureReason.UNKNOWN),
            message=text,
        )
        self.report_dagster_event(event, dagster_run.run_id, _ERROR)
        return event

    def report_runless_asset_event(
        self, asset_event: AssetMaterialization | AssetObservation | AssetCheckEvaluation
    ) -> None:
        """
        Append what happened to an asset outside any run.

        Raises:
            InvalidInvocationError: It is no event about an asset.
        """
        if isinstance(asset_event, AssetMaterialization):
            event = Event("ASSET_MATERIALIZATION", "", event_specific_data=StepMaterializationData(asset_event))
        elif isinstance(asset_event, AssetObservation):
            event = Event("ASSET_OBSERVATION", "", event_specific_data=AssetObservationData(asset_event))
        elif isinstance(asset_event, AssetCheckEvaluation):
            event = Event("ASSET_CHECK_EVALUATION", "", event_specific_data=asset_event)
        else:
            raise InvalidInvocationError(
                f"{asset_event!r} ({type(asset_event).__name__}) is no event about an asset.",
                mend="report an AssetMaterialization, an AssetObservation or an AssetCheckEvaluation.",
            )
        self.report_dagster_event(event, run_id="")
        self.flush()

    # -- events out ----------------------------------------------------------------------------

    def all_logs(
        self, run_id: str, of_type: EventType | AbstractSet[EventType] | None = None
    ) -> Sequence[EventLogEntry]:
        """Return the whole log of a run, oldest first."""
        return [
            record.event_log_entry for record in self.event_log.get_records_for_run(run_id, of_type=of_type).records
        ]

    def logs_after(
        self,
        run_id: str,
        cursor: int | None = None,
        of_type: EventType | AbstractSet[EventType] | None = None,
        limit: int | None = None,
    ) -> Sequence[EventLogEntry]:
        """Return the log of a run after its first *cursor* entries."""
        records = self.event_log.get_records_for_run(run_id, of_type=of_type).records
        start = 0 if cursor is None else cursor + 1
        return [record.event_log_entry for record in records[start:]][:limit]

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: EventType | AbstractSet[EventType] | None = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of the log of a run, with storage ids and the cursor of the next page."""
        return self.event_log.get_records_for_run(run_id, cursor, of_type, limit, ascending)

    def get_event_records(
        self, event_records_filter: EventRecordsFilter, limit: int | None = None, ascending: bool = False
    ) -> Sequence[EventLogRecord]:
        """
        Return the records of one kind that pass a filter, newest first.

        Raises:
            WrongArgumentsError: *event_records_filter* is something else.
        """
        check_kind(
            event_records_filter,
            EventRecordsFilter,
            name="event_records_filter",
            of="get_event_records",
            wanted="EventRecordsFilter(EventType.ASSET_MATERIALIZATION, asset_key=...)",
        )
        return self.event_log.get_event_records(event_records_filter, limit, ascending)

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """
        Return a page of the materializations of an asset, newest first.

        Args:
            records_filter: The asset, or a filter of its records.
            limit: At most so many.
            cursor: As the last page gave it.
            ascending: Oldest first.
        """
        return _assets.fetch_asset_records(
            self.event_log,
            EventType.ASSET_MATERIALIZATION,
            records_filter,
            limit=limit,
            cursor=cursor,
            ascending=ascending,
        )

    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the observations of an asset, newest first (see :meth:`fetch_materializations`)."""
        return _assets.fetch_asset_records(
            self.event_log, EventType.ASSET_OBSERVATION, records_filter, limit=limit, cursor=cursor, ascending=ascending
        )

    def fetch_planned_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the plans to make an asset, newest first."""
        return _assets.fetch_asset_records(
            self.event_log,
            EventType.ASSET_MATERIALIZATION_PLANNED,
            records_filter,
            limit=limit,
            cursor=cursor,
            ascending=ascending,
        )

    def fetch_failed_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the failures to make an asset, newest first."""
        return _assets.fetch_asset_records(
            self.event_log,
            EventType.ASSET_FAILED_TO_MATERIALIZE,
            records_filter,
            limit=limit,
            cursor=cursor,
            ascending=ascending,
        )

    def fetch_run_status_changes(
        self,
        records_filter: EventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the records of one change of the status of runs, newest first."""
        return _assets.fetch_run_status_changes(
            self.event_log, records_filter, limit=limit, cursor=cursor, ascending=ascending
        )

    def add_event_listener(self, run_id: str, cb: EventListener) -> None:
        """Call *cb* with each entry of a run that this process stores, and its cursor."""
        self._listeners.setdefault(run_id, []).append(cb)

    def watch_event_logs(self, run_id: str, cursor: str | None, cb: EventListener) -> None:
        """Call *cb* with each entry of a run after *cursor*: those that are stored, then those to come."""
        self.add_event_listener(run_id, cb)
        for record in self.event_log.get_records_for_run(run_id, cursor).records:
            cb(record.event_log_entry, str(record.storage_id))

    def end_watch_event_logs(self, run_id: str, cb: EventListener) -> None:
        """Call *cb* no more."""
        listeners = self._listeners.get(run_id, [])
        if cb in listeners:
            listeners.remove(cb)
        if not listeners:
            self._listeners.pop(run_id, None)

    @contextmanager
    def watching(self, run_id: str, cb: EventListener) -> Iterator[None]:
        """Call *cb* with each entry of a run that is stored while the block runs."""
        self.add_event_listener(run_id, cb)
        try:
            yield
        finally:
            self.end_watch_event_logs(run_id, cb)

    def _tell(self, entries: Iterable[EventLogEntry]) -> None:
        for entry in entries:
            for listener in tuple(self._listeners.get(entry.run_id, ())):
                listener(entry, "")

    # -- assets --------------------------------------------------------------------------------

    def get_asset_keys(
        self, prefix: Sequence[str] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Sequence[AssetKey]:
        """
        Return the keys of the assets that any event named.

        Args:
            prefix: Only keys that begin with these parts.
            limit: At most so many.
            cursor: The stored form of the key after which to begin.
        """
        return self.event_log.get_asset_keys(prefix, limit, cursor)

    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return the keys of all assets that any event named."""
        return self.event_log.get_asset_keys()

    def has_asset_key(self, asset_key: CoercibleToAssetKey) -> bool:
        """Tell whether any event named this asset."""
        return self.event_log.has_asset_key(AssetKey.from_coercible(asset_key))

    def get_asset_states(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetState]:
        """Return the latest that is known of these assets, or of all."""
        return self.event_log.get_asset_states(asset_keys)

    def get_check_states(self, check_keys: Sequence[AssetCheckKey]) -> Sequence[CheckState]:
        """Return the latest that is known of these checks."""
        return self.event_log.get_check_states(check_keys)

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return the records of these assets, or of all; what is not known is left out."""
        return [_assets.asset_record(state) for state in self.event_log.get_asset_states(asset_keys)]

    def get_latest_materialization_event(self, asset_key: CoercibleToAssetKey) -> EventLogEntry | None:
        """Return the entry that tells when an asset was last made; None if it never was."""
        key = AssetKey.from_coercible(asset_key)
        return self.get_latest_materialization_events((key,))[key]

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return for each asset the entry that tells when it was last made; None if it never was."""
        keys = list(asset_keys)
        latest: dict[AssetKey, EventLogEntry | None] = dict.fromkeys(keys)
        for key, record in self.event_log.get_latest_materializations(keys).items():
            latest[key] = record.event_log_entry
        return latest

    def get_latest_materialization_code_versions(self, asset_keys: Iterable[AssetKey]) -> Mapping[AssetKey, str | None]:
        """
        Return the code version with which each asset was last made.

        None where it never was; the id of the run where the definition declared none.
        """
        return _assets.latest_code_versions(self.event_log, asset_keys)

    def get_latest_data_version_record(
        self,
        key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> EventLogRecord | None:
        """Return the record that tells the present data version of an asset."""
        return _assets.latest_data_version_record(
            self.event_log,
            key,
            is_source=is_source,
            partition_key=partition_key,
            before_cursor=before_cursor,
            after_cursor=after_cursor,
        )

    def get_latest_asset_check_evaluation_record(
        self, asset_check_key: AssetCheckKey
    ) -> AssetCheckExecutionRecord | None:
        """Return the latest evaluation of a check, with how it went; None if there is none."""
        for record in self.event_log.get_check_evaluations(asset_check_key, 1):
            return check_execution(record, record.event_log_entry.get_dagster_event().event_specific_data)  # type: ignore[arg-type]  # so the port says
        return None

    def get_materialized_partitions(
        self, asset_key: AssetKey, before_cursor: int | None = None, after_cursor: int | None = None
    ) -> set[str]:
        """Return the partitions of an asset that were made (between the cursors)."""
        return self.event_log.get_materialized_partitions(asset_key, before_cursor, after_cursor)

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: EventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the storage id of the newest entry of this kind for each partition."""
        return self.event_log.get_latest_storage_id_by_partition(asset_key, event_type, partitions, after_cursor)

    def get_status_by_partition(
        self, asset_key: AssetKey, partition_keys: Sequence[str], partitions_def: Any
    ) -> Mapping[str, AssetPartitionStatus | None] | None:
        """Return how each of these partitions stands; None where nothing is known."""
        return _assets.status_by_partition(self.event_log, self.runs, asset_key, partition_keys)

    def get_asset_keys_for_run(self, run_id: str, of_type: Any = None) -> AbstractSet[AssetKey]:
        """Return the assets that a run planned, made or observed."""
        entries = self.all_logs(run_id, of_type)
        return {key for entry in entries if entry.dagster_event and (key := entry.dagster_event.asset_key) is not None}

    def wipe_assets(self, asset_keys: Sequence[AssetKey]) -> None:
        """
        Forget what was recorded about these assets; the logs of their runs stay.

        Raises:
            InvalidInvocationError: One of them is no asset key.
        """
        for key in asset_keys:
            if not isinstance(key, AssetKey):
                raise InvalidInvocationError(
                    f"wipe_assets takes asset keys, not {key!r} ({type(key).__name__}).",
                    mend=f"write AssetKey({key!r}).",
                )
        for key in asset_keys:
            self.event_log.wipe_asset(key)
            self.report_dagster_event(build.asset_wiped(key), run_id="")
        self.flush()

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget what was recorded about these partitions of an asset."""
        self.event_log.wipe_asset_partitions(asset_key, partition_keys)
        self.report_dagster_event(build.asset_wiped(asset_key, partition_keys), run_id="")
        self.flush()

    # -- dynamic partitions --------------------------------------------------------------------

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys of a dynamic partitions definition, in the order in which they were added."""
        return self.event_log.get_dynamic_partitions(partitions_def_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether a dynamic partition exists."""
        return self.event_log.has_dynamic_partition(partitions_def_name, partition_key)

    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> AbstractSet[str]:
        """Return those of these partitions that exist."""
        return set(partition_keys) & set(self.event_log.get_dynamic_partitions(partitions_def_name))

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """
        Add partitions to a dynamic partitions definition; those that exist stay as they are.

        Raises:
            InvalidInvocationError: The keys are one text, or one of them is none.
            InvalidDefinitionError: A key cannot be stored; the message names it, and none is added.
        """
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
            raise InvalidInvocationError(
                f"Dynamic partitions are added as a sequence of text, not as {partition_keys!r}.",
                mend=f"write [{partition_keys!r}]." if isinstance(partition_keys, str) else "turn each key into text.",
            )
        check_partition_keys(partition_keys, where=f"dynamic partitions '{partitions_def_name}'")
        self.event_log.add_dynamic_partitions(partitions_def_name, partition_keys)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Delete a dynamic partition; nothing happens if it does not exist."""
        self.event_log.delete_dynamic_partition(partitions_def_name, partition_key)

    # -- runs ----------------------------------------------------------------------------------

    def create_run(
        self,
        run: Run | None = None,
        *,
        job_name: str | None = None,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        status: RunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        execution_plan_snapshot: Any = None,
        job_snapshot: Any = None,
        parent_job_snapshot: Any = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        asset_check_selection: AbstractSet[AssetCheckKey] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        op_selection: Sequence[str] | None = None,
        remote_job_origin: Any = None,
        job_code_origin: Any = None,
        asset_graph: Any = None,
        run_op_concurrency: RunOpConcurrency | None = None,
    ) -> Run:
        """
        Record a new run and return it.

        Args:
            run: The run, ready made; the other arguments are then left out.
            job_name: The job.
            run_id: Its id; by default a new UUID.
            run_config: The config it runs with.
            status: How it stands; by default not started.
            tags: Text by name.
            root_run_id: The first run of the chain of repetitions it belongs to.
            parent_run_id: The run that it repeats.
            step_keys_to_execute: The steps it runs; None for all.
            execution_plan_snapshot: Accepted for compatibility.
            job_snapshot: Accepted for compatibility.
            parent_job_snapshot: Accepted for compatibility.
            asset_selection: The assets it makes.
            asset_check_selection: The checks it evaluates.
            resolved_op_selection: The ops it runs.
            op_selection: The same, as the user wrote it.
            remote_job_origin: Where the job is defined, for launchers.
            job_code_origin: Where the job's code is, for launchers.
            asset_graph: Accepted for compatibility.
            run_op_concurrency: What its steps take of pools, for the queue.

        Raises:
            RunAlreadyExistsError: There is a run of this id.
        """
        if run is None:
            if job_name is None:
                raise InvalidInvocationError("A run needs a job, and none was named.", mend="give job_name=, or a Run.")
            run = _runs.make_run(
                job_name=job_name,
                run_id=run_id,
                run_config=run_config,
                status=status,
                tags=tags,
                root_run_id=root_run_id,
                parent_run_id=parent_run_id,
                step_keys_to_execute=step_keys_to_execute,
                asset_selection=asset_selection,
                asset_check_selection=asset_check_selection,
                resolved_op_selection=resolved_op_selection,
                op_selection=op_selection,
                remote_job_origin=remote_job_origin,
                job_code_origin=job_code_origin,
                run_op_concurrency=run_op_concurrency,
            )
        return self.runs.add_run(run)

    def create_run_for_job(
        self,
        job_def: Any,
        execution_plan: Any = None,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        resolved_op_selection: AbstractSet[str] | None = None,
        status: RunStatus | str | None = None,
        tags: Mapping[str, Any] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        op_selection: Sequence[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        remote_job_origin: Any = None,
        job_code_origin: Any = None,
        repository_load_data: Any = None,
    ) -> Run:
        """Record a new run of a job definition and return it (arguments as for :meth:`create_run`)."""
        return self.runs.add_run(
            _runs.run_of_job(
                job_def,
                execution_plan,
                run_id=run_id,
                run_config=run_config,
                resolved_op_selection=resolved_op_selection,
                status=status,
                tags=tags,
                root_run_id=root_run_id,
                parent_run_id=parent_run_id,
                op_selection=op_selection,
                asset_selection=asset_selection,
                remote_job_origin=remote_job_origin,
                job_code_origin=job_code_origin,
                has_repository_load_data=repository_load_data is not None,
            )
        )

    def get_run_stats(self, run_id: str) -> RunStats:
        """Return the numbers of a run."""
        return run_stats(run_id, self.all_logs(run_id))

    def get_run_step_stats(self, run_id: str, step_keys: Sequence[str] | None = None) -> Sequence[StepStats]:
        """Return the numbers of each step of a run, or of these."""
        stats = step_stats(run_id, self.all_logs(run_id))
        return [each for key, each in stats.items() if step_keys is None or key in step_keys]

    def add_run(self, dagster_run: Run) -> Run:
        """Record a run that is ready made."""
        return self.runs.add_run(dagster_run)

    def has_run(self, run_id: str) -> bool:
        """Tell whether a run of this id is recorded."""
        return self.runs.has_run(run_id)

    def get_run_by_id(self, run_id: str) -> Run | None:
        """Return a run as it stands; None if there is none of this id."""
        record = self.get_run_record_by_id(run_id)
        return None if record is None else record.dagster_run

    def get_run_record_by_id(self, run_id: str) -> RunRecord | None:
        """Return the record of a run; None if there is none of this id."""
        records = self.runs.get_run_records(RunsFilter(run_ids=[run_id]), limit=1)
        return records[0] if records else None

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: Any = None,
    ) -> Sequence[RunRecord]:
        """
        Return the records of the runs that pass a filter, newest first.

        Args:
            filters: Which runs; None for all.
            limit: At most so many.
            order_by: ``create_timestamp``, ``update_timestamp``, ``start_time`` or ``end_time``; by default
                the order in which they were recorded.
            ascending: Oldest first.
            cursor: Id of the run after which to begin.
            bucket_by: Accepted for compatibility.

        Raises:
            InvalidInvocationError: There is no such order.
        """
        if order_by is not None and order_by not in RUN_ORDERS:
            raise InvalidInvocationError(
                f"Runs have no order '{order_by}'.", mend=nearest_hint(order_by, RUN_ORDERS, noun="order")
            )
        return self.runs.get_run_records(filters, limit, order_by, ascending, cursor)

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: Any = None,
        ascending: bool = False,
    ) -> Sequence[Run]:
        """
        Return the runs that pass a filter, newest first.

        Raises:
            WrongArgumentsError: *filters* is no RunsFilter.
        """
        if filters is not None:
            check_kind(
                filters, RunsFilter, name="filters", of="get_runs", wanted="a RunsFilter, as RunsFilter(tags={...})"
            )
        records = self.runs.get_run_records(filters, limit, None, ascending, cursor)
        return [record.dagster_run for record in records]

    def get_run_ids(
        self, filters: RunsFilter | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Sequence[str]:
        """Return the ids of the runs that pass a filter, newest first."""
        return [run.run_id for run in self.get_runs(filters, cursor, limit)]

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs pass a filter."""
        return self.runs.get_runs_count(filters)

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[Run]]:
        """
        Return the id of the first run of the repetitions to which a run belongs, and all of them, oldest first.

        Raises:
            RunNotFoundError: There is no such run, or the first of its repetitions was deleted.
        """
        root_id = self._known_run(run_id).root_run_id or run_id
        if not self.has_run(root_id):
            raise RunNotFoundError(
                f"Run '{run_id}' repeats run '{root_id}', which is not recorded any more.",
                mend="look at the run alone, with get_run_by_id().",
            )
        return root_id, [each for each in self.get_runs(ascending=True) if root_id in (each.run_id, each.root_run_id)]

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Add tags to a run, over its own."""
        self.runs.add_run_tags(run_id, new_tags)

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, AbstractSet[str]]]:
        """Return the values that these tags have in any run."""
        return self.runs.get_run_tags(tag_keys, value_prefix, limit)

    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the keys of tags that any run has."""
        return self.runs.get_run_tag_keys()

    def delete_run(self, run_id: str) -> None:
        """
        Forget a run and its log; nothing happens if there is none of this id.

        The latest state of what it made then follows from the log of other runs. Stored values stay.
        """
        self.event_log.delete_events(run_id)
        self.runs.delete_run(run_id)

    def handle_run_event(self, run_id: str, event: Event, update_timestamp: Any = None) -> None:
        """Do nothing: the status of a run follows from the entries as they are stored."""

    def launch_run(self, run_id: str, workspace: Any = None) -> Run:
        """
        Start a process for a recorded run.

        Raises:
            RunNotFoundError: There is no such run.
            InvariantViolationError: This instance has no launcher.
        """
        _launching.launch_run(self, self._known_run(run_id), workspace)
        return self._known_run(run_id)

    def submit_run(self, run_id: str, workspace: Any = None) -> Run:
        """Give a recorded run to the coordinator; without one it is launched at once."""
        run = self._known_run(run_id)
        if self.coordinator is None:
            return self.launch_run(run_id, workspace)
        return self.coordinator.submit_run(SubmitRunContext(run, workspace, self))

    def launch_queued_runs(self, workspace: Any = None) -> Sequence[str]:
        """Launch the runs that wait in the queue and may be launched now; return their ids."""
        return _queue.launch_queued_runs(self, workspace)

    def cancel_run(self, run_id: str, *, grace_seconds: float = GRACE_SECONDS) -> bool:
        """
        Stop a run; return whether it was one that could be stopped.

        It is asked to stop, so that it closes its resources. When the time of grace is over, its process is killed.

        Raises:
            RunNotFoundError: There is no such run.
            InvariantViolationError: Its process cannot be reached from here.
        """
        return _termination.cancel_run(self, self._known_run(run_id), grace_seconds=grace_seconds)

    def retry_run_if_due(self, run_id: str) -> str | None:
        """Submit the retry that the tags of a failed run ask for; return its id, or None if nothing is due."""
        return _launching.retry_run_if_due(self, run_id)

    def _known_run(self, run_id: str) -> Run:
        run = self.get_run_by_id(run_id)
        if run is None:
            raise RunNotFoundError(f"No run '{run_id}' is recorded.", mend="look for its id with `orrery runs list`.")
        return run

    def report_lost_runs(self) -> Sequence[str]:
        """
        Record as failed every run whose process is gone; return the ids of these runs.

        An instance does so when it is opened. Call it while you wait for a run that may die meanwhile.
        """
        lost = report_lost_runs(self)
        for run_id in lost:
            self.retry_run_if_due(run_id)
        return lost

    def keep_retention(self) -> PruneReport | None:
        """
        Delete some of what ``retention:`` of the settings does not keep, if it is time; None if it is not.

        An instance does so when it is opened and when a run has ended: a tenth of a second at most.
        """
        return keep_retention(self)

    def wipe(self) -> None:
        """Delete all runs and events."""
        self.runs.wipe()
        self.event_log.wipe()

    def is_run_finished(self, run_id: str) -> bool:
        """Tell whether a run is recorded and has ended."""
        run = self.get_run_by_id(run_id)
        return run is not None and run.status in FINISHED_STATUSES


def _entry(given: Any) -> EventLogEntry:
    """Return *given* if it can be recorded: the thread that writes could not tell it, and nobody would be answered again."""
    if not isinstance(given, EventLogEntry):
        raise InvalidInvocationError(
            f"An entry of the event log is an EventLogEntry, not {given!r} ({type(given).__name__}).",
            mend="give an EventLogEntry, or call report_dagster_event with an event.",
        )
    return given


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "WARN": 30, "ERROR": 40, "CRITICAL": 50}
