"""
Jobs of a selection of assets, written before the assets are known.

:func:`define_asset_job` says which assets a job makes; :meth:`UnresolvedAssetJobDefinition.resolve`
finds them in the graph of a project.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, OrreryError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import normalize_definition_tags
from orrery.definitions.assets.asset_job import build_asset_job, normalize_assets, only_partitions_definition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy, tags_with_policy
from orrery.definitions.parts.executor import ExecutorDefinition
from orrery.definitions.parts.hook import HookDefinition, check_hooks
from orrery.definitions.parts.policies import RetryPolicy
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection
from orrery.model.config.configured import ConfigMapping
from orrery.model.partitions.partitioned_config import PartitionedConfig
from orrery.model.records.run_request import RunRequest, partition_run_request

__all__ = ["UnresolvedAssetJobDefinition", "checked_owners", "define_asset_job"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}\Z")


class UnresolvedAssetJobDefinition:
    """
    A job of a selection of assets, before the selection is resolved.

    Made by :func:`define_asset_job`, whose arguments are its attributes.
    """

    __slots__ = (
        "__weakref__",
        "automation_condition",
        "config",
        "description",
        "executor_def",
        "hooks",
        "metadata",
        "name",
        "op_retry_policy",
        "owners",
        "partitions_def",
        "run_tags",
        "selection",
        "tags",
    )

    def __init__(
        self,
        name: str,
        selection: AssetSelection,
        config: Any = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        run_tags: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        partitions_def: Any = None,
        executor_def: ExecutorDefinition | None = None,
        hooks: AbstractSet[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        owners: Sequence[str] | None = None,
        automation_condition: Any = None,
    ) -> None:
        self.name = name
        self.selection = selection
        self.config = config
        self.description = description
        self.tags = dict(tags or {})
        self.run_tags = dict(run_tags if run_tags is not None else self.tags)
        self.metadata = metadata
        self.partitions_def = partitions_def
        self.executor_def = executor_def
        self.hooks = hooks
        self.op_retry_policy = op_retry_policy
        self.owners = owners
        self.automation_condition = automation_condition

    def with_metadata(self, metadata: Mapping[str, Any]) -> UnresolvedAssetJobDefinition:
        """Return the job with other metadata."""
        arguments = {each: getattr(self, each) for each in self.__slots__ if each != "__weakref__"}
        return UnresolvedAssetJobDefinition(**{**arguments, "metadata": metadata})

    def resolve(
        self,
        asset_graph: AssetGraph,
        default_executor_def: ExecutorDefinition | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        *,
        logger_defs: Mapping[str, Any] | None = None,
    ) -> JobDefinition:
        """
        Return the job of the assets that the selection finds in *asset_graph*.

        Args:
            asset_graph: All assets, as made by ``AssetGraph.from_assets`` from their definitions.
            default_executor_def: Executor, where the job names none.
            resource_defs: Resources by key, beside those bound to the assets.
            logger_defs: Loggers by key.

        Raises:
            InvalidDefinitionError: The selection names what is not there or cannot be run, or assets
                whose partitions differ.
        """
        asset_keys, check_keys = self._selected(asset_graph)
        partitions_def = self._resolved_partitions(asset_graph, asset_keys)
        return build_asset_job(
            self.name,
            normalize_assets(asset_graph.definitions),
            asset_graph=asset_graph,
            asset_keys=asset_keys,
            check_keys=check_keys,
            resource_defs=resource_defs,
            config=self.config,
            description=self.description,
            tags=self.tags,
            run_tags=self.run_tags,
            metadata=self.metadata,
            partitions_def=partitions_def,
            executor_def=self.executor_def or default_executor_def,
            logger_defs=logger_defs,
            hook_defs=self.hooks,
            op_retry_policy=self.op_retry_policy,
            owners=self.owners,
            _automation_condition=self.automation_condition,
        )

    def _selected(self, graph: AssetGraph) -> tuple[AbstractSet[AssetKey], AbstractSet[AssetCheckKey]]:
        try:
            asset_keys = self.selection.resolve(graph)
            check_keys = self.selection.resolve_checks(graph)
        except OrreryError as error:
            raise InvalidDefinitionError(
                f"Failed to resolve asset job {self.name}: {error.args[0] if error.args else error}", mend=error.mend
            ) from error
        idle = sorted(key for key in asset_keys if not graph.get(key).is_executable)
        if idle:
            shown = ", ".join(f"'{key.to_user_string()}'" for key in idle)
            raise InvalidDefinitionError(
                f"Failed to resolve asset job {self.name}: its selection names {shown}, which no function of the "
                "project makes or observes.",
                mend="take them out of the selection.",
            )
        return asset_keys, check_keys

    def _resolved_partitions(self, graph: AssetGraph, keys: AbstractSet[AssetKey]) -> Any:
        own, key = only_partitions_definition(graph, keys, self.name)
        if self.partitions_def is not None and key is not None and own != self.partitions_def:
            raise InvalidDefinitionError(
                f"Failed to resolve asset job {self.name}: its partitions_def is {self.partitions_def!r}, but asset "
                f"'{key.to_user_string()}' has {own!r}.",
                mend="leave partitions_def out: that of the assets holds.",
            )
        if isinstance(self.config, PartitionedConfig):
            return self.partitions_def
        return self.partitions_def or own

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        asset_selection: Sequence[AssetKey] | None = None,
        run_config: Mapping[str, Any] | None = None,
        current_time: Any = None,
        dynamic_partitions_store: Any = None,
    ) -> RunRequest:
        """
        Return a request for a run of the partition.

        Raises:
            InvalidInvocationError: The job was given no partitions.
        """
        partitions_def = self.partitions_def
        config = self.config if isinstance(self.config, PartitionedConfig) else None
        if partitions_def is None and config is not None:
            partitions_def = config.partitions_def
        if partitions_def is None:
            raise InvalidInvocationError(
                f"Job '{self.name}' was given no partitions_def, so that it cannot say what a partition of it needs.",
                mend="yield RunRequest(partition_key=...) instead.",
            )
        return partition_run_request(
            self.name,
            partitions_def,
            config,
            partition_key,
            run_key=run_key,
            tags=tags,
            asset_selection=asset_selection,
            run_config=run_config,
            current_time=current_time,
            dynamic_partitions_store=dynamic_partitions_store,
        )

    def __repr__(self) -> str:
        return f"UnresolvedAssetJobDefinition(name={self.name!r}, selection={str(self.selection)!r})"


def checked_owners(owners: Sequence[str] | None, what: str) -> Sequence[str] | None:
    """
    Return *owners* if each is an e-mail address or a team.

    Raises:
        InvalidDefinitionError: One is neither.
    """
    for given in owners or ():
        owner = str(given)
        if not ((owner.startswith("team:") and owner != "team:") or _EMAIL.match(owner)):
            raise InvalidDefinitionError(
                f"Invalid owner {given!r} for {what}. Owner must be an email address or a team name prefixed with "
                "'team:'.",
                mend=f"write 'team:{owner}' for a team.",
            )
    return owners


def define_asset_job(
    name: str,
    selection: Any = None,
    config: Any = None,
    description: str | None = None,
    tags: Mapping[str, object] | None = None,
    run_tags: Mapping[str, object] | None = None,
    metadata: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    executor_def: ExecutorDefinition | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    *,
    cache: CachePolicy | None = None,
) -> UnresolvedAssetJobDefinition:
    """
    Return a job that makes a selection of assets, to stand among the jobs of a project.

    Args:
        name: Name of the job.
        selection: Assets to make or observe: a selection, its text, keys, or definitions. All assets
            that the project makes, if not given.
        config: Run config as a dictionary or :class:`RunConfig`, a config mapping, or a partitioned config.
        description: Text for people.
        tags: Tags of the job, and of its runs unless *run_tags* is given.
        run_tags: Tags of its runs.
        metadata: Any metadata, by name.
        partitions_def: Partitions; those of the assets if not given.
        executor_def: How the steps are executed; the project's executor if not given.
        hooks: Hooks of all its steps.
        op_retry_policy: Retry policy of assets that have none.
        owners: E-mail addresses, or teams as ``team:name``.
        automation_condition: When the job is started by itself.
        cache: When its runs may use stored values instead of making them again, where an asset itself says nothing; kept
            among the tags.

    Raises:
        InvalidDefinitionError: An argument is not what it must be.

    >>> define_asset_job("nightly", selection="*report")
    UnresolvedAssetJobDefinition(name='nightly', selection='+key:"report"')
    """
    if hasattr(config, "to_config_dict"):
        config = config.to_config_dict()
    elif config is not None and not isinstance(config, Mapping | ConfigMapping | PartitionedConfig):
        raise InvalidDefinitionError(
            f"config of job '{name}' is {config!r}, which is neither a dictionary, a RunConfig, a config mapping nor a "
            "partitioned config."
        )
    if run_tags is None:
        tags = tags_with_policy(tags, cache, "define_asset_job", "tags")
    else:
        run_tags = tags_with_policy(run_tags, cache, "define_asset_job", "run_tags")
    normal = normalize_definition_tags(tags)
    return UnresolvedAssetJobDefinition(
        name=name,
        selection=AssetSelection.all() if selection is None else AssetSelection.from_coercible(selection),
        config=config,
        description=description,
        tags=normal,
        run_tags=normalize_definition_tags(run_tags) if run_tags is not None else normal,
        metadata=metadata,
        partitions_def=partitions_def,
        executor_def=executor_def,
        hooks=check_hooks(hooks, f"job '{name}'") if hooks else None,
        op_retry_policy=op_retry_policy,
        owners=checked_owners(owners, f"job '{name}'"),
        automation_condition=automation_condition,
    )
