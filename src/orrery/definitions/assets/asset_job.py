"""
Jobs of assets: which nodes a selection of assets and checks needs, and in which order.

:class:`AssetLayer` says which node of the job makes which asset. The job's graph is only built when
somebody asks for it; a plan is compiled from the layer directly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.bulk import collection_paused
from orrery.base.errors import InvalidDefinitionError, InvalidSubsetError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.toposort import level_indices, order_indices
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.upstream import connect_bare_names
from orrery.definitions.graphs.dependency import DependencyDefinition, NodeInvocation
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.node import NodeDefinition
from orrery.definitions.parts.policies import BLOCKED_BY_TAG
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.model.assets.graph import AssetGraph

__all__ = ["AssetLayer", "AssetNodeUse", "build_asset_job", "normalize_assets", "only_partitions_definition"]


class AssetNodeUse:
    """
    One node of an asset job.

    Attributes:
        name: Name of the node, and so of its steps.
        assets_def: The (maybe split) definition that the node belongs to.
        parents: Positions of the nodes that come before, for any reason.
        waits_for_values_only: Whether each of them comes before because an input names what it makes.
    """

    __slots__ = ("assets_def", "name", "parents", "waits_for_values_only")

    def __init__(self, name: str, assets_def: AssetsDefinition) -> None:
        self.name = name
        self.assets_def = assets_def
        self.parents: list[int] = []
        self.waits_for_values_only = False


class AssetLayer:
    """
    Which node of a job makes which asset or check.

    Attributes:
        asset_graph: All assets that the job may see, those it only loads included.
        nodes: The nodes that run, in topological order.
        selected_keys: The assets that the job makes or observes.
        selected_check_keys: The checks that the job makes.
        producers: For the parts of each key made in the job: node position and output name.
        kept: What was worked out of the job before and holds as long as it does, by name.
    """

    __slots__ = (
        "_all_defs",
        "_resources",
        "asset_graph",
        "external_by_key",
        "kept",
        "nodes",
        "producers",
        "selected_check_keys",
        "selected_keys",
    )

    is_asset_job = True

    def __init__(
        self,
        asset_graph: AssetGraph,
        all_defs: Sequence[AssetsDefinition],
        selected: Sequence[AssetsDefinition],
        resources: Mapping[str, Any] | None,
    ) -> None:
        self.asset_graph = asset_graph
        self._all_defs = all_defs
        self._resources = resources
        self.nodes, self.producers = _order_nodes(selected)
        self.selected_keys: AbstractSet[AssetKey] = {
            key for each in selected for key in (each._specs_by_key if each._selected_keys is None else each.keys)
        }
        self.selected_check_keys: AbstractSet[AssetCheckKey] = {
            key for each in selected if each._check_specs_by_output_name for key in each.check_keys
        }
        self.external_by_key: dict[AssetKey, AssetsDefinition] | None = None
        self.kept: dict[str, tuple[Any, Any]] = {}

    def assets_def_for_key(self, key: AssetKey) -> AssetsDefinition | None:
        """Return the definition that makes or describes the asset, whether the job runs it or not."""
        index = self.external_by_key
        if index is None:
            index = {each: definition for definition in self._all_defs for each in definition._specs_by_key}
            self.external_by_key = index
        return index.get(key)

    @property
    def all_defs(self) -> Sequence[AssetsDefinition]:
        """Return all definitions that are known, whether the job runs them or not."""
        return self._all_defs

    @property
    def partitions_def(self) -> Any:
        """Return the partitions that the selected assets share, if any has some."""
        found: Any = None
        for node in self.nodes:
            own = node.assets_def.partitions_def
            if own is not None:
                if found is not None and found != own:
                    return None
                found = own
        return found

    @property
    def backfill_policy(self) -> Any:
        """Return the backfill policy that the selected assets share, if any has one."""
        found = {each.assets_def.backfill_policy for each in self.nodes if each.assets_def.backfill_policy is not None}
        return next(iter(found)) if len(found) == 1 else None

    def build_graph(self, name: str) -> GraphDefinition:
        """Return the nodes and their dependencies as a graph."""
        definitions: dict[str, NodeDefinition] = {}
        dependencies: dict[Any, dict[str, Any]] = {}
        for node in self.nodes:
            definition = node.assets_def.node_def
            known = definitions.get(definition.name)
            if known is not None and known is not definition:
                definition = _renamed(definition, node.name)
            definitions[definition.name] = definition
            inputs = {}
            for input_name, key in node.assets_def.keys_by_input_name.items():
                made = self.producers.get(key.parts)
                if made is not None and self.nodes[made[0]] is not node:
                    inputs[input_name] = DependencyDefinition(self.nodes[made[0]].name, made[1])
            alias = node.name if node.name != definition.name else None
            dependencies[NodeInvocation(definition.name, alias)] = inputs
        return GraphDefinition(name, node_defs=list(definitions.values()), dependencies=dependencies)

    def job_subset(
        self,
        job: JobDefinition,
        asset_selection: AbstractSet[AssetKey] | None,
        asset_check_selection: AbstractSet[AssetCheckKey] | None,
    ) -> JobDefinition:
        """Return the part of *job* that makes the selected assets and checks."""
        unknown = [each for each in asset_selection or () if each not in self.selected_keys]
        if unknown:
            known = [each.to_user_string() for each in self.selected_keys]
            raise InvalidSubsetError(
                f"Assets provided in asset_selection argument {unknown[0].to_user_string()} do not exist in parent asset group or job.",
                mend=nearest_hint(unknown[0].to_user_string(), known, noun="asset"),
            )
        if asset_selection is None:
            asset_selection = set()
        selected = select_definitions([each.assets_def for each in self.nodes], asset_selection, asset_check_selection)
        layer = AssetLayer(self.asset_graph, self._all_defs, selected, self._resources)
        return job._copy(graph_def=lambda: layer.build_graph(job.name), asset_layer=layer)


def only_partitions_definition(
    graph: AssetGraph, keys: Iterable[AssetKey], job_name: str | None = None
) -> tuple[Any, AssetKey | None]:
    """
    Return the partitions definition of these assets, and one that has it; None twice if none has partitions.

    Args:
        graph: Knows the assets.
        keys: Those that one run makes.
        job_name: The job that makes them, for the message; None if it has no name that the user gave.

    Raises:
        InvalidDefinitionError: They have different ones: no run could be of one partition of each.
    """
    found: list[tuple[Any, AssetKey]] = []
    for key in keys:
        own = graph.get(key).partitions_def
        if own is not None and all(own != known for known, _key in found):
            found.append((own, key))
    if len(found) > 1:
        told = sorted(found, key=lambda each: each[1])[:4]
        shown = ", ".join(f"'{key.to_user_string()}' has {own!r}" for own, key in told)
        raise InvalidDefinitionError(
            (f"Failed to resolve asset job {job_name}: " if job_name is not None else "")
            + "Selected assets must have the same partitions definitions, "
            f"but the selected assets have different partitions definitions: {shown}.",
            mend="make each of them by a run or job of its own, or all of them by a backfill.",
        )
    return found[0] if found else (None, None)


def _renamed(definition: NodeDefinition, name: str) -> NodeDefinition:
    changed: Any = definition
    if isinstance(definition, GraphDefinition):
        return definition.copy(name=name)
    return changed.with_replaced_properties(name)  # type: ignore[no-any-return]  # ops answer with ops


def _order_nodes(
    selected: Sequence[AssetsDefinition],
) -> tuple[tuple[AssetNodeUse, ...], dict[tuple[str, ...], tuple[int, str]]]:
    names: set[str] = set()
    uses: list[AssetNodeUse] = []
    producers: dict[tuple[str, ...], tuple[int, str]] = {}
    blocking: dict[tuple[str, ...], list[int]] = {}
    checked: dict[tuple[str, ...], list[int]] = {}
    for number, definition in enumerate(selected):
        name = definition.node_def._name
        if name in names:
            count = 2
            while f"{name}_{count}" in names:
                count += 1
            name = f"{name}_{count}"
        names.add(name)
        uses.append(AssetNodeUse(name, definition))
        for output_name, key in definition.keys_by_output_name.items():
            producers[key.parts] = (number, output_name)
        if definition._check_specs_by_output_name:
            for spec in definition.check_specs_by_output_name.values():
                if spec.asset_key not in definition._specs_by_key:
                    checked.setdefault(spec.asset_key.parts, []).append(number)
                    if spec.blocking:
                        blocking.setdefault(spec.asset_key.parts, []).append(number)
    parents: list[list[int]] = []
    for number, use in enumerate(uses):
        found: dict[int, None] = {}
        definition = use.assets_def
        if definition._selected_keys is None and not definition._check_specs_by_output_name:
            keys: Iterable[AssetKey] = definition._keys_by_input_name.values()
            use.waits_for_values_only = True
        else:
            keys = definition.dependency_keys_of_selection() | set(definition.keys_by_input_name.values())
        if not checked and not blocking:
            found = {made[0]: None for key in keys if (made := producers.get(key.parts)) is not None}
            found.pop(number, None)
            parents.append(list(found))
            continue
        for key in keys:
            made = producers.get(key.parts)
            if made is not None and made[0] != number:
                found[made[0]] = None
            waits_for = checked if checked and BLOCKED_BY_TAG in _tags_of(definition) else blocking
            if waits_for and key.parts in waits_for:
                for check in waits_for[key.parts]:
                    if check != number and not _is_check_of(definition, key):
                        found[check] = None
                        use.waits_for_values_only = False
        parents.append(list(found))
    order = order_indices(parents, name_of=lambda index: uses[index].name, noun="asset")
    ranked = [index for level in level_indices(parents, order) for index in sorted(level, key=lambda i: uses[i].name)]
    position = {index: at for at, index in enumerate(ranked)}
    for index, use in enumerate(uses):
        use.parents = [position[parent] for parent in parents[index]]
    return (
        tuple([uses[index] for index in ranked]),
        {key: (position[number], output) for key, (number, output) in producers.items()},
    )


def _tags_of(definition: AssetsDefinition) -> Mapping[str, str]:
    return getattr(definition.node_def, "tags", None) or {}


def _is_check_of(definition: AssetsDefinition, key: AssetKey) -> bool:
    return any(each.asset_key == key for each in definition._check_specs_by_output_name.values())


def select_definitions(
    definitions: Iterable[AssetsDefinition],
    asset_keys: AbstractSet[AssetKey],
    check_keys: AbstractSet[AssetCheckKey] | None,
) -> list[AssetsDefinition]:
    """
    Return the definitions that make what is selected, each cut down to it.

    Args:
        definitions: All that can run.
        asset_keys: Assets to make.
        check_keys: Checks to make; those of the selected assets if None.
    """
    selected = []
    for definition in definitions:
        if not definition.is_executable:
            continue
        specs, checks = definition._specs_by_key, definition._check_specs_by_output_name
        if not checks:
            if len(specs) == 1:
                if next(iter(specs)) in asset_keys:
                    selected.append(definition)
                continue
            chosen = asset_keys & specs.keys()
            if not chosen:
                continue
            selected.append(
                definition
                if len(chosen) == len(specs) and not definition.is_subset
                else definition.subset_for(chosen, set())
            )
            continue
        chosen = asset_keys & specs.keys()
        own_checks = {each.key for each in checks.values()}
        chosen_checks = (
            own_checks & check_keys
            if check_keys is not None
            else {each for each in own_checks if each.asset_key in asset_keys}
        )
        if chosen or chosen_checks:
            selected.append(definition.subset_for(chosen, chosen_checks))
    return _split_cycles(selected)


def _split_cycles(selected: list[AssetsDefinition]) -> list[AssetsDefinition]:
    """Cut definitions that can be cut where their assets depend on one another through others."""
    candidates = [each for each in selected if each.can_subset and len(each._keys_by_output_name) > 1]
    if not candidates:
        return selected
    owner = {key: index for index, each in enumerate(selected) for key in each.keys}
    result = list(selected)
    for definition in candidates:
        own = definition.keys
        depth = _depths_through_others(definition, own, selected, owner)
        rounds: dict[int, set[AssetKey]] = {}
        for key, value in depth.items():
            rounds.setdefault(value, set()).add(key)
        if len(rounds) <= 1:
            continue
        at = result.index(definition)
        checks = definition.check_keys
        pieces = []
        for _value, keys in sorted(rounds.items()):
            piece = definition.subset_for(keys, {each for each in checks if each.asset_key in keys})
            piece._original = definition._original or definition
            pieces.append(piece)
        result[at : at + 1] = pieces
    return result


def _depths_through_others(
    definition: AssetsDefinition,
    own: AbstractSet[AssetKey],
    selected: Sequence[AssetsDefinition],
    owner: Mapping[AssetKey, int],
) -> dict[AssetKey, int]:
    """Return, for each asset of *definition*, how often the way to it leaves and enters the definition again."""
    specs = {key: spec for each in selected for key, spec in each._specs_by_key.items()}
    depth: dict[AssetKey, int] = {}
    stack = list(own)
    visiting: set[AssetKey] = set()
    while stack:
        key = stack[-1]
        if key in depth:
            stack.pop()
            continue
        parents = [parent for parent in specs[key]._parents if parent in owner and parent != key]
        waiting = [each for each in parents if each not in depth and each not in visiting]
        if waiting:
            visiting.add(key)
            stack.extend(waiting)
            continue
        best = 0
        for each in parents:
            value = depth.get(each, 0)
            if key in own and each not in own and _reaches(each, own, specs, owner):
                value += 1
            best = max(best, value)
        depth[key] = best
        visiting.discard(key)
        stack.pop()
    return {key: depth[key] for key in own}


def _reaches(
    key: AssetKey, own: AbstractSet[AssetKey], specs: Mapping[AssetKey, AssetSpec], owner: Mapping[AssetKey, int]
) -> bool:
    stack, seen = [key], {key}
    while stack:
        current = stack.pop()
        if current in own:
            return True
        for parent in specs[current]._parents:
            if parent in owner and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return False


def normalize_assets(assets: Iterable[Any]) -> list[AssetsDefinition]:
    """
    Return *assets* (definitions, source assets, specs) as definitions, once what is given more than once.

    Raises:
        InvalidDefinitionError: Something in it is no asset.
    """
    found: list[AssetsDefinition] = []
    for each in {id(each): each for each in assets}.values():
        if isinstance(each, AssetsDefinition):
            found.append(each)
        elif isinstance(each, SourceAsset):
            found.append(AssetsDefinition.from_source_asset(each))
        elif isinstance(each, AssetSpec):
            found.append(AssetsDefinition(specs=[each], execution_type="UNEXECUTABLE"))
        elif hasattr(each, "resolve_assets"):
            found.extend(normalize_assets(each.resolve_assets()))
        else:
            raise InvalidDefinitionError(
                f"{each!r} ({type(each).__name__}) is given as an asset, but is none.",
                mend="give what @asset returned: assets=[my_asset].",
            )
    return connect_bare_names(found)


def build_asset_job(
    name: str,
    definitions: Sequence[AssetsDefinition],
    *,
    asset_graph: AssetGraph | None = None,
    asset_keys: AbstractSet[AssetKey] | None = None,
    check_keys: AbstractSet[AssetCheckKey] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    **job_options: Any,
) -> JobDefinition:
    """
    Return the job that makes the selected assets and checks.

    Args:
        name: Name of the job.
        definitions: All assets and checks that the job may see.
        asset_graph: Their graph, if it was built before.
        asset_keys: Assets to make; all that can be if None.
        check_keys: Checks to make; those of the selected assets if None.
        resource_defs: Resources by key, beside those bound to the assets.
        job_options: Further arguments of :class:`JobDefinition`.

    Raises:
        InvalidDefinitionError: Two assets under one key; one resource key bound to two resources.
    """
    with collection_paused():
        return _build(name, definitions, asset_graph, asset_keys, check_keys, resource_defs, job_options)


def _build(
    name: str,
    definitions: Sequence[AssetsDefinition],
    asset_graph: AssetGraph | None,
    asset_keys: AbstractSet[AssetKey] | None,
    check_keys: AbstractSet[AssetCheckKey] | None,
    resource_defs: Mapping[str, Any] | None,
    job_options: Mapping[str, Any],
) -> JobDefinition:
    graph = asset_graph if asset_graph is not None else AssetGraph.from_assets(definitions, strict="inputs")
    if asset_keys is None:
        asset_keys = {node.key for node in graph.nodes if node.is_materializable}
        if check_keys is None:
            check_keys = set(graph.asset_check_keys)
    selected = select_definitions(definitions, asset_keys, check_keys)
    resources: dict[str, ResourceDefinition] = {}
    for each in definitions:
        if not each.resource_defs:
            continue
        for key, value in each.resource_defs.items():
            known = resources.setdefault(key, value)
            if known is not value and known != value:
                raise InvalidDefinitionError(
                    f"Conflicting versions of resource with key '{key}' were provided to different assets.",
                    mend="When constructing a job, all resource definitions provided to assets must match by reference "
                    "equality for a given key.",
                )
    layer = AssetLayer(graph, definitions, selected, resource_defs)
    combined: dict[str, Any] = {**(resource_defs or {}), **resources}
    return JobDefinition(
        graph_def=lambda: layer.build_graph(name),
        name=name,
        resource_defs=combined,
        asset_layer=layer,
        **job_options,
    )
