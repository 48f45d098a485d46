"""
What ``--refresh`` adds to a selection: assets that run though they are current, and all that lies between them and it.
"""

from __future__ import annotations

from collections.abc import Set

import msgspec

from orrery.base.keys import AssetKey
from orrery.cli.project import Project
from orrery.model.assets.graph import AssetGraph
from orrery.runtime.engine.policies import Reuse

__all__ = ["refreshed", "with_forced"]


def refreshed(project: Project, keys: set[AssetKey], refresh: str | None) -> tuple[set[AssetKey], set[AssetKey]]:
    """Return *keys* with what a refresh adds, and the assets that it makes anew."""
    if refresh is None:
        return keys, set()
    fresh, _ = project.select((refresh,))
    return keys | _between(project.graph, fresh, keys), fresh


def with_forced(reuse: Reuse | None, fresh: Set[AssetKey]) -> Reuse | None:
    """Return what a run may use again, *fresh* not among it."""
    return reuse if reuse is None or not fresh else msgspec.structs.replace(reuse, forced=reuse.forced | fresh)


def _between(graph: AssetGraph, first: set[AssetKey], last: set[AssetKey]) -> set[AssetKey]:
    """Return *first*, and all assets that lie on a way from these to *last*."""
    above = set(last)
    waiting = list(last)
    while waiting:
        for parent in graph.get_parents(waiting.pop()):
            if parent not in above:
                above.add(parent)
                waiting.append(parent)
    found = set(first)
    waiting = list(first)
    while waiting:
        for child in graph.get_children(waiting.pop()):
            if child in above and child not in found:
                found.add(child)
                waiting.append(child)
    return found
