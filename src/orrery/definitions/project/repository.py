"""
Repositories: a name over what answers for the definitions of a project (``repository_data.py``).

``Definitions`` stands on these, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import MetadataValue, normalize_metadata
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.requirements import (
    refuse_circles,
)
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.project.repository_data import ASSET_JOB, CachingRepositoryData, RepositoryData
from orrery.definitions.verbs import verbs
from orrery.model.assets.graph import AssetGraph

__all__ = ["SINGLETON_REPOSITORY_NAME", "RepositoryDefinition"]

SINGLETON_REPOSITORY_NAME = "__repository__"


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
