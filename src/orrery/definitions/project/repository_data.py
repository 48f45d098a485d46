"""
What answers for the definitions of a project by name: jobs, assets, schedules and sensors.

:class:`RepositoryData` is what may be asked. :class:`CachingRepositoryData` is the one made of a list of
definitions: it checks them together once (duplicates, missing resources, unknown upstream assets) and makes each
job when it is asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import (
    InvalidDefinitionError,
    InvariantViolationError,
    nearest_hint,
)
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.assets.asset_job import build_asset_job, normalize_assets
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.assets.with_resources import bind_resources
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import ExecutorDefinition, LoggerDefinition
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.definitions.project.completeness import (
    check_assets_provided,
    check_hooks_provided,
    check_job_provided,
    check_loaded_assets,
    warn_of_stray_checks,
)
from orrery.definitions.project.gathered import Gathered, Job
from orrery.model.assets.graph import AssetGraph

__all__ = ["ASSET_JOB", "CachingRepositoryData", "RepositoryData", "unknown_name"]

ASSET_JOB = "__ASSET_JOB"


class RepositoryData(ABC):
    """
    Answer for the definitions of a repository by name.

    Subclass it to decide yourself when and how definitions are made; only :meth:`get_all_jobs` must
    be written.
    """

    @abstractmethod
    def get_all_jobs(self) -> Sequence[JobDefinition]:
        """Return all jobs."""

    def get_job_names(self) -> Sequence[str]:
        """Return the names of all jobs."""
        return [job.name for job in self.get_all_jobs()]

    def has_job(self, job_name: str) -> bool:
        """Tell whether there is a job called *job_name*."""
        return job_name in self.get_job_names()

    def get_job(self, job_name: str) -> JobDefinition:
        """
        Return the job called *job_name*.

        Raises:
            InvariantViolationError: There is none.
        """
        for job in self.get_all_jobs():
            if job.name == job_name:
                return job
        raise unknown_name("job", job_name, self.get_job_names())

    def get_all_schedules(self) -> Sequence[Any]:
        """Return all schedules."""
        return []

    def get_schedule_names(self) -> Sequence[str]:
        """Return the names of all schedules."""
        return [each.name for each in self.get_all_schedules()]

    def has_schedule(self, schedule_name: str) -> bool:
        """Tell whether there is a schedule called *schedule_name*."""
        return schedule_name in self.get_schedule_names()

    def get_schedule(self, schedule_name: str) -> Any:
        """
        Return the schedule called *schedule_name*.

        Raises:
            InvariantViolationError: There is none.
        """
        return _named("schedule", schedule_name, self.get_all_schedules())

    def get_all_sensors(self) -> Sequence[Any]:
        """Return all sensors."""
        return []

    def get_sensor_names(self) -> Sequence[str]:
        """Return the names of all sensors."""
        return [each.name for each in self.get_all_sensors()]

    def has_sensor(self, sensor_name: str) -> bool:
        """Tell whether there is a sensor called *sensor_name*."""
        return sensor_name in self.get_sensor_names()

    def get_sensor(self, sensor_name: str) -> Any:
        """
        Return the sensor called *sensor_name*.

        Raises:
            InvariantViolationError: There is none.
        """
        return _named("sensor", sensor_name, self.get_all_sensors())

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key."""
        return {}

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, AbstractSet[str]]:
        """Return the environment variables that each resource reads, by key."""
        return {}

    def get_source_assets_by_key(self) -> Mapping[AssetKey, SourceAsset]:
        """Return the source assets by key."""
        return {}

    def get_assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition]:
        """Return the definition of each asset."""
        return {}

    def get_asset_checks_defs_by_key(self) -> Mapping[AssetCheckKey, AssetsDefinition]:
        """Return the definition of each check."""
        return {}

    def get_asset_job_nodes(self) -> Sequence[Any]:
        """Return the jobs that stand in the asset graph: none so far."""
        return []

    def get_component_tree(self) -> Any:
        """Return the components that the definitions came from, if they came from some."""
        return None

    def get_asset_graph(self) -> AssetGraph:
        """Return the graph of all assets and checks."""
        unique = {id(each): each for each in self.get_assets_defs_by_key().values()}
        unique.update({id(each): each for each in self.get_asset_checks_defs_by_key().values()})
        return AssetGraph.from_assets(unique.values())

    def load_all_definitions(self) -> None:
        """Make everything that is made on demand, so that mistakes are told now."""
        self.get_all_jobs()
        self.get_all_schedules()
        self.get_all_sensors()
        self.get_source_assets_by_key()


class CachingRepositoryData(RepositoryData):
    """
    The data of a repository that is made of a list, or of dictionaries of functions.

    Use :meth:`from_list` or :meth:`from_dict`.
    """

    def __init__(
        self,
        *,
        jobs: Mapping[str, Job | Callable[[], Any]],
        schedules: Mapping[str, Any],
        sensors: Mapping[str, Any],
        assets: Sequence[AssetsDefinition],
        asset_graph: AssetGraph,
        top_level_resources: Mapping[str, ResourceDefinition],
        default_executor_def: ExecutorDefinition | None,
        default_logger_defs: Mapping[str, LoggerDefinition] | None,
        component_tree: Any = None,
    ) -> None:
        self._raw_jobs = dict(jobs)
        self._jobs: dict[str, JobDefinition] = {}
        self._raw_schedules = schedules
        self._schedules: dict[str, Any] = {}
        self._raw_sensors = sensors
        self._sensors: dict[str, Any] = {}
        self.assets = assets
        self._asset_graph = asset_graph
        self._resources = top_level_resources
        self._executor = default_executor_def
        self._loggers = dict(default_logger_defs or {})
        self._component_tree = component_tree
        self._by_key: dict[AssetKey, AssetsDefinition] | None = None
        self._by_check: dict[AssetCheckKey, AssetsDefinition] | None = None
        self._bound: dict[int, AssetsDefinition] = {}

    @classmethod
    def from_list(
        cls,
        repository_definitions: Sequence[Any],
        default_executor_def: ExecutorDefinition | None = None,
        default_logger_defs: Mapping[str, LoggerDefinition] | None = None,
        top_level_resources: Mapping[str, ResourceDefinition] | None = None,
        component_tree: Any = None,
    ) -> CachingRepositoryData:
        """
        Return the data of the definitions in a list.

        Args:
            repository_definitions: Assets, checks, jobs, graphs, schedules and sensors.
            default_executor_def: Executor of jobs that name none.
            default_logger_defs: Loggers of jobs that name none.
            top_level_resources: Resources that everything may use.
            component_tree: Carried along.

        Raises:
            InvalidDefinitionError: Definitions that contradict one another, or lack something.
        """
        gathered = Gathered()
        for each in repository_definitions:
            gathered.add(each)
        resources = dict(top_level_resources or {})
        assets = normalize_assets(gathered.assets)
        graph = AssetGraph.from_assets(assets)
        check_loaded_assets(assets, graph)
        warn_of_stray_checks(assets, graph)
        for each in assets:
            for key, own in each.resource_defs.items():
                if key in resources and resources[key] is not own:
                    bind_resources(each, resources)
        check_assets_provided(assets, resources)
        for job in gathered.jobs.values():
            if isinstance(job, JobDefinition) and job.asset_layer is None:
                check_job_provided(job, resources)
            elif isinstance(job, UnresolvedAssetJobDefinition) and job.hooks:
                check_hooks_provided(job.name, job.hooks, resources)
        if graph.nodes or graph.asset_check_keys:
            gathered.jobs.setdefault(ASSET_JOB, _ImplicitAssetJob())  # type: ignore[arg-type]  # stands for the job
        gathered.check_targets()
        return cls(
            jobs=gathered.jobs,
            schedules=gathered.schedules,
            sensors=gathered.sensors,
            assets=assets,
            asset_graph=graph,
            top_level_resources=resources,
            default_executor_def=default_executor_def,
            default_logger_defs=default_logger_defs,
            component_tree=component_tree,
        )

    @classmethod
    def from_dict(cls, repository_definitions: Mapping[str, Mapping[str, Any]]) -> CachingRepositoryData:
        """
        Return the data of dictionaries ``{"jobs": {name: job or function}, "schedules": ..., "sensors": ...}``.

        Raises:
            InvalidDefinitionError: Another key, or a value that is neither a definition nor a function.
        """
        known = ("jobs", "schedules", "sensors")
        for key in repository_definitions:
            if key not in known:
                raise InvalidDefinitionError(
                    f"The dictionary of a repository has the key {key!r}.",
                    mend=nearest_hint(str(key), known, noun="key"),
                )
        jobs = dict(repository_definitions.get("jobs") or {})
        for name, given in jobs.items():
            if isinstance(given, GraphDefinition):
                jobs[name] = given.coerce_to_job()
            elif not isinstance(given, JobDefinition | UnresolvedAssetJobDefinition) and not callable(given):
                raise InvalidDefinitionError(
                    f"Object mapped to {name} is not an instance of JobDefinition, GraphDefinition or a function that "
                    f"makes one: {given!r}."
                )
            else:
                _check_named(name, given)
        return cls(
            jobs=jobs,
            schedules=dict(repository_definitions.get("schedules") or {}),
            sensors=dict(repository_definitions.get("sensors") or {}),
            assets=[],
            asset_graph=AssetGraph(),
            top_level_resources={},
            default_executor_def=None,
            default_logger_defs=None,
        )

    # -- jobs ----------------------------------------------------------------------------------

    def get_job_names(self) -> Sequence[str]:
        """Return the names of all jobs, without making them."""
        return list(self._raw_jobs)

    def has_job(self, job_name: str) -> bool:
        """Tell whether there is a job called *job_name*."""
        return job_name in self._raw_jobs

    def get_job(self, job_name: str) -> JobDefinition:
        """
        Return the job called *job_name*, making it at the first call.

        Raises:
            InvariantViolationError: There is none.
            InvalidDefinitionError: It cannot be made.
        """
        made = self._jobs.get(job_name)
        if made is None:
            if job_name not in self._raw_jobs:
                raise unknown_name("job", job_name, self._raw_jobs)
            made = self._resolve(job_name, self._raw_jobs[job_name])
            self._jobs[job_name] = made
        return made

    def get_all_jobs(self) -> Sequence[JobDefinition]:
        """Return all jobs, sorted by name."""
        return [self.get_job(name) for name in sorted(self._raw_jobs)]

    def _resolve(self, name: str, raw: Any) -> JobDefinition:
        if isinstance(raw, _ImplicitAssetJob):
            return build_asset_job(
                ASSET_JOB,
                self.assets,
                asset_graph=self._asset_graph,
                resource_defs=self._resources,
                executor_def=self._executor,
                logger_defs=self._loggers,
            )
        if not isinstance(raw, JobDefinition | UnresolvedAssetJobDefinition):
            raw = raw()
            if isinstance(raw, GraphDefinition):
                raw = raw.coerce_to_job()
            if not isinstance(raw, JobDefinition | UnresolvedAssetJobDefinition):
                raise InvalidDefinitionError(
                    f"The function given for job '{name}' returned {raw!r}, which is no job.", mend="return a job."
                )
            _check_named(name, raw)
        if isinstance(raw, UnresolvedAssetJobDefinition):
            return raw.resolve(self._asset_graph, self._executor, self._resources, logger_defs=self._loggers)
        job = raw.with_top_level_resources(self._resources) if self._resources else raw
        if self._executor is not None and not job.has_specified_executor:
            job = job.with_executor_def(self._executor)
        if self._loggers and not job.has_specified_loggers:
            job = job.with_logger_defs(self._loggers)
        return job

    # -- schedules and sensors -----------------------------------------------------------------

    def get_schedule_names(self) -> Sequence[str]:
        """Return the names of all schedules."""
        return list(self._raw_schedules)

    def get_schedule(self, schedule_name: str) -> Any:
        """Return the schedule called *schedule_name*, its job with all it needs."""
        return self._instigator("schedule", schedule_name, self._raw_schedules, self._schedules)

    def get_all_schedules(self) -> Sequence[Any]:
        """Return all schedules, sorted by name."""
        return [self.get_schedule(name) for name in sorted(self._raw_schedules)]

    def get_sensor_names(self) -> Sequence[str]:
        """Return the names of all sensors."""
        return list(self._raw_sensors)

    def get_sensor(self, sensor_name: str) -> Any:
        """Return the sensor called *sensor_name*, its jobs with all they need."""
        return self._instigator("sensor", sensor_name, self._raw_sensors, self._sensors)

    def get_all_sensors(self) -> Sequence[Any]:
        """Return all sensors, sorted by name."""
        return [self.get_sensor(name) for name in sorted(self._raw_sensors)]

    def _instigator(self, noun: str, name: str, raw: Mapping[str, Any], made: dict[str, Any]) -> Any:
        found = made.get(name)
        if found is None:
            if name not in raw:
                raise unknown_name(noun, name, raw)
            found = raw[name]
            if not hasattr(found, "evaluate_tick"):
                found = found.resolve(self) if hasattr(found, "resolve") else found()
            found = found.with_resolved_jobs(self.get_job)
            made[name] = found
        return found

    # -- assets --------------------------------------------------------------------------------

    def get_asset_graph(self) -> AssetGraph:
        """Return the graph of all assets and checks."""
        return self._asset_graph

    def get_assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition]:
        """Return the definition of each asset, resources bound to it."""
        if self._by_key is None:
            self._by_key = {key: self._with_resources(each) for each in self.assets for key in each.keys}
            for node in self._asset_graph.nodes:
                if node.is_auto_created_stub:
                    self._by_key[node.key] = AssetsDefinition(
                        specs=[AssetSpec(node.key)], execution_type="UNEXECUTABLE"
                    )
        return self._by_key

    def get_asset_checks_defs_by_key(self) -> Mapping[AssetCheckKey, AssetsDefinition]:
        """Return the definition of each check, resources bound to it."""
        if self._by_check is None:
            self._by_check = {key: self._with_resources(each) for each in self.assets for key in each.check_keys}
        return self._by_check

    def _with_resources(self, definition: AssetsDefinition) -> AssetsDefinition:
        made = self._bound.get(id(definition))
        if made is None:
            made = bind_resources(definition, self._resources) if self._resources else definition
            self._bound[id(definition)] = made
        return made

    def get_source_assets_by_key(self) -> Mapping[AssetKey, SourceAsset]:
        """Return the assets that are made elsewhere, as source assets."""
        return {key: each.to_source_asset(key) for each in self.assets if each.is_external for key in each.keys}

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key."""
        return self._resources

    def get_component_tree(self) -> Any:
        """Return the components that the definitions came from, if they came from some."""
        return self._component_tree


class _ImplicitAssetJob:
    """Stands for the job of all assets until somebody asks for it."""

    name = ASSET_JOB


def _check_named(name: str, job: Any) -> None:
    if isinstance(job, JobDefinition | UnresolvedAssetJobDefinition) and job.name != name:
        raise InvalidDefinitionError(
            f"Expected a job named '{name}' in the dictionary of jobs, got one named '{job.name}'.",
            mend=f"use the key '{job.name}'.",
        )


def _named(noun: str, name: str, among: Sequence[Any]) -> Any:
    for each in among:
        if each.name == name:
            return each
    raise unknown_name(noun, name, [each.name for each in among])


def unknown_name(noun: str, name: str, known: Iterable[str]) -> InvariantViolationError:
    """Return the error that nothing bears this name."""
    names = list(known)
    shown = ", ".join(f"'{each}'" for each in names)
    return InvariantViolationError(
        f"Could not find {noun} '{name}'. Found: {shown}.", mend=nearest_hint(name, names, noun=noun)
    )
