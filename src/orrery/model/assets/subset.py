"""
What one run takes of a graph: the assets it makes or observes, and the checks it evaluates.

A selection says what is wanted; here it is held against what can be run: external assets cannot,
and what one function makes at a stroke must be taken whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet

import msgspec

from orrery.base.errors import InvalidSubsetError
from orrery.base.keys import AssetCheckKey, AssetKey, EntityKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection, CoercibleToAssetSelection

__all__ = ["RunSubset", "lying_between", "subset_to_run", "with_needed_upstream"]


class RunSubset(msgspec.Struct, frozen=True, kw_only=True):
    """
    The assets and checks of one run.

    Attributes:
        asset_keys: Assets to make or to observe, each after its upstream assets.
        check_keys: Checks to evaluate, in the order of the graph.
        pulled_in: Those of *asset_keys* that nobody chose: the others need them.
    """

    asset_keys: tuple[AssetKey, ...] = ()
    check_keys: tuple[AssetCheckKey, ...] = ()
    pulled_in: tuple[AssetKey, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.asset_keys or self.check_keys)

    def __contains__(self, key: object) -> bool:
        return key in self.asset_keys or key in self.check_keys


def subset_to_run(
    graph: AssetGraph, selection: CoercibleToAssetSelection, *, complete: bool = False, chosen_by: str = "The selection"
) -> RunSubset:
    """
    Return what a run of *selection* takes of *graph*; nothing, if nothing is selected.

    Args:
        graph: All assets and checks.
        selection: What is wanted.
        complete: Take along what can only run together with something selected, in place of an error.
        chosen_by: Who selects, as it begins an error: ``"The selection of job 'nightly'"``.

    Raises:
        InvalidSubsetError: The selection names what is not there or cannot be run, or a part of what
            can only run as a whole.

    >>> from orrery.model.assets.node import AssetNode
    >>> graph = AssetGraph([AssetNode(key=AssetKey("orders"), is_materializable=True)])
    >>> subset_to_run(graph, "*").asset_keys
    (AssetKey(['orders']),)
    """
    chosen = AssetSelection.from_coercible(selection)
    assets = set(chosen.resolve_inner(graph, allow_missing=False))
    checks = set(chosen.resolve_checks_inner(graph, allow_missing=False))
    external = assets - graph.executable_asset_keys
    if external:
        raise InvalidSubsetError(
            f"{chosen_by} takes {_listed('asset', external)}, for which the project has no function to run.",
            mend="select the assets that the project makes: put .materializable() behind the selection, "
            "or take the external ones out of it.",
        )
    _complete(graph, assets, checks, refuse=None if complete else chosen_by)
    return RunSubset(
        asset_keys=tuple(graph.sort_keys(assets)),
        check_keys=tuple(key for key in graph.asset_check_keys if key in checks),
    )


def with_needed_upstream(graph: AssetGraph, subset: RunSubset, *, only_inputs: bool = False) -> RunSubset:
    """
    Return *subset* and every asset of the project that it needs and nobody chose.

    Args:
        graph: All assets and checks.
        subset: What was chosen.
        only_inputs: Follow only the edges along which values are loaded.
    """
    if only_inputs:
        reached = set(subset.asset_keys)
        front = list(reached)
        while front:
            inputs = (key for asset in front for key in graph.get(asset).input_keys)
            front = [key for key in dict.fromkeys(inputs) if key not in reached and graph.get(key).is_materializable]
            reached.update(front)
    else:
        reached = graph.upstream_of(subset.asset_keys) & graph.materializable_asset_keys | set(subset.asset_keys)
    checks = set(subset.check_keys) | set(graph.get_check_keys_for_assets(reached.difference(subset.asset_keys)))
    _complete(graph, reached, checks, refuse=None)
    return RunSubset(
        asset_keys=tuple(graph.sort_keys(reached)),
        check_keys=tuple(key for key in graph.asset_check_keys if key in checks),
        pulled_in=tuple(graph.sort_keys(reached.difference(subset.asset_keys))),
    )


def _complete(graph: AssetGraph, assets: set[AssetKey], checks: set[AssetCheckKey], *, refuse: str | None) -> None:
    """Add what can only run together with something in *assets* or *checks*; refuse if it is not there."""
    if not graph.has_execution_sets:
        return
    whole: set[EntityKey] = set()
    chosen: list[EntityKey] = [*assets, *checks]
    for key in chosen:
        if graph.get_execution_set_identifier(key) is not None:
            whole |= graph.get_execution_set_asset_and_check_keys(key)
    missing_assets = {key for key in whole if isinstance(key, AssetKey)} - assets
    missing_checks = {key for key in whole if isinstance(key, AssetCheckKey)} - checks
    if refuse is not None and (missing_assets or missing_checks):
        raise _not_whole(graph, assets, checks, missing_assets, missing_checks, refuse)
    assets |= missing_assets
    checks |= missing_checks


def _not_whole(
    graph: AssetGraph,
    assets: set[AssetKey],
    checks: set[AssetCheckKey],
    missing_assets: set[AssetKey],
    missing_checks: set[AssetCheckKey],
    chosen_by: str,
) -> InvalidSubsetError:
    missing: Iterable[EntityKey] = missing_assets or missing_checks
    first = min(missing, key=lambda key: key.to_user_string())
    partners = graph.get_execution_set_asset_and_check_keys(first) & (assets | checks)
    shown = _listed("asset" if missing_assets else "check", missing)
    return InvalidSubsetError(
        f"{chosen_by} takes {_listed('', partners)} without {shown}, and one function makes them at a stroke.",
        mend="put .required_multi_asset_neighbors() behind the selection, or write can_subset=True on the function."
        if missing_assets
        else "select the asset together with its checks, or write can_subset=True on the function.",
    )


def _listed(noun: str, keys: Iterable[EntityKey]) -> str:
    names = sorted(key.to_user_string() for key in keys)
    shown = ", ".join(f"'{name}'" for name in names[:10]) + (", ..." if len(names) > 10 else "")
    return f"{noun}{'s' if len(names) > 1 else ''} {shown}" if noun else shown


def lying_between(graph: AssetGraph, first: AbstractSet[AssetKey], last: AbstractSet[AssetKey]) -> set[AssetKey]:
    """
    Return *first*, and all assets that lie on a way from these to *last*.

    Args:
        graph: All assets.
        first: Where the ways begin.
        last: Where they end.

    >>> from orrery.model.assets.node import AssetNode
    >>> a, b, c, d = (AssetKey(name) for name in "abcd")
    >>> nodes = [
    ...     AssetNode(key=a),
    ...     AssetNode(key=b, parent_keys=(a,)),
    ...     AssetNode(key=c, parent_keys=(b,)),
    ...     AssetNode(key=d, parent_keys=(a,)),
    ... ]
    >>> sorted(key.to_user_string() for key in lying_between(AssetGraph(nodes), {a}, {c}))
    ['a', 'b', 'c']
    """
    above = _reached(last, graph.get_parents, lambda key: True)
    return _reached(first, graph.get_children, above.__contains__)


def _reached(
    begin: AbstractSet[AssetKey], step: Callable[[AssetKey], Iterable[AssetKey]], may: Callable[[AssetKey], bool]
) -> set[AssetKey]:
    found, waiting = set(begin), list(begin)
    while waiting:
        for key in step(waiting.pop()):
            if key not in found and may(key):
                found.add(key)
                waiting.append(key)
    return found
