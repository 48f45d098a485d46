"""
One asset, and one asset check, as the asset graph knows them.

Nodes are values without functions: what a definition says of an asset, whoever made it (an asset
function, a bare spec, a snapshot of another process). Definitions build them; only the graph knows
who depends on a node, and says so on the nodes that it gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import kinds_of_tags

__all__ = ["AssetCheckNode", "AssetNode"]


class AssetNode(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """
    What a definition says of one asset.

    Attributes:
        key: Name of the asset.
        parent_keys: Upstream assets, each once, in the order they were given; the asset itself
            among them if it depends on its own earlier partitions.
        input_keys: Those of them whose values are loaded for the function.
        child_keys: Downstream assets, the asset itself not among them; filled in by the graph that gives the node.
        mappings: Partition mappings of the edges that have one, by upstream asset; None if none has.
        group_name: Group of the asset.
        owner_names: Owners.
        io_manager_key: Resource that stores and loads the value; None if no definition says so.
        pools: Pools of the ops that make or observe it; None if nothing in the project does.
        is_materializable: A function of the project makes the asset.
        is_observable: A function of the project observes it.
        op_name: Name of the op that holds that function.
        execution_set: Equal marks are on assets and checks that can only run together.
        source: File and line of the definition, for errors.
        is_auto_created_stub: No definition provides the asset; another one depends on it.
    """

    key: AssetKey
    parent_keys: tuple[AssetKey, ...] = ()
    input_keys: tuple[AssetKey, ...] = ()
    child_keys: tuple[AssetKey, ...] = ()
    mappings: Mapping[AssetKey, Any] | None = None
    group_name: str = "default"
    description: str | None = None
    metadata: Mapping[str, Any] = {}
    tags: Mapping[str, str] = {}
    owner_names: tuple[str, ...] = ()
    code_version: str | None = None
    partitions_def: Any = None
    automation_condition: Any = None
    freshness_policy: Any = None
    legacy_freshness_policy: Any = None
    backfill_policy: Any = None
    auto_observe_interval_minutes: float | None = None
    io_manager_key: str | None = None
    pools: frozenset[str] | None = None
    is_virtual: bool = False
    skippable: bool = False
    is_materializable: bool = False
    is_observable: bool = False
    op_name: str | None = None
    execution_set: Any = None
    source: tuple[str, int] | None = None
    is_auto_created_stub: bool = False

    @property
    def is_executable(self) -> bool:
        """Tell whether a function of the project makes or observes the asset."""
        return self.is_materializable or self.is_observable

    @property
    def is_external(self) -> bool:
        """Tell whether something outside the project makes the asset."""
        return not self.is_materializable

    @property
    def execution_type(self) -> str:
        """Return what a run does with the asset: ``MATERIALIZATION``, ``OBSERVATION`` or ``UNEXECUTABLE``."""
        if self.is_materializable:
            return "MATERIALIZATION"
        return "OBSERVATION" if self.is_observable else "UNEXECUTABLE"

    @property
    def is_partitioned(self) -> bool:
        """Tell whether the asset is made of partitions."""
        return self.partitions_def is not None

    @property
    def kinds(self) -> set[str]:
        """Return the kinds, which are kept as tags."""
        return kinds_of_tags(self.tags)

    @property
    def owners(self) -> list[str]:
        """Return the owners as a new list."""
        return list(self.owner_names)

    @property
    def partition_mappings(self) -> Mapping[AssetKey, Any]:
        """Return the partition mapping of each upstream asset that has one of its own."""
        return self.mappings or {}

    @property
    def has_self_dependency(self) -> bool:
        """Tell whether the asset depends on itself (on its own earlier partitions)."""
        return self.key in self.parent_keys

    @property
    def location(self) -> str | None:
        """Return where the asset is defined, as ``file:line``."""
        return None if self.source is None else f"{self.source[0]}:{self.source[1]}"


class AssetCheckNode(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """
    What a definition says of one asset check.

    Attributes:
        key: Asset and name of the check.
        additional_dep_keys: Assets that the check reads beside its own.
        blocking: Whether its failure holds back what is downstream of the asset.
        op_name: Name of the op that holds its function.
        execution_set: Equal marks are on assets and checks that can only run together.
        spec: The spec it was made from.
        source: File and line of the definition, for errors.
    """

    key: AssetCheckKey
    additional_dep_keys: tuple[AssetKey, ...] = ()
    blocking: bool = False
    description: str | None = None
    metadata: Mapping[str, Any] = {}
    automation_condition: Any = None
    partitions_def: Any = None
    op_name: str | None = None
    execution_set: Any = None
    spec: Any = None
    source: tuple[str, int] | None = None

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset that is checked."""
        return self.key.asset_key

    @property
    def name(self) -> str:
        """Return the name of the check."""
        return self.key.name

    @property
    def parent_keys(self) -> tuple[AssetKey, ...]:
        """Return the assets that the check reads: its own and the additional ones."""
        return (self.key.asset_key, *self.additional_dep_keys)

    @property
    def location(self) -> str | None:
        """Return where the check is defined, as ``file:line``."""
        return None if self.source is None else f"{self.source[0]}:{self.source[1]}"
