"""Assets with the function that makes them: one op or graph, one or several assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, InvalidSubsetError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKeyPrefix, EntityKey
from orrery.definitions.assets.asset_spec import DEFAULT_GROUP_NAME, IO_MANAGER_KEY_METADATA_KEY, AssetSpec
from orrery.definitions.assets.node_outputs import assets_of_node, conditions_told, specs_of_outputs
from orrery.definitions.assets.source_asset import OBSERVATION, UNEXECUTABLE, SourceAsset
from orrery.definitions.assets.spec_changes import changed_specs, is_rewired, mapped_specs
from orrery.definitions.graphs.calls import current_composition
from orrery.definitions.graphs.node import NodeDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.cache_policy import CachePolicy, policy_of_groups
from orrery.definitions.parts.hook import HookDefinition, check_hooks
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.parts.types import NOTHING
from orrery.definitions.verbs import verbs
from orrery.model import partitions
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.assets.node import AssetCheckNode, AssetNode

__all__ = ["ASSET_EXECUTION_TYPES", "AssetChecksDefinition", "AssetsDefinition"]

MATERIALIZATION = "MATERIALIZATION"
_Kind = TypeVar("_Kind", bound="AssetsDefinition")
_NO_HOOKS: frozenset[HookDefinition] = frozenset()
_NONE_AROUND: tuple[CachePolicy | None, CachePolicy | None] = (None, None)
ASSET_EXECUTION_TYPES = (MATERIALIZATION, OBSERVATION, UNEXECUTABLE)


class AssetsDefinition:
    """
    One or several assets with the op or graph that makes, observes or checks them.

    Made by :func:`asset`, :func:`multi_asset`, :func:`graph_asset` and their kin as a rule.

    Args:
        keys_by_input_name: The asset that each input of the node loads.
        keys_by_output_name: The asset that each output of the node is.
        node_def: The op or graph; None for assets that only exist elsewhere.
        partitions_def: Partitions of all the assets.
        partition_mappings: How partitions map to those of an upstream asset, by its key.
        asset_deps: Upstream assets of each asset; all inputs and internal assets if not given.
        selected_asset_keys: Assets to make; all if not given.
        can_subset: Whether some of the assets can be made without the others.
        resource_defs: Resources by key, for this definition alone.
        group_names_by_key: Groups.
        metadata_by_key: Metadata.
        tags_by_key: Tags.
        backfill_policy: How a backfill is cut into runs.
        descriptions_by_key: Texts for people.
        check_specs_by_output_name: The check that each output of the node is.
        selected_asset_check_keys: Checks to make; all if not given.
        is_subset: Whether this is a part of a larger definition.
        owners_by_key: Owners.
        specs: The assets; in place of the ``..._by_key`` arguments.
        execution_type: What running the node does: materialize, observe, or nothing.
        hook_defs: Hooks of the node.
    """

    _selected_keys: set[AssetKey] | None
    _selected_check_keys: set[AssetCheckKey] | None

    __slots__ = (
        "__weakref__",
        "_check_keys",
        "_check_specs_by_output_name",
        "_input_keys",
        "_keys",
        "_keys_by_input_name",
        "_keys_by_output_name",
        "_node_def",
        "_original",
        "_output_name_by_key",
        "_partition_mappings",
        "_policies_around",
        "_selected_check_keys",
        "_selected_keys",
        "_source",
        "_specs_by_key",
        "auto_observe_interval_minutes",
        "backfill_policy",
        "can_subset",
        "execution_type",
        "hook_defs",
        "is_subset",
        "resource_defs",
    )

    def __init__(
        self,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        node_def: NodeDefinition | None = None,
        partitions_def: Any = None,
        partition_mappings: Mapping[AssetKey, Any] | None = None,
        asset_deps: Mapping[AssetKey, AbstractSet[AssetKey]] | None = None,
        selected_asset_keys: AbstractSet[AssetKey] | None = None,
        can_subset: bool = False,
        resource_defs: Mapping[str, Any] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        legacy_freshness_policies_by_key: Mapping[AssetKey, Any] | None = None,
        backfill_policy: Any = None,
        descriptions_by_key: Mapping[AssetKey, str] | None = None,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec] | None = None,
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
        is_subset: bool = False,
        owners_by_key: Mapping[AssetKey, Sequence[str]] | None = None,
        specs: Sequence[AssetSpec] | None = None,
        execution_type: str | None = None,
        auto_materialize_policies_by_key: Mapping[AssetKey, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        source: tuple[str, int] | None = None,
    ) -> None:
        keys_by_input_name = dict(keys_by_input_name or {})
        keys_by_output_name = dict(keys_by_output_name or {})
        if specs is None:
            specs = specs_of_outputs(
                keys_by_input_name=keys_by_input_name,
                keys_by_output_name=keys_by_output_name,
                node_def=node_def,
                asset_deps=asset_deps,
                partition_mappings=partition_mappings or {},
                partitions_def=partitions_def,
                group_names=group_names_by_key or {},
                metadata=metadata_by_key or {},
                tags=tags_by_key or {},
                freshness=legacy_freshness_policies_by_key or {},
                descriptions=descriptions_by_key or {},
                owners=owners_by_key or {},
                automation=auto_materialize_policies_by_key or {},
            )
        mappings = dict(partition_mappings or {})
        for spec in specs:
            for dep in spec._edges or ():
                if dep.partition_mapping is not None:
                    mappings.setdefault(dep.asset_key, dep.partition_mapping)
        self._fill(
            node_def=node_def,
            keys_by_input_name=keys_by_input_name,
            keys_by_output_name=keys_by_output_name,
            specs_by_key={
                spec.key: spec if spec.group_name is not None else spec._changed(group_name="default") for spec in specs
            },
            check_specs_by_output_name=dict(check_specs_by_output_name or {}),
            partition_mappings=mappings,
            can_subset=can_subset,
            resource_defs=as_resource_definitions(resource_defs),
            backfill_policy=backfill_policy,
            hook_defs=check_hooks(hook_defs, "assets") if hook_defs else frozenset(),
            execution_type=execution_type or (MATERIALIZATION if node_def is not None else UNEXECUTABLE),
            source=source,
        )
        if self.execution_type != UNEXECUTABLE:
            _check_no_probes(specs)
        if len(self._specs_by_key) < len(specs):
            keys = [spec.key for spec in specs]
            double = next(key for key in keys if keys.count(key) > 1)
            raise InvalidDefinitionError(f"Asset '{double.to_user_string()}' stands twice in one definition.")
        if selected_asset_keys is not None:
            self._selected_keys = set(selected_asset_keys)
        if selected_asset_check_keys is not None:
            self._selected_check_keys = set(selected_asset_check_keys)
        self.is_subset = is_subset

    def _fill(
        self,
        *,
        node_def: NodeDefinition | None,
        keys_by_input_name: dict[str, AssetKey],
        keys_by_output_name: dict[str, AssetKey],
        specs_by_key: dict[AssetKey, AssetSpec],
        check_specs_by_output_name: dict[str, AssetCheckSpec],
        partition_mappings: dict[AssetKey, Any],
        can_subset: bool,
        resource_defs: Mapping[str, ResourceDefinition],
        backfill_policy: Any,
        hook_defs: frozenset[HookDefinition],
        execution_type: str,
        source: tuple[str, int] | None,
    ) -> None:
        self._node_def = node_def
        self._keys_by_input_name = keys_by_input_name
        self._keys_by_output_name = keys_by_output_name
        self._specs_by_key = specs_by_key
        self._check_specs_by_output_name = check_specs_by_output_name
        self._partition_mappings = partition_mappings
        self.can_subset = can_subset
        self.resource_defs = resource_defs
        self.backfill_policy = backfill_policy
        self.hook_defs = hook_defs
        self.execution_type = execution_type
        self._source = source
        self._selected_keys = None
        self._selected_check_keys = None
        self.is_subset = False
        self._original: AssetsDefinition | None = None
        self._policies_around: tuple[CachePolicy | None, CachePolicy | None] = _NONE_AROUND
        self.auto_observe_interval_minutes: float | None = None

    # -- keys ----------------------------------------------------------------------------------

    @property
    def keys(self) -> AbstractSet[AssetKey]:
        """Return the keys of the assets (of those selected, where some are)."""
        selected = self._selected_keys
        return selected if selected is not None else set(self._specs_by_key)

    @property
    def key(self) -> AssetKey:
        """
        Return the key of the one asset.

        Raises:
            InvalidDefinitionError: There are none, or several.
        """
        keys = self.keys
        if len(keys) != 1:
            shown = ", ".join(sorted(each.to_user_string() for each in keys)) or "none"
            raise InvalidDefinitionError(
                f"Tried to retrieve asset key from an assets definition with {len(keys)} asset keys: {shown}.",
                mend="use .keys.",
            )
        return next(iter(keys))

    @property
    def has_keys(self) -> bool:
        """Tell whether there are assets, and not only checks."""
        return bool(self.keys)

    @property
    def check_keys(self) -> AbstractSet[AssetCheckKey]:
        """Return the keys of the checks (of those selected, where some are)."""
        selected = self._selected_check_keys
        if selected is not None:
            return selected
        return {each.key for each in self._check_specs_by_output_name.values()}

    @property
    def has_check_keys(self) -> bool:
        """Tell whether there are checks."""
        return bool(self.check_keys)

    @property
    def check_key(self) -> AssetCheckKey:
        """Return the key of the one check."""
        keys = self.check_keys
        if len(keys) != 1:
            raise InvalidDefinitionError(f"Tried to retrieve check key from a definition with {len(keys)} checks.")
        return next(iter(keys))

    @property
    def asset_and_check_keys(self) -> AbstractSet[EntityKey]:
        """Return the keys of the assets and of the checks."""
        return {*self.keys, *self.check_keys}

    @property
    def unique_id(self) -> str:
        """Return a name that no other definition has."""
        names = sorted(each.to_string() for each in self._specs_by_key) + sorted(
            each.key.to_user_string() for each in self._check_specs_by_output_name.values()
        )
        return "|".join(names)

    # -- the node ------------------------------------------------------------------------------

    @property
    def node_def(self) -> NodeDefinition:
        """
        Return the op or graph that makes the assets.

        Raises:
            InvalidDefinitionError: The assets only exist elsewhere.
        """
        if self._node_def is None:
            raise InvalidDefinitionError("These assets have no function: they are made elsewhere.")
        return self._node_def

    @property
    def computation(self) -> Any:
        """Return the node, or None if the assets only exist elsewhere."""
        return self._node_def

    @property
    def op(self) -> OpDefinition:
        """
        Return the op that makes the assets.

        Raises:
            InvalidDefinitionError: A graph makes them.
        """
        node_def = self.node_def
        if not isinstance(node_def, OpDefinition):
            raise InvalidDefinitionError("The asset is made by a graph, not by an op.", mend="use .node_def.")
        return node_def

    @property
    def is_executable(self) -> bool:
        """Tell whether there is a node to run."""
        return self._node_def is not None and self.execution_type != UNEXECUTABLE

    @property
    def is_external(self) -> bool:
        """Tell whether the assets are made elsewhere."""
        return self.execution_type != MATERIALIZATION

    @property
    def is_materializable(self) -> bool:
        """Tell whether the node makes the assets."""
        return self.execution_type == MATERIALIZATION and self._node_def is not None

    @property
    def is_observable(self) -> bool:
        """Tell whether the node observes the assets."""
        return self.execution_type == OBSERVATION

    @property
    def is_auto_created_stub(self) -> bool:
        """Tell whether the assets were made up, because others depend on them: not here."""
        return False

    @property
    def keys_by_input_name(self) -> Mapping[str, AssetKey]:
        """Return the asset that each input needed for the selection loads."""
        if self._selected_keys is None:
            return self._keys_by_input_name
        wanted = self.dependency_keys_of_selection()
        return {name: key for name, key in self._keys_by_input_name.items() if key in wanted}

    @property
    def node_keys_by_input_name(self) -> Mapping[str, AssetKey]:
        """Return the asset that each input of the node loads."""
        return self._keys_by_input_name

    @property
    def keys_by_output_name(self) -> Mapping[str, AssetKey]:
        """Return the asset that each selected output is."""
        selected = self._selected_keys
        if selected is None:
            return self._keys_by_output_name
        return {name: key for name, key in self._keys_by_output_name.items() if key in selected}

    @property
    def node_keys_by_output_name(self) -> Mapping[str, AssetKey]:
        """Return the asset that each output of the node is."""
        return self._keys_by_output_name

    @property
    def check_specs_by_output_name(self) -> Mapping[str, AssetCheckSpec]:
        """Return the check that each selected output is."""
        selected = self._selected_check_keys
        if selected is None:
            return self._check_specs_by_output_name
        return {name: each for name, each in self._check_specs_by_output_name.items() if each.key in selected}

    @property
    def node_check_specs_by_output_name(self) -> Mapping[str, AssetCheckSpec]:
        """Return the check that each output of the node is."""
        return self._check_specs_by_output_name

    @property
    def entity_keys_by_output_name(self) -> Mapping[str, EntityKey]:
        """Return the asset or check that each selected output is."""
        return {
            **self.keys_by_output_name,
            **{name: each.key for name, each in self.check_specs_by_output_name.items()},
        }

    @property
    def output_names_by_entity_key(self) -> Mapping[EntityKey, str]:
        """Return the output that each selected asset or check is."""
        return {key: name for name, key in self.entity_keys_by_output_name.items()}

    @property
    def input_names(self) -> Iterable[str]:
        """Return the names of the inputs needed for the selection."""
        return self.keys_by_input_name.keys()

    @property
    def input_names_by_node_key(self) -> Mapping[AssetKey, str]:
        """Return the input that loads each upstream asset."""
        return {key: name for name, key in self._keys_by_input_name.items()}

    @property
    def check_specs(self) -> Iterable[AssetCheckSpec]:
        """Return the selected checks."""
        return list(self.check_specs_by_output_name.values())

    def get_output_name_for_asset_key(self, key: AssetKey) -> str:
        """
        Return the output that the asset is.

        Raises:
            InvalidInvocationError: The asset is none of these.
        """
        for name, each in self._keys_by_output_name.items():
            if each == key:
                return name
        raise InvalidInvocationError(
            f"Asset key {key.to_user_string()} not found in AssetsDefinition.",
            mend=nearest_hint(key.to_user_string(), [each.to_user_string() for each in self.keys], noun="asset"),
        )

    def has_output_for_asset_key(self, key: AssetKey) -> bool:
        """Tell whether an output is the asset."""
        return key in self._keys_by_output_name.values()

    def get_output_name_for_asset_check_key(self, key: AssetCheckKey) -> str:
        """Return the output that the check is."""
        for name, each in self._check_specs_by_output_name.items():
            if each.key == key:
                return name
        raise InvalidInvocationError(f"Asset check {key.to_user_string()} not found in AssetsDefinition.")

    def get_op_def_for_asset_key(self, key: AssetKey) -> OpDefinition | None:
        """Return the op that makes the asset; inside a graph, the op whose output it is."""
        node_def = self._node_def
        if isinstance(node_def, GraphStructure):
            return node_def.resolve_output_to_origin_op_def(self.get_output_name_for_asset_key(key))
        return node_def if isinstance(node_def, OpDefinition) else None

    def get_io_manager_key_for_asset_key(self, key: AssetKey) -> str:
        """Return the resource that stores and loads the asset."""
        spec_key = (
            self._specs_by_key[key].metadata.get(IO_MANAGER_KEY_METADATA_KEY) if key in self._specs_by_key else None
        )
        if self._node_def is None:
            return str(spec_key or "io_manager")
        return self._node_def.output_dict[self.get_output_name_for_asset_key(key)].io_manager_key

    # -- what is said of the assets ------------------------------------------------------------

    @property
    def specs(self) -> Iterable[AssetSpec]:
        """Return the specs of the selected assets."""
        if self._selected_keys is None:
            return list(self._specs_by_key.values())
        return [spec for key, spec in self._specs_by_key.items() if key in self._selected_keys]

    @property
    def specs_by_key(self) -> Mapping[AssetKey, AssetSpec]:
        """Return the specs of the selected assets by key."""
        return {spec.key: spec for spec in self.specs}

    def get_asset_spec(self, key: AssetKey | None = None) -> AssetSpec:
        """Return the spec of the asset; of the one asset if *key* is not given."""
        return self._specs_by_key[key if key is not None else self.key]

    def get_spec_for_check_key(self, asset_check_key: AssetCheckKey) -> AssetCheckSpec:
        """Return the spec of the check."""
        return next(each for each in self._check_specs_by_output_name.values() if each.key == asset_check_key)

    def get_checks_targeting_keys(self, keys: AbstractSet[AssetKey]) -> AbstractSet[AssetCheckKey]:
        """Return the checks of the assets."""
        return {each for each in self.check_keys if each.asset_key in keys}

    @property
    def group_names_by_key(self) -> Mapping[AssetKey, str]:
        """Return the group of each asset."""
        return {spec.key: spec.group_name or "default" for spec in self.specs}

    @property
    def group_name(self) -> str:
        """
        Return the group of the one asset, or the group that all have.

        Raises:
            InvalidDefinitionError: The assets lie in several groups.
        """
        names = set(self.group_names_by_key.values())
        if len(names) != 1:
            raise InvalidDefinitionError(
                f"The assets of this definition lie in {len(names)} groups: {', '.join(sorted(names))}.",
                mend="use .group_names_by_key.",
            )
        return names.pop()

    @property
    def descriptions_by_key(self) -> Mapping[AssetKey, str]:
        """Return the description of each asset that has one."""
        return {spec.key: spec.description for spec in self.specs if spec.description is not None}

    @property
    def metadata_by_key(self) -> Mapping[AssetKey, Mapping[str, Any]]:
        """Return the metadata of each asset."""
        return {spec.key: spec.metadata for spec in self.specs}

    @property
    def tags_by_key(self) -> Mapping[AssetKey, Mapping[str, str]]:
        """Return the tags of each asset."""
        return {spec.key: spec.tags for spec in self.specs}

    @property
    def owners_by_key(self) -> Mapping[AssetKey, Sequence[str]]:
        """Return the owners of each asset."""
        return {spec.key: spec.owners for spec in self.specs}

    @property
    def code_versions_by_key(self) -> Mapping[AssetKey, str | None]:
        """Return the code version of each asset."""
        return {spec.key: spec.code_version for spec in self.specs}

    @property
    def automation_conditions_by_key(self) -> Mapping[AssetKey, Any]:
        """Return the automation condition of each asset that has one."""
        return {spec.key: spec.automation_condition for spec in self.specs if spec.automation_condition}

    @property
    def auto_materialize_policies_by_key(self) -> Mapping[AssetKey, Any]:
        """Return the automation condition of each asset that has one, in its older form."""
        return {spec.key: spec.auto_materialize_policy for spec in self.specs if spec.auto_materialize_policy}

    @property
    def legacy_freshness_policies_by_key(self) -> Mapping[AssetKey, Any]:
        """Return the older freshness policy of each asset that has one."""
        return {spec.key: spec.legacy_freshness_policy for spec in self.specs if spec.legacy_freshness_policy}

    @property
    def asset_deps(self) -> Mapping[AssetKey, AbstractSet[AssetKey]]:
        """Return the upstream assets of each asset."""
        return {spec.key: set(spec._parents) for spec in self.specs}

    @property
    def dependency_keys(self) -> Iterable[AssetKey]:
        """Return the assets that this definition reads or comes after."""
        return set(self._keys_by_input_name.values())

    def dependency_keys_of_selection(self) -> AbstractSet[AssetKey]:
        """Return the assets that the selected assets and checks read or come after."""
        wanted = {key for spec in self.specs for key in spec._parents}
        for each in self.check_specs:
            wanted.add(each.asset_key)
            wanted.update(dep.asset_key for dep in each.additional_deps)
        return wanted

    def get_upstream_input_keys(self, keys: AbstractSet[AssetKey]) -> AbstractSet[AssetKey]:
        """Return the assets outside this definition that *keys* depend on."""
        return {
            parent
            for key in keys
            if key in self._specs_by_key
            for parent in self._specs_by_key[key]._parents
            if parent not in self._specs_by_key
        }

    @property
    def partitions_def(self) -> Any:
        """
        Return the partitions of the assets, if they have any.

        Raises:
            InvalidDefinitionError: The assets have several partitions definitions.
        """
        found: Any = None
        specs = self._specs_by_key
        for spec in specs.values() if self._selected_keys is None else self.specs:
            if spec.partitions_def is not None:
                if found is not None and found != spec.partitions_def:
                    raise InvalidDefinitionError(
                        "The assets of this definition have several partitions definitions.", mend="ask each spec."
                    )
                found = spec.partitions_def
        if found is None and not specs:
            found = next(
                (
                    each.partitions_def
                    for each in self._check_specs_by_output_name.values()
                    if getattr(each, "partitions_def", None)
                ),
                None,
            )
        return found

    def get_partition_mapping(self, in_asset_key: AssetKey) -> Any:
        """Return how partitions map to those of the upstream asset, if it was said."""
        return self._partition_mappings.get(in_asset_key)

    def get_partition_mapping_for_dep(self, dep_key: AssetKey) -> Any:
        """Return how partitions map to those of the upstream asset, if it was said."""
        return self._partition_mappings.get(dep_key)

    def infer_partition_mapping(
        self, asset_key: AssetKey, upstream_asset_key: AssetKey, upstream_partitions_def: Any
    ) -> Any:
        """Return how partitions map to those of the upstream asset: as was said, or the natural way."""
        given = self._partition_mappings.get(upstream_asset_key)
        if given is not None:
            return given
        return partitions.default_partition_mapping(
            self._specs_by_key[asset_key].partitions_def, upstream_partitions_def
        )

    # -- resources -----------------------------------------------------------------------------

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the keys of the resources that the node needs."""
        return set(self.get_resource_requirements())

    def get_resource_requirements(self) -> Sequence[str]:
        """Return the keys of the resources that the node needs, its IO managers among them."""
        if self._node_def is None:
            return sorted(
                {
                    str(spec.metadata[IO_MANAGER_KEY_METADATA_KEY])
                    for spec in self.specs
                    if IO_MANAGER_KEY_METADATA_KEY in spec.metadata
                }
            )
        requirements: Any = self._node_def
        return requirements.get_resource_requirements()  # type: ignore[no-any-return]  # of op and graph alike

    def with_resources(self, resource_defs: Mapping[str, Any]) -> AssetsDefinition:
        """
        Return the definition with resources bound to it.

        Raises:
            InvalidInvocationError: A key is bound already, to another resource.
        """
        given = as_resource_definitions(resource_defs)
        for key, value in given.items():
            own = self.resource_defs.get(key)
            if own is not None and own is not value:
                raise InvalidInvocationError(
                    f"Resource key '{key}' is bound to the asset already, to another resource.",
                    mend="bind it once.",
                )
        needed = set(self.get_resource_requirements()) | {
            inner for each in given.values() for inner in each.required_resource_keys
        }
        return self._changed(
            resource_defs={**self.resource_defs, **{key: each for key, each in given.items() if key in needed}}
        )

    # -- copies --------------------------------------------------------------------------------

    def _changed(self, **changes: Any) -> AssetsDefinition:
        copied = _copied(self, type(self))
        for name, value in changes.items():
            object.__setattr__(copied, name, value)
        return copied

    def subset_for(
        self,
        selected_asset_keys: AbstractSet[AssetKey],
        selected_asset_check_keys: AbstractSet[AssetCheckKey] | None = None,
    ) -> AssetsDefinition:
        """
        Return the part of the definition that makes *selected_asset_keys* and the selected checks.

        Raises:
            InvalidSubsetError: Only some are selected, and the definition cannot be split.
        """
        keys = set(self._specs_by_key) & set(selected_asset_keys)
        all_checks = {each.key for each in self._check_specs_by_output_name.values()}
        checks = (
            all_checks & set(selected_asset_check_keys)
            if selected_asset_check_keys is not None
            else {each for each in all_checks if each.asset_key in keys or each.asset_key not in self._specs_by_key}
        )
        if len(keys) == len(self._specs_by_key) and len(checks) == len(all_checks):
            return self._changed(_selected_keys=None, _selected_check_keys=None, is_subset=False)
        if not self.can_subset:
            raise InvalidSubsetError(
                f"When building job, the AssetsDefinition '{self._node_def.name if self._node_def else self.unique_id}' "
                f"contains asset keys {sorted(each.to_user_string() for each in self._specs_by_key)} and check keys "
                f"{sorted(each.to_user_string() for each in all_checks)}, but attempted to select only "
                f"{sorted(each.to_user_string() for each in keys | checks)}. This AssetsDefinition does not support subsetting.",
                mend="select all asset and check keys, or declare it with can_subset=True.",
            )
        return self._changed(_selected_keys=keys, _selected_check_keys=checks, is_subset=True)

    def with_attributes(
        self,
        *,
        asset_key_replacements: Mapping[AssetKey, AssetKey] | None = None,
        group_names_by_key: Mapping[AssetKey, str] | None = None,
        tags_by_key: Mapping[AssetKey, Mapping[str, str]] | None = None,
        legacy_freshness_policy: Any = None,
        automation_condition: Any = None,
        backfill_policy: Any = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        metadata_by_key: Mapping[AssetKey, Mapping[str, Any]] | None = None,
    ) -> AssetsDefinition:
        """
        Return a copy with other attributes.

        Args:
            asset_key_replacements: New keys, for these assets and for those they depend on.
            group_names_by_key: Groups of assets that are in the default group so far.
            tags_by_key: Tags to put in place of those there are.
            legacy_freshness_policy: Older freshness policy: one for all, or by key.
            automation_condition: One for all, or by key.
            backfill_policy: How a backfill is cut into runs.
            hook_defs: Hooks to add.
            metadata_by_key: Metadata to put in place of what there is.

        Raises:
            InvalidDefinitionError: An asset has a group or condition of its own already.
        """
        renamed = dict(asset_key_replacements or {})

        def new(key: AssetKey) -> AssetKey:
            return renamed.get(key, key)

        specs = changed_specs(
            self._specs_by_key.values(),
            renamed=renamed,
            groups=group_names_by_key or {},
            tags=tags_by_key or {},
            metadata=metadata_by_key or {},
            once={"automation_condition": automation_condition, "legacy_freshness_policy": legacy_freshness_policy},
        )
        checks = {
            name: each.replace_key(AssetCheckKey(new(each.asset_key), each.name))
            if new(each.asset_key) != each.asset_key
            else each
            for name, each in self._check_specs_by_output_name.items()
        }
        return self._changed(
            _specs_by_key=specs,
            _keys_by_input_name={name: new(key) for name, key in self._keys_by_input_name.items()},
            _keys_by_output_name={name: new(key) for name, key in self._keys_by_output_name.items()},
            _check_specs_by_output_name=checks,
            _partition_mappings={new(key): each for key, each in self._partition_mappings.items()},
            _selected_keys={new(key) for key in self._selected_keys} if self._selected_keys is not None else None,
            backfill_policy=backfill_policy if backfill_policy is not None else self.backfill_policy,
            hook_defs=self.hook_defs | frozenset(hook_defs or ()),
        )

    def map_asset_specs(self, fn: Callable[[AssetSpec], AssetSpec]) -> AssetsDefinition:
        """
        Return a copy with *fn* applied to each spec.

        Raises:
            InvalidDefinitionError: *fn* changed a key or dependencies in a way the function cannot follow.
        """
        loaded = {} if self._node_def is None else self._keys_by_input_name
        specs = mapped_specs(
            self._specs_by_key, fn, loaded, lambda name: self.node_def.input_dict[name].dagster_type.is_nothing
        )
        rewired = any(is_rewired(self._specs_by_key[key], spec) for key, spec in specs.items())
        if rewired and self._selected_keys is None:
            # Dependencies are now more, or fewer, than the inputs: a selection, even of all, follows the specs.
            return self._changed(_specs_by_key=specs, _selected_keys=set(specs))
        return self._changed(_specs_by_key=specs)

    def with_policies_around(
        self, of_group: Callable[[str], CachePolicy | None], of_project: CachePolicy | None
    ) -> AssetsDefinition:
        """
        Return a copy that bears the cache policy of its group, and that of the project, where it has none of its own.

        What it bears already stays: what was said nearer to the asset counts.

        Args:
            of_group: Gives the policy of a group by its name.
            of_project: The policy for all.
        """
        if self._node_def is None:
            return self
        group, project = self._policies_around
        if group is None:
            groups = dict.fromkeys(spec.group_name or DEFAULT_GROUP_NAME for spec in self._specs_by_key.values())
            group = policy_of_groups(map(of_group, groups))
        around = (group, project or of_project)
        return self if around == self._policies_around else self._changed(_policies_around=around)

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> AssetsDefinition:
        """Return the definition with hooks added."""
        return self._changed(hook_defs=self.hook_defs | check_hooks(hook_defs, "assets"))

    def get_attributes_dict(self) -> dict[str, Any]:
        """Return what the constructor would take to make this definition again."""
        return {
            "keys_by_input_name": self._keys_by_input_name,
            "keys_by_output_name": self._keys_by_output_name,
            "node_def": self._node_def,
            "selected_asset_keys": self._selected_keys,
            "can_subset": self.can_subset,
            "resource_defs": self.resource_defs,
            "backfill_policy": self.backfill_policy,
            "check_specs_by_output_name": self._check_specs_by_output_name,
            "selected_asset_check_keys": self._selected_check_keys,
            "is_subset": self.is_subset,
            "specs": list(self._specs_by_key.values()),
            "execution_type": self.execution_type,
            "hook_defs": self.hook_defs,
        }

    def coerce_to_checks_def(self) -> AssetChecksDefinition:
        """Return the definition as one of checks alone."""
        return AssetChecksDefinition.from_assets_def(self)

    def to_source_assets(self) -> Sequence[SourceAsset]:
        """Return each asset as one that is made elsewhere."""
        return [self.to_source_asset(key) for key in self.keys]

    def to_source_asset(self, key: AssetKey | str | None = None) -> SourceAsset:
        """Return the asset (the one asset, if *key* is not given) as one that is made elsewhere."""
        chosen = AssetKey.from_coercible(key) if key is not None else self.key
        spec = self._specs_by_key[chosen]
        return SourceAsset(
            key=chosen,
            metadata=spec.metadata,
            io_manager_key=self.get_io_manager_key_for_asset_key(chosen),
            description=spec.description,
            resource_defs=self.resource_defs,
            partitions_def=spec.partitions_def,
            group_name=spec.group_name,
            tags=spec.tags,
            probe=spec.probe,
            source=self._source or spec._source,
        )

    @staticmethod
    def from_source_asset(source_asset: SourceAsset) -> AssetsDefinition:
        """Return a source asset as a definition that observes it, or that only exists elsewhere."""
        made = AssetsDefinition(
            node_def=source_asset.node_def,
            keys_by_output_name={"result": source_asset.key} if source_asset.is_observable else {},
            specs=[source_asset.spec],
            execution_type=source_asset.execution_type,
            resource_defs=source_asset.resource_defs,
            source=source_asset.source,
        )
        made.auto_observe_interval_minutes = source_asset.auto_observe_interval_minutes
        return made

    # -- for the asset graph -------------------------------------------------------------------

    def asset_nodes(self) -> tuple[AssetNode, ...]:
        """Return the assets as the asset graph knows them."""
        node_def = self._node_def
        op_name = node_def._name if node_def is not None else None
        execution_type = self.execution_type
        is_materializable = execution_type == MATERIALIZATION and node_def is not None
        source = self._source
        execution_set = self._execution_set()
        input_keys = self._loaded_keys()
        pools = node_def.pools if node_def is not None else None
        outputs = node_def._output_dict if is_materializable and node_def is not None else {}
        stored_by = {
            key: outputs[name].io_manager_key for name, key in self._keys_by_output_name.items() if name in outputs
        }
        nodes = [
            spec.as_node(
                is_materializable=is_materializable,
                is_observable=execution_type == OBSERVATION,
                op_name=op_name,
                source=source,
                execution_set=execution_set,
                io_manager_key=stored_by.get(spec.key),
                pools=pools,
                input_keys=input_keys,
                backfill_policy=self.backfill_policy,
            )
            for spec in self.specs
        ]
        return tuple(nodes)

    def _execution_set(self) -> int | None:
        """Return what marks the assets and checks that can only be made together; None if each can be made alone."""
        if self.can_subset or len(self._specs_by_key) + len(self._check_specs_by_output_name) < 2:
            return None
        return id(self._original or self)

    def _loaded_keys(self) -> tuple[AssetKey, ...]:
        """Return the upstream assets whose values are loaded for the function."""
        if self._node_def is None or not self._keys_by_input_name:
            return ()
        if self._node_def._inputs is None:
            return next(iter(self._specs_by_key.values()))._parents
        inputs = self._node_def.input_dict
        return tuple([key for name, key in self._keys_by_input_name.items() if inputs[name]._type is not NOTHING])

    def check_nodes(self) -> tuple[AssetCheckNode, ...]:
        """Return the checks as the asset graph knows them."""
        if not self._check_specs_by_output_name:
            return ()
        execution_set = self._execution_set()
        return tuple(
            AssetCheckNode(
                key=each.key,
                additional_dep_keys=tuple(dep.asset_key for dep in each.additional_deps),
                blocking=each.blocking,
                description=each.description,
                metadata=each.metadata or {},
                automation_condition=each.automation_condition,
                op_name=self._node_def.name if self._node_def is not None else None,
                execution_set=execution_set,
                spec=each,
                source=self._source,
            )
            for each in self.check_specs
        )

    # -- other ways to make one ----------------------------------------------------------------

    @staticmethod
    def from_graph(
        graph_def: GraphStructure,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: CoercibleToAssetKeyPrefix | None = None,
        internal_asset_deps: Mapping[str, AbstractSet[AssetKey]] | None = None,
        partitions_def: Any = None,
        partition_mappings: Mapping[str, Any] | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        group_names_by_output_name: Mapping[str, str | None] | None = None,
        descriptions_by_output_name: Mapping[str, str] | None = None,
        metadata_by_output_name: Mapping[str, Any] | None = None,
        tags_by_output_name: Mapping[str, Mapping[str, str] | None] | None = None,
        automation_conditions_by_output_name: Mapping[str, Any] | None = None,
        backfill_policy: Any = None,
        can_subset: bool = False,
        check_specs: Sequence[AssetCheckSpec] | None = None,
        owners_by_output_name: Mapping[str, Sequence[str]] | None = None,
        code_versions_by_output_name: Mapping[str, str | None] | None = None,
        auto_materialize_policies_by_output_name: Mapping[str, Any] | None = None,
        legacy_freshness_policies_by_output_name: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
    ) -> AssetsDefinition:
        """
        Return the assets that a graph makes: one for each of its outputs.

        Args:
            graph_def: The graph.
            keys_by_input_name: The asset that each input loads; the input's name if not given.
            keys_by_output_name: The asset that each output is; the output's name if not given, or the
                graph's name where its one output is called ``result``.
            key_prefix: Parts before each output's key.
            internal_asset_deps: Upstream assets of each output; all inputs if not given.
            partitions_def: Partitions of all the assets.
            partition_mappings: How partitions map to those of an upstream asset, by input name.
            resource_defs: Resources by key.
            group_name: Group of all the assets.
            can_subset: Whether some outputs can be made without the others.
            check_specs: Checks that the graph makes.

        Raises:
            InvalidDefinitionError: A name that the graph does not have.
        """
        assets = assets_of_node(
            graph_def,
            keys_by_input_name=keys_by_input_name,
            keys_by_output_name=keys_by_output_name,
            key_prefix=key_prefix,
            internal_asset_deps=internal_asset_deps,
            partitions_def=partitions_def,
            partition_mappings=partition_mappings,
            group_name=group_name,
            group_names_by_output_name=group_names_by_output_name,
            check_specs=check_specs,
            per_output={
                "description": descriptions_by_output_name,
                "metadata": metadata_by_output_name,
                "tags": tags_by_output_name,
                "automation_condition": conditions_told(
                    automation_conditions_by_output_name, auto_materialize_policies_by_output_name
                ),
                "owners": owners_by_output_name,
                "code_version": code_versions_by_output_name,
                "legacy_freshness_policy": legacy_freshness_policies_by_output_name,
            },
        )
        return AssetsDefinition(
            node_def=graph_def,
            can_subset=can_subset,
            resource_defs=resource_defs,
            backfill_policy=backfill_policy,
            hook_defs=hook_defs,
            **assets._asdict(),
        )

    @staticmethod
    def from_op(
        op_def: OpDefinition,
        *,
        keys_by_input_name: Mapping[str, AssetKey] | None = None,
        keys_by_output_name: Mapping[str, AssetKey] | None = None,
        key_prefix: CoercibleToAssetKeyPrefix | None = None,
        internal_asset_deps: Mapping[str, AbstractSet[AssetKey]] | None = None,
        partitions_def: Any = None,
        partition_mappings: Mapping[str, Any] | None = None,
        group_name: str | None = None,
        group_names_by_output_name: Mapping[str, str | None] | None = None,
        descriptions_by_output_name: Mapping[str, str] | None = None,
        metadata_by_output_name: Mapping[str, Any] | None = None,
        tags_by_output_name: Mapping[str, Mapping[str, str] | None] | None = None,
        automation_conditions_by_output_name: Mapping[str, Any] | None = None,
        backfill_policy: Any = None,
        can_subset: bool = False,
        auto_materialize_policies_by_output_name: Mapping[str, Any] | None = None,
        legacy_freshness_policies_by_output_name: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
    ) -> AssetsDefinition:
        """Return the assets that an op makes: one for each of its outputs; see :meth:`from_graph`."""
        assets = assets_of_node(
            op_def,
            keys_by_input_name=keys_by_input_name,
            keys_by_output_name=keys_by_output_name,
            key_prefix=key_prefix,
            internal_asset_deps=internal_asset_deps,
            partitions_def=partitions_def,
            partition_mappings=partition_mappings,
            group_name=group_name,
            group_names_by_output_name=group_names_by_output_name,
            check_specs=None,
            per_output={
                "description": descriptions_by_output_name,
                "metadata": metadata_by_output_name,
                "tags": tags_by_output_name,
                "automation_condition": conditions_told(
                    automation_conditions_by_output_name, auto_materialize_policies_by_output_name
                ),
                "legacy_freshness_policy": legacy_freshness_policies_by_output_name,
            },
        )
        return AssetsDefinition(
            node_def=op_def,
            can_subset=can_subset,
            backfill_policy=backfill_policy,
            hook_defs=hook_defs,
            **assets._asdict(),
        )

    @staticmethod
    def dagster_internal_init(**arguments: Any) -> AssetsDefinition:
        """Make a definition from all its parts; the plain constructor does the same."""
        arguments = {name: value for name, value in arguments.items() if value is not None}
        return AssetsDefinition(**arguments)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function of the asset directly, or use its node inside a composition."""
        composition = current_composition()
        if composition is not None:
            used: Any = self.node_def
            return used(*args, **kwargs)
        node_def = self.node_def
        if isinstance(node_def, GraphStructure):
            return node_def(*args, **kwargs)
        return verbs().invoke_op(node_def, args, kwargs, assets_def=self)

    def __repr__(self) -> str:
        keys = ", ".join(each.to_user_string() for each in list(self.keys)[:4])
        return f"{type(self).__name__}({keys}{', ...' if len(self.keys) > 4 else ''})"


def fast_assets_definition(
    node_def: OpDefinition,
    keys_by_input_name: dict[str, AssetKey],
    spec: AssetSpec,
    partition_mappings: dict[AssetKey, Any],
    source: tuple[str, int] | None,
) -> AssetsDefinition:
    """Return the definition of one asset from parts that were checked before."""
    made = AssetsDefinition.__new__(AssetsDefinition)
    made._fill(
        node_def=node_def,
        keys_by_input_name=keys_by_input_name,
        keys_by_output_name={"result": spec.key},
        specs_by_key={spec.key: spec},
        check_specs_by_output_name={},
        partition_mappings=partition_mappings,
        can_subset=False,
        resource_defs={},
        backfill_policy=None,
        hook_defs=_NO_HOOKS,
        execution_type=MATERIALIZATION,
        source=source,
    )
    return made


def _copied(definition: AssetsDefinition, kind: type[_Kind]) -> _Kind:
    """Return a definition of *kind* that holds what *definition* holds."""
    copied = kind.__new__(kind)
    for name in AssetsDefinition.__slots__:
        if name != "__weakref__" and hasattr(definition, name):
            object.__setattr__(copied, name, getattr(definition, name))
    return copied


def _check_no_probes(specs: Iterable[AssetSpec]) -> None:
    for spec in specs:
        if spec.probe is not None:
            raise InvalidDefinitionError(
                f"Asset '{spec.key.to_user_string()}' has a probe, and a function that makes or observes it.",
                mend="leave 'probe' out: it is for assets that are made elsewhere.",
            )


class AssetChecksDefinition(AssetsDefinition):
    """
    One or several checks with the op that makes them, and no asset.

    Made by :func:`asset_check` and :func:`multi_asset_check` as a rule.
    """

    __slots__ = ()

    @staticmethod
    def create(
        *,
        keys_by_input_name: Mapping[str, AssetKey],
        node_def: NodeDefinition,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec],
        can_subset: bool,
        resource_defs: Mapping[str, Any] | None = None,
        source: tuple[str, int] | None = None,
    ) -> AssetChecksDefinition:
        """
        Return checks from their parts.

        Args:
            keys_by_input_name: The asset that each input of the node loads.
            node_def: The op.
            check_specs_by_output_name: The check that each output of the node is.
            can_subset: Whether some of the checks can be made without the others.
            resource_defs: Resources by key, for this definition alone.
            source: File and line of the definition.
        """
        return AssetChecksDefinition(
            keys_by_input_name=keys_by_input_name,
            node_def=node_def,
            check_specs_by_output_name=check_specs_by_output_name,
            can_subset=can_subset,
            resource_defs=resource_defs,
            specs=[],
            execution_type=MATERIALIZATION,
            source=source,
        )

    @staticmethod
    def from_assets_def(definition: AssetsDefinition) -> AssetChecksDefinition:
        """Return the checks of *definition* as a definition of checks alone."""
        return _copied(definition, AssetChecksDefinition)

    @property
    def name(self) -> str:
        """Return the name of the one check."""
        return self.check_key.name

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset of the one check."""
        return self.check_key.asset_key
