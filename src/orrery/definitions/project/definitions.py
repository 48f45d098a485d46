"""
``Definitions``: everything of a project, in one value.

Nothing is resolved when it is made. The first question that needs it (a job, the asset graph) resolves
all names together: duplicates, missing resources and unknown upstream assets are told then, before
anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey
from orrery.base.metadata import normalize_metadata
from orrery.definitions.assets.asset_spec import DEFAULT_GROUP_NAME, AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.executor import ExecutorDefinition, LoggerDefinition
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.project.repository import SINGLETON_REPOSITORY_NAME, RepositoryDefinition
from orrery.definitions.project.repository_data import CachingRepositoryData
from orrery.definitions.verbs import verbs
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection

__all__ = ["BindResourcesToJobs", "Definitions", "create_repository_using_definitions_args"]


class BindResourcesToJobs(list[Any]):
    """Jobs to which the resources of the project are bound: all are, so that this is a list."""


class Definitions:
    """
    Everything of a project: assets, checks, jobs, schedules, sensors, and the resources they use.

    A module with one such value at its top level is a project that the command and the server load.

    Args:
        assets: Assets: what ``@asset`` and its kin return, source assets, specs.
        schedules: Schedules.
        sensors: Sensors.
        jobs: Jobs: what ``@job`` and :func:`define_asset_job` return.
        resources: Resources by key: definitions, or objects to be used as they are. They are bound to
            assets, jobs, schedules and sensors that need them and do not have them.
        executor: Executor of jobs that name none, and of assets made without a job.
        loggers: Loggers of jobs that name none, by key.
        asset_checks: Checks of assets.
        metadata: Any metadata, by name.
        component_tree: The components that the definitions came from.
        cache: When stored values may be used instead of being made again: for assets of which nothing else speaks.
        cache_by_group: The same for the assets of a group, by its name, that have no policy of their own.

    Raises:
        InvalidDefinitionError: Something stands where it does not belong.

    >>> from orrery.definitions.decorators.asset import asset
    >>> @asset
    ... def orders(): ...
    >>> [key.to_user_string() for key in Definitions(assets=[orders]).resolve_all_asset_keys()]
    ['orders']
    """

    __slots__ = (
        "__weakref__",
        "_repository",
        "asset_checks",
        "assets",
        "cache",
        "cache_by_group",
        "component_tree",
        "executor",
        "jobs",
        "loggers",
        "metadata",
        "resources",
        "schedules",
        "sensors",
    )

    def __init__(
        self,
        assets: Iterable[Any] | None = None,
        schedules: Iterable[Any] | None = None,
        sensors: Iterable[Any] | None = None,
        jobs: Iterable[JobDefinition | UnresolvedAssetJobDefinition] | None = None,
        resources: Mapping[str, Any] | None = None,
        executor: Any = None,
        loggers: Mapping[str, LoggerDefinition] | None = None,
        asset_checks: Iterable[AssetsDefinition] | None = None,
        metadata: Mapping[str, Any] | None = None,
        component_tree: Any = None,
        *,
        cache: CachePolicy | None = None,
        cache_by_group: Mapping[str, CachePolicy] | None = None,
    ) -> None:
        self.assets = _listed("assets", assets, _is_asset, "assets, made by @asset and its kin")
        self.schedules = _listed("schedules", schedules, _is_schedule, "schedules, made by @schedule")
        self.sensors = _listed("sensors", sensors, _is_sensor, "sensors, made by @sensor")
        self.jobs = _listed("jobs", jobs, _is_job, "jobs, made by @job, define_asset_job or to_job()")
        self.asset_checks = _listed(
            "asset_checks",
            asset_checks,
            lambda each: isinstance(each, AssetsDefinition),
            "checks, made by @asset_check",
        )
        self.resources: Mapping[str, Any] | None = _mapped("resources", resources)
        self.loggers: Mapping[str, LoggerDefinition] | None = _mapped("loggers", loggers)
        for key, logger in (self.loggers or {}).items():
            if not isinstance(logger, LoggerDefinition):
                raise InvalidDefinitionError(
                    f"The logger '{key}' of Definitions is {logger!r}, which is no logger definition.",
                    mend="decorate the function with @logger.",
                )
        if executor is not None and not isinstance(executor, ExecutorDefinition) and not hasattr(executor, "execute"):
            raise InvalidDefinitionError(
                f"The executor of Definitions is {executor!r}, which is no executor.",
                mend="give in_process_executor or another executor definition.",
            )
        self.executor = executor
        self.metadata = normalize_metadata(metadata) if metadata else {}
        self.component_tree = component_tree
        self.cache = _policy("cache", cache)
        self.cache_by_group: Mapping[str, CachePolicy] | None = _mapped("cache_by_group", cache_by_group)
        for group, policy in (self.cache_by_group or {}).items():
            _policy(f"cache_by_group[{group!r}]", policy)
        self._repository: RepositoryDefinition | None = None

    # -- resolving -----------------------------------------------------------------------------

    def get_repository_def(self) -> RepositoryDefinition:
        """
        Return the definitions with every name resolved; the same value each time.

        Raises:
            InvalidDefinitionError: They contradict one another, or lack something.
        """
        made = self._repository
        if made is None:
            made = create_repository_using_definitions_args(
                SINGLETON_REPOSITORY_NAME,
                assets=self._assets_with_policies(),
                schedules=self.schedules,
                sensors=self.sensors,
                jobs=self.jobs,
                resources=self.resources,
                executor=self.executor,
                loggers=self.loggers,
                asset_checks=self.asset_checks,
                metadata=self.metadata,
                component_tree=self.component_tree,
            )
            self._repository = made
        return made

    def _assets_with_policies(self) -> list[Any] | None:
        """Return the assets, with the cache policies of their groups and of the whole."""
        if self.assets is None or (self.cache is None and not self.cache_by_group):
            return self.assets
        by_group = self.cache_by_group or {}
        there = {
            spec.group_name or DEFAULT_GROUP_NAME
            for each in self.assets
            for spec in (each.specs if isinstance(each, AssetsDefinition) else [each])
            if hasattr(spec, "group_name")
        }
        for group in by_group:
            if group not in there:
                raise InvalidDefinitionError(
                    f"cache_by_group of Definitions names the group '{group}', and no asset is in it.",
                    mend=nearest_hint(group, sorted(there), noun="group"),
                )
        return [self.with_policies(each) for each in self.assets]

    def with_policies(self, asset: Any) -> Any:
        """Return *asset* with the cache policies that :class:`Definitions` was given for its group, and for all."""
        if not isinstance(asset, AssetsDefinition):
            return asset
        return asset.with_policies_around((self.cache_by_group or {}).get, self.cache)

    def has_resolved_repository_def(self) -> bool:
        """Tell whether the names have been resolved."""
        return self._repository is not None

    @staticmethod
    def validate_loadable(defs: Definitions) -> None:
        """
        Refuse definitions that cannot stand: resolve every job, schedule and sensor.

        Raises:
            InvalidDefinitionError: What is wrong, and where.
        """
        if not isinstance(defs, Definitions):
            raise InvalidInvocationError(f"validate_loadable takes Definitions, not {defs!r}.")
        defs.get_repository_def().validate_loadable()

    # -- jobs ----------------------------------------------------------------------------------

    def resolve_job_def(self, name: str) -> JobDefinition:
        """
        Return the job called *name*, with all that a run needs.

        Raises:
            InvariantViolationError: There is none; the nearest name is told.
        """
        return self.get_repository_def().get_job(name)

    def get_job_def(self, name: str) -> JobDefinition:
        """Return the job called *name*, with all that a run needs; see :meth:`resolve_job_def`."""
        return self.resolve_job_def(name)

    def resolve_all_job_defs(self) -> Sequence[JobDefinition]:
        """Return all jobs, that of all assets among them."""
        return self.get_repository_def().get_all_jobs()

    def has_implicit_global_asset_job_def(self) -> bool:
        """Tell whether there are assets or checks, and so a job of all of them."""
        return self.get_repository_def().has_implicit_global_asset_job_def()

    def resolve_implicit_global_asset_job_def(self) -> JobDefinition:
        """
        Return the job of all assets, ``__ASSET_JOB``.

        Raises:
            InvariantViolationError: There are no assets.
        """
        return self.get_repository_def().get_implicit_global_asset_job_def()

    def get_implicit_global_asset_job_def(self) -> JobDefinition:
        """Return the job of all assets; see :meth:`resolve_implicit_global_asset_job_def`."""
        return self.resolve_implicit_global_asset_job_def()

    def resolve_implicit_job_def_def_for_assets(self, asset_keys: Iterable[AssetKey]) -> JobDefinition | None:
        """Return the job of all assets, from which *asset_keys* can be selected; None if there are no assets."""
        return self.get_repository_def().get_implicit_job_def_for_assets(asset_keys)

    def get_implicit_job_def_for_assets(self, asset_keys: Iterable[CoercibleToAssetKey]) -> JobDefinition | None:
        """
        Return the job of all assets, from which *asset_keys* can be selected; None if there are no assets.

        Raises:
            UnknownAssetError: One of *asset_keys* is not there; the nearest is told.
        """
        graph = self.resolve_asset_graph()
        keys = [_key_of(each) for each in asset_keys]
        for key in keys:
            graph.get(key)
        return self.get_repository_def().get_implicit_job_def_for_assets(keys)

    # -- assets and checks ---------------------------------------------------------------------

    def resolve_asset_graph(self) -> AssetGraph:
        """Return the graph of all assets and checks."""
        return self.get_repository_def().asset_graph

    def get_asset_graph(self) -> AssetGraph:
        """Return the graph of all assets and checks."""
        return self.resolve_asset_graph()

    def resolve_all_asset_keys(self) -> Sequence[AssetKey]:
        """Return the keys of all assets, each after its upstream assets."""
        return list(self.resolve_asset_graph().assets)

    def resolve_all_asset_specs(self) -> Sequence[AssetSpec]:
        """Return what is said of each asset, in the order of :meth:`resolve_all_asset_keys`."""
        by_key = self.get_repository_def().assets_defs_by_key
        return [by_key[key].get_asset_spec(key) for key in self.resolve_all_asset_keys()]

    def resolve_assets_def(self, key: CoercibleToAssetKey) -> AssetsDefinition:
        """
        Return the definition of an asset, resources bound to it.

        Raises:
            InvariantViolationError: There is none; the nearest name is told.
        """
        asset_key = AssetKey.from_coercible(key)
        by_key = self.get_repository_def().assets_defs_by_key
        found = by_key.get(asset_key)
        if found is None:
            raise InvariantViolationError(
                f"Could not find asset {asset_key!r}.",
                mend=nearest_hint(asset_key.to_user_string(), [each.to_user_string() for each in by_key], noun="asset"),
            )
        return found

    def get_assets_def(self, key: CoercibleToAssetKey) -> AssetsDefinition:
        """Return the definition of an asset; see :meth:`resolve_assets_def`."""
        return self.resolve_assets_def(key)

    def get_asset_checks_def(self, key: AssetCheckKey) -> AssetsDefinition:
        """
        Return the definition of a check.

        Raises:
            InvariantViolationError: There is none; the nearest name is told.
        """
        by_key = self.get_repository_def().asset_checks_defs_by_key
        found = by_key.get(key)
        if found is None:
            raise InvariantViolationError(
                f"Could not find asset checks defs for {key!r}.",
                mend=nearest_hint(key.to_user_string(), [each.to_user_string() for each in by_key], noun="asset check"),
            )
        return found

    def all_assets_defs(self) -> list[AssetsDefinition]:
        """Return all definitions of assets and checks, each once, without the project's resources."""
        return self.get_repository_def().all_assets_defs()

    def resource_definitions(self) -> Mapping[str, ResourceDefinition]:
        """Return the resources by key, as definitions."""
        return self.get_repository_def().get_top_level_resources()

    # -- schedules and sensors -----------------------------------------------------------------

    def resolve_schedule_def(self, name: str) -> Any:
        """Return the schedule called *name*, its job with all it needs."""
        return self.get_repository_def().get_schedule_def(name)

    def get_schedule_def(self, name: str) -> Any:
        """Return the schedule called *name*; see :meth:`resolve_schedule_def`."""
        return self.resolve_schedule_def(name)

    def get_unresolved_schedule_def(self, name: str) -> Any:
        """
        Return the schedule called *name* as it was given.

        Raises:
            ValueError: There is none.
        """
        return _as_given("ScheduleDefinition", name, self.schedules)

    def resolve_sensor_def(self, name: str) -> Any:
        """Return the sensor called *name*, its jobs with all they need."""
        return self.get_repository_def().get_sensor_def(name)

    def get_sensor_def(self, name: str) -> Any:
        """Return the sensor called *name*; see :meth:`resolve_sensor_def`."""
        return self.resolve_sensor_def(name)

    def get_unresolved_sensor_def(self, name: str) -> Any:
        """
        Return the sensor called *name* as it was given.

        Raises:
            ValueError: There is none.
        """
        return _as_given("SensorDefinition", name, self.sensors)

    # -- stored values -------------------------------------------------------------------------

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type | None = None,
        instance: Any = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Load the stored value of an asset, as an asset downstream of it would.

        To load several, open :meth:`get_asset_value_loader` once.

        Args:
            asset_key: The asset.
            python_type: Type that the IO manager shall give, where it can give several.
            instance: Instance whose records and settings hold; the default one if not given.
            partition_key: The partition to load.
            metadata: Metadata of the input, for the IO manager.
        """
        return verbs().load_asset_value(
            self.get_repository_def(),
            asset_key,
            python_type=python_type,
            instance=instance,
            partition_key=partition_key,
            metadata=metadata,
        )

    def get_asset_value_loader(self, instance: Any = None) -> Any:
        """Return a loader of stored values that keeps its resources open; use it in ``with``."""
        return verbs().asset_value_loader(self.get_repository_def(), instance)

    # -- copies --------------------------------------------------------------------------------

    def _changed(self, **changes: Any) -> Definitions:
        names = [each for each in self.__slots__ if not each.startswith("_")]
        return Definitions(**{**{each: getattr(self, each) for each in names}, **changes})

    @staticmethod
    def merge(*def_sets: Definitions) -> Definitions:
        """
        Return all definitions of several sets as one.

        Raises:
            InvariantViolationError: Two sets have different resources or loggers under one key, or
                different executors; both are named.
        """
        for number, each in enumerate(def_sets):
            if not isinstance(each, Definitions):
                raise InvalidInvocationError(f"merge takes Definitions; argument {number} is {each!r}.")
        resources: dict[str, Any] = {}
        loggers: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        whose: dict[tuple[str, str], int] = {}
        executor: Any = None
        executor_of = 0
        component_tree: Any = None
        for number, each in enumerate(def_sets):
            for noun, into, given in (("resources", resources, each.resources), ("loggers", loggers, each.loggers)):
                for key, value in (given or {}).items():
                    if key in into and not _same(into[key], value):
                        raise InvariantViolationError(
                            f"Definitions objects {whose[noun, key]} and {number} have different {noun} with same key "
                            f"'{key}'",
                            mend="give one of them another key.",
                        )
                    into[key] = value
                    whose.setdefault((noun, key), number)
            metadata.update(each.metadata)
            if each.executor is not None:
                if executor is not None and executor is not each.executor:
                    raise InvariantViolationError(
                        f"Definitions objects {executor_of} and {number} both have an executor",
                        mend="give it in one of them.",
                    )
                executor, executor_of = each.executor, number
            component_tree = component_tree if component_tree is not None else each.component_tree
        return Definitions(
            assets=[item for each in def_sets for item in each._assets_with_policies() or ()],
            schedules=[item for each in def_sets for item in each.schedules or ()],
            sensors=[item for each in def_sets for item in each.sensors or ()],
            jobs=[item for each in def_sets for item in each.jobs or ()],
            asset_checks=[item for each in def_sets for item in each.asset_checks or ()],
            resources=resources,
            loggers=loggers,
            executor=executor,
            metadata=metadata,
            component_tree=component_tree,
        )

    @staticmethod
    def merge_unbound_defs(*def_sets: Definitions) -> Definitions:
        """
        Return all definitions of several sets as one; none of the sets may have been resolved.

        Raises:
            InvariantViolationError: One has been, or they conflict.
        """
        for number, each in enumerate(def_sets):
            if each.has_resolved_repository_def():
                raise InvariantViolationError(
                    f"Definitions object {number} has previously been resolved.", mend="use merge."
                )
        return Definitions.merge(*def_sets)

    def with_resources(self, resources: Mapping[str, Any] | None) -> Definitions:
        """
        Return a copy with resources added.

        Raises:
            InvariantViolationError: There is another one under one of the keys.
        """
        return Definitions.merge(self, Definitions(resources=resources)) if resources else self

    def map_asset_specs(self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None) -> Definitions:
        """
        Return a copy with *func* applied to what is said of each asset.

        Args:
            func: Takes a spec, returns a spec.
            selection: No longer taken; see :meth:`map_resolved_asset_specs`.
        """
        if selection is not None:
            raise InvalidInvocationError(
                "map_asset_specs takes no selection.", mend="use map_resolved_asset_specs(func=..., selection=...)."
            )
        return self.permissive_map_resolved_asset_specs(func, None)

    def map_resolved_asset_specs(self, *, func: Callable[[AssetSpec], AssetSpec], selection: Any = None) -> Definitions:
        """
        Return a copy with *func* applied to what is said of each selected asset.

        Args:
            func: Takes a spec, returns a spec.
            selection: The assets; all if not given.

        Raises:
            InvalidDefinitionError: There are source assets, which have no specs.
        """
        for each in self.assets or ():
            if not isinstance(each, AssetsDefinition | AssetSpec):
                raise InvalidDefinitionError(
                    f"Can only map over AssetSpec or AssetsDefinition objects. Received: {each!r}.",
                    mend="use AssetSpec in place of SourceAsset.",
                )
        return self.permissive_map_resolved_asset_specs(func, selection)

    def permissive_map_resolved_asset_specs(
        self, func: Callable[[AssetSpec], AssetSpec], selection: Any
    ) -> Definitions:
        """Return a copy with *func* applied to what is said of each selected asset; other objects stay."""
        chosen = None
        if selection is not None:
            chosen = AssetSelection.from_coercible(selection).resolve(self.resolve_asset_graph())

        def changed(spec: AssetSpec) -> AssetSpec:
            return func(spec) if chosen is None or spec.key in chosen else spec

        return self._changed(
            assets=[
                changed(each)
                if isinstance(each, AssetSpec)
                else each.map_asset_specs(changed)
                if isinstance(each, AssetsDefinition)
                else each
                for each in self.assets or ()
            ]
        )

    def with_definition_metadata_update(self, update: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Definitions:
        """Return a copy with *update* applied to the metadata of each asset, job, schedule and sensor."""

        def of_asset(each: Any) -> Any:
            if isinstance(each, AssetSpec):
                return each.replace_attributes(metadata=update(each.metadata))
            if isinstance(each, AssetsDefinition):
                return each.map_asset_specs(lambda spec: spec.replace_attributes(metadata=update(spec.metadata)))
            return each._changed(metadata=update(each.raw_metadata)) if isinstance(each, SourceAsset) else each

        return self._changed(
            assets=[of_asset(each) for each in self.assets] if self.assets is not None else None,
            jobs=[each.with_metadata(update(each.metadata or {})) for each in self.jobs]
            if self.jobs is not None
            else None,
            schedules=[each.with_attributes(metadata=update(each.metadata)) for each in self.schedules]
            if self.schedules is not None
            else None,
            sensors=[each.with_attributes(metadata=update(each.metadata)) for each in self.sensors]
            if self.sensors is not None
            else None,
        )

    def with_reconstruction_metadata(self, reconstruction_metadata: Mapping[str, str]) -> Definitions:
        """
        Return a copy with texts that another load of the same definitions may read back.

        Args:
            reconstruction_metadata: Texts by name.

        Raises:
            InvalidInvocationError: A value is no text.
        """
        for key, value in reconstruction_metadata.items():
            if not isinstance(value, str):
                raise InvalidInvocationError(
                    f"Reconstruction metadata values must be strings; '{key}' is {value!r}.", mend="write JSON."
                )
        return self._changed(metadata={**self.metadata, **reconstruction_metadata})

    def dig_for_warning(self, name: str) -> None:
        """Do nothing: nothing here is deprecated."""

    def __repr__(self) -> str:
        names = [each for each in self.__slots__ if not each.startswith("_") and getattr(self, each)]
        return f"Definitions({', '.join(f'{each}={getattr(self, each)!r}' for each in names)})"


def create_repository_using_definitions_args(
    name: str,
    assets: Iterable[Any] | None = None,
    schedules: Iterable[Any] | None = None,
    sensors: Iterable[Any] | None = None,
    jobs: Iterable[Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    executor: Any = None,
    loggers: Mapping[str, LoggerDefinition] | None = None,
    asset_checks: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    component_tree: Any = None,
) -> RepositoryDefinition:
    """
    Return a repository called *name* of what :class:`Definitions` takes.

    Args:
        name: Name of the repository.
        assets: As for :class:`Definitions`, like all the others.
        schedules: Schedules.
        sensors: Sensors.
        jobs: Jobs.
        resources: Resources by key.
        executor: Executor of jobs that name none.
        loggers: Loggers of jobs that name none.
        asset_checks: Checks.
        metadata: Any metadata, by name.
        component_tree: Carried along.

    Raises:
        InvalidDefinitionError: They contradict one another, or lack something.
    """
    if executor is not None and not isinstance(executor, ExecutorDefinition):
        executor = ExecutorDefinition.hardcoded_executor(executor)
    data = CachingRepositoryData.from_list(
        [*(assets or ()), *(asset_checks or ()), *(jobs or ()), *(schedules or ()), *(sensors or ())],
        default_executor_def=executor,
        default_logger_defs=loggers,
        top_level_resources=as_resource_definitions(resources),
        component_tree=component_tree,
    )
    return RepositoryDefinition(name, repository_data=data, metadata=metadata)


def _is_asset(each: Any) -> bool:
    return isinstance(each, AssetsDefinition | AssetSpec | SourceAsset) or hasattr(each, "resolve_assets")


def _is_job(each: Any) -> bool:
    return isinstance(each, JobDefinition | UnresolvedAssetJobDefinition)


def _is_schedule(each: Any) -> bool:
    return hasattr(each, "own_jobs") and not hasattr(each, "minimum_interval_seconds")


def _is_sensor(each: Any) -> bool:
    return hasattr(each, "minimum_interval_seconds")


def _listed(name: str, given: Any, belongs: Callable[[Any], bool], expected: str) -> list[Any] | None:
    if given is None:
        return None
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InvalidDefinitionError(
            f"{name} of Definitions is {given!r} ({type(given).__name__}), not a list.", mend=f"write {name}=[...]."
        )
    made = list(given)
    for each in made:
        if not belongs(each):
            raise InvalidDefinitionError(
                f"{name} of Definitions holds {each!r} ({type(each).__name__}).", mend=f"give {expected}."
            )
    return made


def _mapped(name: str, given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidDefinitionError(
            f"{name} of Definitions is {given!r} ({type(given).__name__}), not a dictionary.",
            mend=f"write {name}={{'key': ...}}.",
        )
    return dict(given)


def _policy(name: str, given: Any) -> CachePolicy | None:
    if given is not None and not isinstance(given, CachePolicy):
        raise InvalidDefinitionError(
            f"{name} of Definitions is {given!r} ({type(given).__name__}), which is no policy.",
            mend="write cache=CachePolicy(ttl=timedelta(hours=24)), or cache_by_group={'mails': CachePolicy(always=True)}.",
        )
    return given


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    same = one == other
    return same is True


def _as_given(noun: str, name: str, among: Iterable[Any] | None) -> Any:
    for each in among or ():
        if each.name == name:
            return each
    raise ValueError(f"{noun} with name {name} not found")


def _key_of(given: Any) -> AssetKey:
    return given.key if isinstance(given, AssetsDefinition | SourceAsset) else AssetKey.from_coercible(given)
