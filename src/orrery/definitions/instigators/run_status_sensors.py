"""Sensors that look at how runs end (or begin)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.instigators.sensor import SensorDefinition, SensorType
from orrery.model.records.run import RunStatus
from orrery.model.records.selector import CodeLocationSelector, JobSelector, RepositorySelector

__all__ = ["RunStatusSensorDefinition"]

_MONITORED = (
    JobDefinition,
    GraphDefinition,
    UnresolvedAssetJobDefinition,
    RepositorySelector,
    JobSelector,
    CodeLocationSelector,
)


class RunStatusSensorDefinition(SensorDefinition):
    """
    A function that is called for each run that came into a status.

    Made by :func:`run_status_sensor` and :func:`run_failure_sensor` as a rule.

    Args:
        name: Name.
        run_status: The status.
        run_status_sensor_fn: Function of a :class:`RunStatusSensorContext`.
        monitored_jobs: Jobs to look at, or names of jobs, repositories and locations; all jobs of the
            project if not given.
        monitor_all_code_locations: Look at the jobs of all projects.
        request_job: Job that the function wishes for.
        request_jobs: Several such jobs.
        more: Further arguments of :class:`SensorDefinition`.
    """

    sensor_type = SensorType.RUN_STATUS

    def __init__(
        self,
        name: str | None,
        run_status: RunStatus,
        run_status_sensor_fn: Callable[..., Any],
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        monitored_jobs: Sequence[Any] | None = None,
        monitor_all_code_locations: bool | None = None,
        default_status: Any = None,
        request_job: Any = None,
        request_jobs: Sequence[Any] | None = None,
        tags: Any = None,
        metadata: Any = None,
        required_resource_keys: Any = None,
        **more: Any,
    ) -> None:
        if not isinstance(run_status, RunStatus):
            raise InvalidDefinitionError(
                f"run_status of a run status sensor is {run_status!r}.", mend="write RunStatus.SUCCESS, for example."
            )
        for each in monitored_jobs or ():
            if not isinstance(each, _MONITORED):
                raise InvalidDefinitionError(
                    f"monitored_jobs of a run status sensor holds {each!r}, which names no job.",
                    mend="give jobs, or a JobSelector, RepositorySelector or CodeLocationSelector.",
                )
        if monitored_jobs and monitor_all_code_locations:
            raise InvalidDefinitionError(
                "Cannot both monitor all code locations and name the jobs to monitor.", mend="give one of them."
            )
        self._run_status = run_status
        self._monitored_jobs = list(monitored_jobs or ())
        self._everywhere = bool(monitor_all_code_locations)
        if default_status is not None:
            more["default_status"] = default_status
        super().__init__(
            name,
            evaluation_fn=run_status_sensor_fn,
            minimum_interval_seconds=minimum_interval_seconds,
            description=description,
            job=request_job,
            jobs=request_jobs,
            required_resource_keys=required_resource_keys,
            tags=tags,
            metadata=metadata,
            **more,
        )

    @property
    def run_status(self) -> RunStatus:
        """Return the status that the sensor looks for."""
        return self._run_status

    @property
    def monitored_jobs(self) -> Sequence[Any]:
        """Return the jobs to look at, and names of jobs; empty for all of the project."""
        return self._monitored_jobs

    @property
    def monitors_all_code_locations(self) -> bool:
        """Tell whether the jobs of all projects are looked at."""
        return self._everywhere

    @property
    def monitored_job_names(self) -> set[str] | None:
        """Return the names of the jobs to look at in any location; None for all."""
        if not self._monitored_jobs:
            return None
        return {
            str(each.job_name if isinstance(each, JobSelector) else each.name)
            for each in self._monitored_jobs
            if not isinstance(each, RepositorySelector | CodeLocationSelector)
        }
