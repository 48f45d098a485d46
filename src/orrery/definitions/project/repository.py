"""
Repositories: definitions with every name resolved.

A :class:`RepositoryData` answers for jobs, assets, schedules and sensors by name.
:class:`CachingRepositoryData` is the one made of a list of definitions: it checks them together once
(duplicates, missing resources, unknown upstream assets) and makes each job when it is asked for.
:class:`RepositoryDefinition` gives it a name. ``Definitions`` stands on these, too.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import (
    DuplicateDefinitionError,
    InvalidDefinitionError,
    InvariantViolationError,
    UnknownAssetError,
    nearest_hint,
)
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.base.misspelt import slips
from orrery.definitions.assets.asset_job import build_asset_job, normalize_assets
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.assets.with_resources import bind_resources, requirements_of_assets
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.requirements import (
    check_managers,
    check_provided,
    is_plain_value,
    refuse_circles,
    requirements_of_node,
)
from orrery.definitions.parts.executor import ExecutorDefinition, LoggerDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.verbs import verbs
from orrery.model.assets.graph import AssetGraph

__all__ = [
    "ASSET_JOB",
    "SINGLETON_REPOSITORY_NAME",
    "CachingRepositoryData",
    "RepositoryData",
    "RepositoryDefinition",
]

ASSET_JOB = "__ASSET_JOB"
SINGLETON_REPOSITORY_NAME = "__repository__"

Job = JobDefinition | UnresolvedAssetJobDefinition


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
        raise _unknown("job", job_name, self.get_job_names())

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
        gathered = _Gathered()
        for each in repository_definitions:
            gathered.add(each)
        resources = dict(top_level_resources or {})
        assets = normalize_assets(gathered.assets)
        graph = AssetGraph.from_assets(assets)
        _check_loaded_assets(assets, graph)
        _warn_of_stray_checks(assets, graph)
        for each in assets:
            for key, own in each.resource_defs.items():
                if key in resources and resources[key] is not own:
                    bind_resources(each, resources)
        _check_assets_provided(assets, resources)
        for job in gathered.jobs.values():
            if isinstance(job, JobDefinition) and job.asset_layer is None:
                _check_job_provided(job, resources)
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
                raise _unknown("job", job_name, self._raw_jobs)
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
                raise _unknown(noun, name, raw)
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


class _Gathered:
    """Definitions of a list, by kind and name."""

    def __init__(self) -> None:
        self.assets: list[Any] = []
        self.jobs: dict[str, Job] = {}
        self.schedules: dict[str, Any] = {}
        self.sensors: dict[str, Any] = {}
        self._seen: set[int] = set()

    def add(self, given: Any) -> None:
        """Take one definition."""
        if isinstance(given, AssetsDefinition | SourceAsset | AssetSpec) or hasattr(given, "resolve_assets"):
            if id(given) not in self._seen:
                self._seen.add(id(given))
                self.assets.append(given)
        elif isinstance(given, JobDefinition | UnresolvedAssetJobDefinition):
            self.add_job(given)
        elif isinstance(given, GraphDefinition):
            self.add_job(given.coerce_to_job())
        elif hasattr(given, "cron_schedule") or hasattr(given, "minimum_interval_seconds") or hasattr(given, "resolve"):
            into = self.sensors if hasattr(given, "minimum_interval_seconds") else self.schedules
            known = self.schedules.get(given.name, self.sensors.get(given.name))
            if known is not None and known is not given:
                raise InvalidDefinitionError(
                    f"Duplicate definition found for {given.name}", mend="give one of them another name."
                )
            into[given.name] = given
            for asset in given.own_assets:
                self.add(asset)
            for job in given.own_jobs:
                self.add_job(job, given)
        else:
            raise InvalidDefinitionError(
                f"{given!r} ({type(given).__name__}) stands among definitions, but is no definition of assets, jobs, "
                "schedules or sensors.",
                mend="decorate the function with @asset, @job, @schedule or @sensor.",
            )

    def add_job(self, job: Any, source: Any = None) -> None:
        """Take one job, maybe from the schedule or sensor *source*."""
        if isinstance(job, GraphDefinition):
            job = job.coerce_to_job()
        known = self.jobs.get(job.name)
        if known is None:
            self.jobs[job.name] = job
        elif known is not job and not _same_graph(known, job):
            where = f", which {type(source).__name__} '{source.name}' targets" if source is not None else ""
            raise DuplicateDefinitionError(
                f"Duplicate job definition found for job '{job.name}'{where}.", mend="give one of them another name."
            )

    def check_targets(self) -> None:
        """Refuse schedules and sensors that name jobs that are not there."""
        for each in (*self.schedules.values(), *self.sensors.values()):
            for name in each.job_names_wanted:
                if name not in self.jobs:
                    raise InvalidDefinitionError(
                        f'{type(each).__name__} "{each.name}" targets job "{name}" which was not found in this '
                        "repository.",
                        mend=nearest_hint(name, self.jobs, noun="job"),
                    )


def _same_graph(one: Any, other: Any) -> bool:
    """Tell whether two jobs were made of one graph without anything else, as ``coerce_to_job`` makes them."""
    return (
        isinstance(one, JobDefinition)
        and isinstance(other, JobDefinition)
        and one._graph is not None
        and one._graph is other._graph
        and not one._resource_defs
        and not other._resource_defs
        and one._config is other._config is None
    )


def _check_named(name: str, job: Any) -> None:
    if isinstance(job, JobDefinition | UnresolvedAssetJobDefinition) and job.name != name:
        raise InvalidDefinitionError(
            f"Expected a job named '{name}' in the dictionary of jobs, got one named '{job.name}'.",
            mend=f"use the key '{job.name}'.",
        )


def _check_loaded_assets(assets: Iterable[AssetsDefinition], graph: AssetGraph) -> None:
    """Refuse functions that load assets which no definition provides."""
    unknown = {node.key for node in graph.nodes if node.is_auto_created_stub}
    if not unknown:
        return
    for definition in assets:
        for name, key in definition._keys_by_input_name.items():
            if key in unknown and not definition.node_def.input_dict[name].dagster_type.is_nothing:
                source = definition._source
                place = f" ({source[0]}:{source[1]})" if source else ""
                owner = min(definition.keys, default=key).to_user_string()
                known = [node.key.to_user_string() for node in graph.nodes if not node.is_auto_created_stub]
                raise UnknownAssetError(
                    f"Asset '{owner}'{place} loads asset '{key.to_user_string()}', which no definition provides: Input "
                    f'asset "{key.to_string()}" is not produced by any of the provided asset ops and is not one of the '
                    "provided sources.",
                    mend=nearest_hint(key.to_user_string(), known, noun="asset"),
                )
    _warn_of_misspelt_deps(assets, graph, unknown)


def _warn_of_misspelt_deps(assets: Iterable[AssetsDefinition], graph: AssetGraph, unknown: set[AssetKey]) -> None:
    """Tell of dependencies that nobody declares, and that are one slip away from an asset that is declared."""
    known = [node.key.to_user_string() for node in graph.nodes if not node.is_auto_created_stub]
    meant = slips(sorted(key.to_user_string() for key in unknown), known)
    if not meant:
        return
    for definition in assets:
        for key in sorted(unknown & {dep.asset_key for spec in definition.specs for dep in spec.deps}):
            written = key.to_user_string()
            if written not in meant:
                continue
            source = definition._source
            place = f" ({source[0]}:{source[1]})" if source else ""
            owner = min(definition.keys, default=key).to_user_string()
            warnings.warn(
                f"Asset '{owner}'{place} depends on '{written}', which no definition provides.\n  Try: write "
                f"'{meant[written]}', the nearest name that exists. If it is made elsewhere, declare it: "
                f"AssetSpec('{written}').",
                UserWarning,
                stacklevel=2,
            )


def _warn_of_stray_checks(assets: Iterable[AssetsDefinition], graph: AssetGraph) -> None:
    """Tell of checks on assets that nobody declares or names: they run, but such a key is misspelt more often than meant."""
    for definition in assets:
        for spec in definition._check_specs_by_output_name.values():
            if not graph.has(spec.asset_key):
                key = spec.asset_key.to_user_string()
                known = [each.to_user_string() for each in graph.assets]
                warnings.warn(
                    f"Check '{spec.name}' is about asset '{key}', which no definition provides.\n  Try: "
                    f"{nearest_hint(key, known, noun='asset')} If it is made elsewhere, declare it: AssetSpec('{key}').",
                    UserWarning,
                    stacklevel=2,
                )


def _check_assets_provided(assets: Iterable[AssetsDefinition], resources: Mapping[str, ResourceDefinition]) -> None:
    known = {*resources, "io_manager"}
    plain = {key for key, definition in resources.items() if is_plain_value(definition)}
    for each in assets:
        if each._node_def is not None and (
            not known.issuperset(each.get_resource_requirements()) or each.hook_defs or each.resource_defs
        ):
            check_provided(requirements_of_assets(each), {*known, *each.resource_defs})
        if each._node_def is not None and not plain.isdisjoint(each.get_resource_requirements()):
            check_managers(requirements_of_assets(each), resources)
    for key, definition in resources.items():
        for inner in definition.required_resource_keys:
            if inner not in known:
                raise InvalidDefinitionError(
                    f"resource with key '{inner}' required by resource with key '{key}' was not provided.",
                    mend=f"provide it: resources={{'{inner}': ...}}. Or {nearest_hint(inner, known, noun='resource')}",
                )


def _check_job_provided(job: JobDefinition, resources: Mapping[str, ResourceDefinition]) -> None:
    given = {**resources, **job.resource_defs}
    if any(key in given and is_plain_value(given[key]) for key in job.required_resource_keys):
        check_managers(requirements_of_node(job.graph), given)
    known = {*given, "io_manager"}
    if not known.issuperset(job.required_resource_keys):
        check_provided(requirements_of_node(job.graph), known)
        missing = min(job.required_resource_keys - known)
        raise InvalidDefinitionError(
            f"resource with key '{missing}' required by a hook of job '{job.name}' was not provided.",
            mend=f"provide it: resources={{'{missing}': ...}}. Or {nearest_hint(missing, known, noun='resource')}",
        )


def _unknown(noun: str, name: str, known: Iterable[str]) -> InvariantViolationError:
    names = list(known)
    shown = ", ".join(f"'{each}'" for each in names)
    return InvariantViolationError(
        f"Could not find {noun} '{name}'. Found: {shown}.", mend=nearest_hint(name, names, noun=noun)
    )


def _named(noun: str, name: str, among: Sequence[Any]) -> Any:
    for each in among:
        if each.name == name:
            return each
    raise _unknown(noun, name, [each.name for each in among])


class RepositoryDefinition:
    """
    A named set of definitions, all names resolved.

    Made by :func:`repository`, or by ``Definitions.get_repository_def()``.

    Args:
        name: Name.
        repository_data: What answers for the definitions.
        description: Text for people.
        metadata: Any metadata, by name.
        repository_load_data: Carried along.
    """

    __slots__ = ("__weakref__", "_description", "_load_data", "_metadata", "_name", "_repository_data")

    def __init__(
        self,
        name: str,
        *,
        repository_data: RepositoryData,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        repository_load_data: Any = None,
    ) -> None:
        self._name = check_name(name, noun="a repository", reserved=False)
        self._repository_data = repository_data
        self._description = description
        self._metadata: Mapping[str, MetadataValue[Any]] = normalize_metadata(metadata) if metadata else {}
        self._load_data = repository_load_data

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def metadata(self) -> Mapping[str, MetadataValue[Any]]:
        """Return the metadata by name."""
        return self._metadata

    @property
    def repository_load_data(self) -> Any:
        """Return what was kept from an earlier load, if anything."""
        return self._load_data

    def replace_repository_load_data(self, reconstruction_metadata: Any, defs_state_info: Any) -> RepositoryDefinition:
        """Return the repository with other data kept from an earlier load."""
        return RepositoryDefinition(
            self._name,
            repository_data=self._repository_data,
            description=self._description,
            metadata=self._metadata,
            repository_load_data=(reconstruction_metadata, defs_state_info),
        )

    @property
    def repository_data(self) -> RepositoryData:
        """Return what answers for the definitions."""
        return self._repository_data

    def load_all_definitions(self) -> None:
        """Make everything that is made on demand, so that mistakes are told now."""
        self._repository_data.load_all_definitions()

    def validate_loadable(self) -> None:
        """
        Refuse definitions that cannot stand.

        Raises:
            InvalidDefinitionError: What is wrong, and where.
        """
        self._repository_data.load_all_definitions()
        for job in self.get_all_jobs():
            refuse_circles(job.resource_defs)

    # -- jobs ----------------------------------------------------------------------------------

    @property
    def job_names(self) -> list[str]:
        """Return the names of all jobs."""
        return list(self._repository_data.get_job_names())

    def get_all_jobs(self) -> Sequence[JobDefinition]:
        """Return all jobs."""
        return self._repository_data.get_all_jobs()

    def has_job(self, name: str) -> bool:
        """Tell whether there is a job called *name*."""
        return self._repository_data.has_job(name)

    def get_job(self, name: str) -> JobDefinition:
        """
        Return the job called *name*.

        Raises:
            InvariantViolationError: There is none; the nearest name is told.
        """
        job = self._repository_data.get_job(name)
        if job.repository_def is None:
            job.repository_def = self
        return job

    def get_maybe_subset_job_def(
        self,
        job_name: str,
        op_selection: Iterable[str] | None = None,
        asset_selection: AbstractSet[AssetKey] | None = None,
        asset_check_selection: AbstractSet[AssetCheckKey] | None = None,
    ) -> JobDefinition:
        """Return the job called *job_name*, or the part of it that is selected."""
        return self.get_job(job_name).get_subset(
            op_selection=op_selection,
            asset_selection=asset_selection,
            asset_check_selection=asset_check_selection,
        )

    def has_implicit_global_asset_job_def(self) -> bool:
        """Tell whether there are assets or checks, and so a job of all of them."""
        return self.has_job(ASSET_JOB)

    def get_implicit_global_asset_job_def(self) -> JobDefinition:
        """Return the job of all assets."""
        return self.get_job(ASSET_JOB)

    def get_implicit_asset_job_names(self) -> Sequence[str]:
        """Return the name of the job of all assets, if there is one."""
        return [ASSET_JOB] if self.has_job(ASSET_JOB) else []

    def get_implicit_job_def_for_assets(self, asset_keys: Iterable[AssetKey]) -> JobDefinition | None:
        """Return the job of all assets, from which *asset_keys* can be selected."""
        return self.get_job(ASSET_JOB) if self.has_job(ASSET_JOB) else None

    # -- schedules and sensors -----------------------------------------------------------------

    @property
    def schedule_defs(self) -> Sequence[Any]:
        """Return all schedules."""
        return self._repository_data.get_all_schedules()

    def has_schedule_def(self, name: str) -> bool:
        """Tell whether there is a schedule called *name*."""
        return self._repository_data.has_schedule(name)

    def get_schedule_def(self, name: str) -> Any:
        """Return the schedule called *name*."""
        return self._repository_data.get_schedule(name)

    @property
    def sensor_defs(self) -> Sequence[Any]:
        """Return all sensors."""
        return self._repository_data.get_all_sensors()

    def has_sensor_def(self, name: str) -> bool:
        """Tell whether there is a sensor called *name*."""
        return self._repository_data.has_sensor(name)

    def get_sensor_def(self, name: str) -> Any:
        """Return the sensor called *name*."""
        return self._repository_data.get_sensor(name)

    # -- assets and resources ------------------------------------------------------------------

    @property
    def asset_graph(self) -> AssetGraph:
        """Return the graph of all assets and checks."""
        return self._repository_data.get_asset_graph()

    @property
    def assets_defs_by_key(self) -> Mapping[AssetKey, AssetsDefinition]:
        """Return the definition of each asset."""
        return self._repository_data.get_assets_defs_by_key()

    @property
    def asset_checks_defs_by_key(self) -> Mapping[AssetCheckKey, AssetsDefinition]:
        """Return the definition of each check."""
        return self._repository_data.get_asset_checks_defs_by_key()

    @property
    def source_assets_by_key(self) -> Mapping[AssetKey, SourceAsset]:
        """Return the source assets by key."""
        return self._repository_data.get_source_assets_by_key()

    def get_top_level_resources(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key."""
        return self._repository_data.get_top_level_resources()

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, AbstractSet[str]]:
        """Return the environment variables that each resource reads, by key."""
        return self._repository_data.get_env_vars_by_top_level_resource()

    def get_component_tree(self) -> Any:
        """Return the components that the definitions came from, if they came from some."""
        return self._repository_data.get_component_tree()

    def load_asset_value(
        self,
        asset_key: Any,
        *,
        python_type: type | None = None,
        instance: Any = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Load the stored value of an asset.

        Args:
            asset_key: The asset.
            python_type: Type that the IO manager shall give, where it can give several.
            instance: Instance whose records and settings hold; the default one if not given.
            partition_key: The partition to load.
            metadata: Metadata of the input, for the IO manager.
            resource_config: Config of the resources, by key.
        """
        return verbs().load_asset_value(
            self,
            asset_key,
            python_type=python_type,
            instance=instance,
            partition_key=partition_key,
            metadata=metadata,
            resource_config=resource_config,
        )

    def get_asset_value_loader(self, instance: Any = None) -> Any:
        """Return a loader of stored values that keeps its resources open; use it in ``with``."""
        return verbs().asset_value_loader(self, instance)

    def all_assets_defs(self) -> list[AssetsDefinition]:
        """Return all definitions of assets and checks, each once."""
        data = self._repository_data
        if isinstance(data, CachingRepositoryData):
            return list(data.assets)
        unique: dict[int, AssetsDefinition] = {id(each): each for each in self.assets_defs_by_key.values()}
        unique.update({id(each): each for each in self.asset_checks_defs_by_key.values()})
        return list(unique.values())

    def resource_definitions(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key."""
        return as_resource_definitions(self.get_top_level_resources())

    def __repr__(self) -> str:
        return f"RepositoryDefinition({self._name!r})"
