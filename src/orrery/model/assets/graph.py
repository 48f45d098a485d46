"""
The graph of all assets and their checks, as one value.

Inside, assets are numbers and edges are lists of numbers: building is linear and costs a few
microseconds an asset, walks are iterative, and a chain of a hundred thousand assets is as good as a
fan. Sets and mappings of keys are made when they are asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from orrery.base.errors import (
    CyclicDependencyError,
    DuplicateDefinitionError,
    UnknownAssetError,
    nearest_hint,
)
from orrery.base.keys import AssetCheckKey, AssetKey, CoercibleToAssetKey, EntityKey
from orrery.base.toposort import children_of, level_indices, order_indices, reach
from orrery.model.assets.node import AssetCheckNode, AssetNode

__all__ = ["AssetGraph", "ProvidesNodes"]

_Value = TypeVar("_Value")


@runtime_checkable
class ProvidesNodes(Protocol):
    """A definition of assets or checks: it answers what the graph must know of them."""

    def asset_nodes(self) -> Iterable[AssetNode]:
        """Return one node for each asset that the definition provides."""
        ...

    def check_nodes(self) -> Iterable[AssetCheckNode]:
        """Return one node for each check that the definition provides."""
        ...


class AssetGraph:
    """
    Know every asset, every check, and who depends on whom.

    Keys come out in one stable order: each asset after its upstream assets, and otherwise as given.
    An upstream key that no node has becomes an external asset, ``is_auto_created_stub``, unless
    *strict*.

    Args:
        nodes: The assets.
        checks: The checks.
        strict: Refuse upstream keys that no node has: all of them (True), or those whose values are
            loaded (``"inputs"``).

    Raises:
        DuplicateDefinitionError: Two nodes have one key; both places are named.
        CyclicDependencyError: Assets depend on each other in a circle; its members are named.
        UnknownAssetError: *strict*, and an upstream key is unknown; the nearest name is told.

    >>> orders, report = AssetKey("orders"), AssetKey("report")
    >>> graph = AssetGraph([AssetNode(key=report, parent_keys=(orders,)), AssetNode(key=orders)])
    >>> [key.to_user_string() for key in graph.assets]
    ['orders', 'report']
    >>> graph.get_parents(report)
    (AssetKey(['orders']),)
    """

    __slots__ = ("_checks", "_children", "_index", "_kept", "_nodes", "_order", "_parents")

    _nodes: list[AssetNode]
    _index: dict[tuple[str, ...], int]
    _parents: list[list[int]]
    _children: list[list[int]] | None
    _order: list[int]
    _checks: dict[AssetCheckKey, AssetCheckNode]
    _kept: dict[str, Any]

    def __init__(
        self,
        nodes: Iterable[AssetNode] = (),
        checks: Iterable[AssetCheckNode] = (),
        *,
        strict: bool | Literal["inputs"] = False,
    ) -> None:
        given = list(nodes)
        index = {node.key.parts: number for number, node in enumerate(given)}
        if len(index) < len(given):
            raise _duplicate_asset(given)
        parents = _numbers_of_parents(given, index)
        if parents is None:
            given = [*_stubs(given, index, strict), *given]
            index = {node.key.parts: number for number, node in enumerate(given)}
            parents = _numbers_of_parents(given, index)
            assert parents is not None  # each key has a node now
        self._nodes = given
        self._index = index
        self._parents = parents
        self._children = None
        self._kept = {}
        for number, numbers in enumerate(parents):
            if number in numbers:
                if given[number].partitions_def is None:
                    raise _self_dependency(given[number])
                self._parents[number] = [parent for parent in numbers if parent != number]
        self._order = order_indices(parents, name_of=lambda number: given[number].key.to_user_string(), noun="asset")
        self._checks = _checks_by_key(checks)

    @classmethod
    def from_assets(
        cls, assets: Iterable[ProvidesNodes | Any], *, strict: bool | Literal["inputs"] = False
    ) -> AssetGraph:
        """
        Return the graph of definitions: assets, specs, source assets, asset checks.

        Args:
            assets: The definitions; each answers ``asset_nodes()`` and ``check_nodes()``.
            strict: As for the graph itself.
        """
        nodes: list[AssetNode] = []
        checks: list[AssetCheckNode] = []
        given = tuple(assets)
        for definition in given:
            nodes.extend(definition.asset_nodes())
            checks.extend(definition.check_nodes())
        graph = cls(nodes, checks, strict=strict)
        graph._kept["definitions"] = given
        return graph

    @property
    def definitions(self) -> tuple[Any, ...]:
        """Return the definitions that the graph was made of; none if it was made of nodes."""
        given: tuple[Any, ...] = self._kept.get("definitions", ())
        return given

    # -- looking up ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._nodes)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, AssetKey | AssetCheckKey) and self.has(key)

    def __iter__(self) -> Iterator[AssetKey]:
        return iter(self.assets)

    def has(self, key: EntityKey) -> bool:
        """Tell whether the graph has this asset or check."""
        return key in self._checks if isinstance(key, AssetCheckKey) else key.parts in self._index

    def get(self, key: CoercibleToAssetKey) -> AssetNode:
        """
        Return the node of an asset, which then knows its downstream assets, too.

        Raises:
            UnknownAssetError: There is none; the nearest name is told.
        """
        return self._told(self._number(key))

    def _told(self, number: int) -> AssetNode:
        """Return a node that knows its children; one and the same at every call."""
        told: dict[int, AssetNode] | None = self._kept.get("told")
        if told is None:
            told = self._keep("told", {})
        node = told.get(number)
        if node is None:
            node = self._nodes[number]
            children = self._child_numbers[number]
            if children:
                node = msgspec.structs.replace(node, child_keys=self._keys(children))
            told[number] = node
        return node

    def get_check(self, key: AssetCheckKey) -> AssetCheckNode:
        """
        Return the node of a check.

        Raises:
            UnknownAssetError: There is none; the nearest name is told.
        """
        node = self._checks.get(key)
        if node is None:
            shown = key.to_user_string()
            raise UnknownAssetError(
                f"There is no asset check '{shown}'.",
                mend=nearest_hint(shown, (each.to_user_string() for each in self._checks), noun="asset check"),
            )
        return node

    def _number(self, key: CoercibleToAssetKey) -> int:
        parts = key.parts if isinstance(key, AssetKey) else AssetKey(key).parts
        number = self._index.get(parts)
        if number is None:
            raise self.unknown_asset(AssetKey(parts))
        return number

    def unknown_asset(self, key: AssetKey, *, named_by: str = "") -> UnknownAssetError:
        """Return the error for a key that the graph does not have; *named_by* begins the sentence."""
        shown = key.to_user_string()
        what = f"{named_by} names asset '{shown}'" if named_by else f"Asset '{shown}' was asked for"
        names = [node.key.to_user_string() for node in self._nodes]
        return UnknownAssetError(
            f"{what}, which no definition provides.", mend=nearest_hint(shown, names, noun="asset")
        )

    # -- order ---------------------------------------------------------------------------------

    def _keep(self, name: str, value: _Value) -> _Value:
        self._kept[name] = value
        return value

    @property
    def assets(self) -> tuple[AssetKey, ...]:
        """Return all keys, each after its upstream keys and otherwise as given."""
        kept = self._kept.get("assets")
        return kept if kept is not None else self._keep("assets", self._keys(self._order))

    @property
    def nodes(self) -> tuple[AssetNode, ...]:
        """Return all nodes, in the order of :attr:`assets`, as the definitions made them: they know no children."""
        return tuple([self._nodes[number] for number in self._order])

    @property
    def asset_nodes(self) -> tuple[AssetNode, ...]:
        """Return all nodes, in the order of :attr:`assets`; each knows its downstream assets, too."""
        return tuple([self._told(number) for number in self._order])

    @property
    def toposorted(self) -> tuple[AssetKey, ...]:
        """Return all keys, in the order of :attr:`assets`."""
        return self.assets

    @property
    def toposorted_asset_keys(self) -> Sequence[AssetKey]:
        """Return all keys, level after level, sorted within a level."""
        return [key for level in self._sorted_levels() for key in level]

    @property
    def toposorted_asset_keys_by_level(self) -> Sequence[AbstractSet[AssetKey]]:
        """Return the keys by level: an asset stands one level below the lowest of its parents."""
        return [set(level) for level in self._sorted_levels()]

    @property
    def toposorted_entity_keys_by_level(self) -> Sequence[Sequence[EntityKey]]:
        """Return assets and checks by level; a check stands one level below the assets it reads."""
        levels: list[list[EntityKey]] = [list(level) for level in self._sorted_levels()]
        level_of = {key: depth for depth, level in enumerate(levels) for key in level}
        for key, check in sorted(self._checks.items()):
            depth = 1 + max((level_of.get(parent, -1) for parent in check.parent_keys), default=-1)
            if depth == len(levels):
                levels.append([])
            levels[depth].append(key)
        return levels

    def _sorted_levels(self) -> list[list[AssetKey]]:
        kept: list[list[AssetKey]] | None = self._kept.get("levels")
        if kept is None:
            levels = level_indices(self._parents, self._order)
            kept = self._keep("levels", [sorted(self._keys(level)) for level in levels])
        return kept

    def sort_keys(self, keys: Iterable[AssetKey]) -> list[AssetKey]:
        """Return *keys* in the order of :attr:`assets`."""
        rank: list[int] | None = self._kept.get("rank")
        if rank is None:
            rank = self._keep("rank", [0] * len(self._nodes))
            for place, number in enumerate(self._order):
                rank[number] = place
        return sorted(keys, key=lambda key: rank[self._number(key)])

    # -- neighbours ----------------------------------------------------------------------------

    def _keys(self, numbers: Iterable[int]) -> tuple[AssetKey, ...]:
        nodes = self._nodes
        return tuple([nodes[number].key for number in numbers])

    @property
    def _child_numbers(self) -> list[list[int]]:
        if self._children is None:
            self._children = children_of(self._parents)
        return self._children

    def get_parents(self, key: CoercibleToAssetKey) -> tuple[AssetKey, ...]:
        """Return the upstream neighbours of an asset, as its definition names them (not itself)."""
        return self._keys(self._parents[self._number(key)])

    def get_children(self, key: CoercibleToAssetKey) -> tuple[AssetKey, ...]:
        """Return the downstream neighbours of an asset, in the order they were given (not itself)."""
        return self._keys(self._child_numbers[self._number(key)])

    def get_ancestors(
        self, key: CoercibleToAssetKey, *, depth: int | None = None, include_self: bool = False
    ) -> set[AssetKey]:
        """Return everything upstream of an asset, at most *depth* steps away."""
        return self.upstream_of([AssetKey.from_coercible(key)], depth=depth, include_self=include_self)

    def get_descendants(
        self, key: CoercibleToAssetKey, *, depth: int | None = None, include_self: bool = False
    ) -> set[AssetKey]:
        """Return everything downstream of an asset, at most *depth* steps away."""
        return self.downstream_of([AssetKey.from_coercible(key)], depth=depth, include_self=include_self)

    def upstream_of(
        self, keys: Iterable[AssetKey], *, depth: int | None = None, include_self: bool = True
    ) -> set[AssetKey]:
        """Return everything upstream of any of *keys*, at most *depth* steps away."""
        return self._reached(self._parents, keys, depth, include_self)

    def downstream_of(
        self, keys: Iterable[AssetKey], *, depth: int | None = None, include_self: bool = True
    ) -> set[AssetKey]:
        """Return everything downstream of any of *keys*, at most *depth* steps away."""
        return self._reached(self._child_numbers, keys, depth, include_self)

    def _reached(
        self, neighbours: Sequence[Iterable[int]], keys: Iterable[AssetKey], depth: int | None, include_self: bool
    ) -> set[AssetKey]:
        start = [self._number(key) for key in keys]
        found = reach(neighbours, start, depth=depth)
        if not include_self:
            found.difference_update(start)
        return set(self._keys(found))

    def strictly_upstream_of(self, keys: Iterable[AssetKey]) -> set[AssetKey]:
        """Return everything that is upstream of one of *keys*, even if it is one of *keys* itself."""
        return self._beyond(self._parents, keys)

    def strictly_downstream_of(self, keys: Iterable[AssetKey]) -> set[AssetKey]:
        """Return everything that is downstream of one of *keys*, even if it is one of *keys* itself."""
        return self._beyond(self._child_numbers, keys)

    def _beyond(self, neighbours: Sequence[Iterable[int]], keys: Iterable[AssetKey]) -> set[AssetKey]:
        start = {neighbour for key in keys for neighbour in neighbours[self._number(key)]}
        return set(self._keys(reach(neighbours, start)))

    def get_ancestor_asset_keys(self, asset_key: AssetKey, include_self: bool = False) -> AbstractSet[AssetKey]:
        """Return everything upstream of an asset."""
        return self.get_ancestors(asset_key, include_self=include_self)

    @property
    def asset_dep_graph(self) -> Mapping[str, Mapping[AssetKey, AbstractSet[AssetKey]]]:
        """
        Return the graph as mappings of sets: ``{"upstream": {key: keys}, "downstream": {key: keys}}``.

        >>> graph = AssetGraph([AssetNode(key=AssetKey("b"), parent_keys=(AssetKey("a"),))])
        >>> graph.asset_dep_graph["downstream"][AssetKey("a")]
        {AssetKey(['b'])}
        """
        kept: Mapping[str, Mapping[AssetKey, AbstractSet[AssetKey]]] | None = self._kept.get("dep_graph")
        if kept is None:
            kept = self._keep(
                "dep_graph",
                {
                    "upstream": {self._nodes[n].key: set(self._keys(self._parents[n])) for n in self._order},
                    "downstream": {self._nodes[n].key: set(self._keys(self._child_numbers[n])) for n in self._order},
                },
            )
        return kept

    # -- kinds of assets -----------------------------------------------------------------------

    @property
    def roots(self) -> tuple[AssetKey, ...]:
        """Return the assets that have no upstream asset."""
        return self._keys(number for number in self._order if not self._parents[number])

    @property
    def leaves(self) -> tuple[AssetKey, ...]:
        """Return the assets that have no downstream asset."""
        return self._keys(number for number in self._order if not self._child_numbers[number])

    def get_all_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return all keys."""
        return self._key_set("all", lambda node: True)

    @property
    def materializable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that a function of the project makes."""
        return self._key_set("materializable", lambda node: node.is_materializable)

    @property
    def observable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that a function of the project observes."""
        return self._key_set("observable", lambda node: node.is_observable)

    @property
    def executable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that a function of the project makes or observes."""
        return self._key_set("executable", lambda node: node.is_executable)

    @property
    def unexecutable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets for which the project has no function."""
        return self._key_set("unexecutable", lambda node: not node.is_executable)

    @property
    def external_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that something outside the project makes."""
        return self._key_set("external", lambda node: node.is_external)

    @property
    def root_materializable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the materializable assets that have no materializable asset upstream of them."""
        return self._roots_among("root_materializable", self.materializable_asset_keys)

    @property
    def root_executable_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the executable assets that have no executable asset upstream of them."""
        return self._roots_among("root_executable", self.executable_asset_keys)

    def has_materializable_parents(self, asset_key: AssetKey) -> bool:
        """Tell whether an upstream neighbour of an asset is materializable."""
        return any(self._nodes[number].is_materializable for number in self._parents[self._number(asset_key)])

    def get_materializable_roots(self, asset_key: AssetKey) -> AbstractSet[AssetKey]:
        """Return the materializable assets at or above an asset that have none upstream of them."""
        return self.get_ancestors(asset_key, include_self=True) & self.root_materializable_asset_keys

    def _key_set(self, name: str, wanted: Any) -> AbstractSet[AssetKey]:
        kept: AbstractSet[AssetKey] | None = self._kept.get(name)
        if kept is None:
            kept = self._keep(name, frozenset(node.key for node in self._nodes if wanted(node)))
        return kept

    def _roots_among(self, name: str, keys: AbstractSet[AssetKey]) -> AbstractSet[AssetKey]:
        kept: AbstractSet[AssetKey] | None = self._kept.get(name)
        if kept is None:
            among = {self._index[key.parts] for key in keys}
            below = bytearray(len(self._nodes))
            for number in self._order:
                below[number] = any(parent in among or below[parent] for parent in self._parents[number])
            kept = self._keep(name, frozenset(self._keys(number for number in among if not below[number])))
        return kept

    # -- groups, tags, partitions --------------------------------------------------------------

    @property
    def all_group_names(self) -> AbstractSet[str]:
        """Return the names of all groups."""
        return {node.group_name for node in self._nodes}

    def asset_keys_for_group(self, group_name: str, require_materializable: bool = False) -> AbstractSet[AssetKey]:
        """Return the assets of a group, if wanted only those that a function of the project makes."""
        return {
            node.key
            for node in self._nodes
            if node.group_name == group_name and (node.is_materializable or not require_materializable)
        }

    @property
    def all_partitions_defs(self) -> list[Any]:
        """Return each partitions definition that an asset has, once."""
        found: list[Any] = []
        for number in self._order:
            partitions_def = self._nodes[number].partitions_def
            if partitions_def is not None and partitions_def not in found:
                found.append(partitions_def)
        return found

    def asset_keys_for_partitions_def(self, partitions_def: Any) -> AbstractSet[AssetKey]:
        """Return the assets that are made of these partitions."""
        return {node.key for node in self._nodes if node.partitions_def == partitions_def}

    @property
    def unpartitioned_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that have no partitions."""
        return self._key_set("unpartitioned", lambda node: node.partitions_def is None)

    # -- checks --------------------------------------------------------------------------------

    @property
    def asset_check_keys(self) -> AbstractSet[AssetCheckKey]:
        """Return the keys of all checks."""
        return self._checks.keys()

    @property
    def asset_check_nodes(self) -> tuple[AssetCheckNode, ...]:
        """Return the nodes of all checks, as given."""
        return tuple(self._checks.values())

    def get_check_keys_for_assets(self, asset_keys: Iterable[AssetKey]) -> AbstractSet[AssetCheckKey]:
        """Return the checks of any of *asset_keys*."""
        by_asset = self._checks_by_asset()
        return {check for key in asset_keys for check in by_asset.get(key, ())} if by_asset else set()

    def check_keys_of(self, asset_key: AssetKey) -> tuple[AssetCheckKey, ...]:
        """Return the checks of one asset, as given."""
        return tuple(self._checks_by_asset().get(asset_key, ()))

    def _checks_by_asset(self) -> Mapping[AssetKey, Sequence[AssetCheckKey]]:
        kept: dict[AssetKey, list[AssetCheckKey]] | None = self._kept.get("checks_by_asset")
        if kept is None:
            kept = {}
            for key in self._checks:
                kept.setdefault(key.asset_key, []).append(key)
            self._keep("checks_by_asset", kept)
        return kept

    # -- what runs together --------------------------------------------------------------------

    def get_execution_set_asset_and_check_keys(self, key: EntityKey) -> AbstractSet[EntityKey]:
        """Return the assets and checks that can only run together with *key*, itself among them."""
        mark = self.get_execution_set_identifier(key)
        return {key} if mark is None else self._execution_sets()[mark]

    @property
    def has_execution_sets(self) -> bool:
        """Tell whether there is anything that can only run together with something else."""
        return bool(self._execution_sets())

    def with_required_neighbors(self, keys: Iterable[AssetKey]) -> set[AssetKey]:
        """Return *keys* and the assets that can only be made together with any of them."""
        found = set(keys)
        sets = self._execution_sets()
        if sets:
            for mark in {node.execution_set for key in found if (node := self.get(key)).execution_set is not None}:
                found.update(key for key in sets[mark] if isinstance(key, AssetKey))
        return found

    def get_execution_set_identifier(self, entity_key: EntityKey) -> Any:
        """Return the mark that is on all that can only run together with *entity_key*; None if alone."""
        if isinstance(entity_key, AssetCheckKey):
            return self.get_check(entity_key).execution_set
        return self.get(entity_key).execution_set

    def _execution_sets(self) -> Mapping[Any, AbstractSet[EntityKey]]:
        kept: dict[Any, set[EntityKey]] | None = self._kept.get("execution_sets")
        if kept is None:
            kept = {}
            everything: list[AssetNode | AssetCheckNode] = [*self._nodes, *self._checks.values()]
            for node in everything:
                if node.execution_set is not None:
                    kept.setdefault(node.execution_set, set()).add(node.key)
            self._keep("execution_sets", kept)
        return kept

    def __repr__(self) -> str:
        return f"AssetGraph({len(self._nodes)} assets, {len(self._checks)} checks)"


def _numbers_of_parents(nodes: Sequence[AssetNode], index: Mapping[tuple[str, ...], int]) -> list[list[int]] | None:
    """Return the parents of each node as numbers; None if one of them has no node."""
    try:
        return [[index[key.parts] for key in keys] if (keys := node.parent_keys) else [] for node in nodes]
    except KeyError:
        return None


def _stubs(
    nodes: Sequence[AssetNode], index: Mapping[tuple[str, ...], int], strict: bool | Literal["inputs"]
) -> list[AssetNode]:
    unknown = {key: node for node in nodes if node.parent_keys for key in node.parent_keys if key.parts not in index}
    if unknown and strict:
        for key, node in unknown.items():
            if strict is True or key in node.input_keys:
                place = f" ({node.location})" if node.source else ""
                known = [each.key.to_user_string() for each in nodes]
                raise UnknownAssetError(
                    f"Asset '{node.key.to_user_string()}'{place} depends on asset '{key.to_user_string()}', "
                    "which no definition provides.",
                    mend=nearest_hint(key.to_user_string(), known, noun="asset"),
                )
    return [AssetNode(key=key, is_auto_created_stub=True) for key in unknown]


def _duplicate_asset(nodes: Iterable[AssetNode]) -> DuplicateDefinitionError:
    first: dict[AssetKey, AssetNode] = {}
    for node in nodes:
        other = first.setdefault(node.key, node)
        if other is not node:
            return _duplicate("Asset", node.key.to_user_string(), other.location, node.location)
    raise AssertionError("no two nodes have one key")


def _duplicate(noun: str, name: str, one: str | None, other: str | None) -> DuplicateDefinitionError:
    places = [place for place in (one, other) if place]
    if len(places) == 2 and places[0] != places[1]:
        where = f": at {places[0]} and at {places[1]}"
    elif places:
        where = f"; both at {places[0]}" if len(places) == 2 else f"; one at {places[0]}"
    else:
        where = ""
    return DuplicateDefinitionError(
        f"{noun} '{name}' is defined twice{where}.",
        mend="rename one of them, give one a key_prefix, or take one away.",
    )


def _self_dependency(node: AssetNode) -> CyclicDependencyError:
    name = node.key.to_user_string()
    place = f" ({node.location})" if node.source else ""
    return CyclicDependencyError(
        f"Asset '{name}'{place} depends on itself.",
        mend="take it out of its own dependencies, or give it partitions and a partition mapping to earlier ones.",
        members=(name,),
    )


def _checks_by_key(checks: Iterable[AssetCheckNode]) -> dict[AssetCheckKey, AssetCheckNode]:
    by_key: dict[AssetCheckKey, AssetCheckNode] = {}
    for check in checks:
        known = by_key.setdefault(check.key, check)
        if known is not check:
            raise _duplicate("Asset check", check.key.to_user_string(), known.location, check.location)
    return by_key
