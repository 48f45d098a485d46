"""
What ``--refresh`` adds to a selection: assets that run though they are current, and all that lies between them and it.
"""

from __future__ import annotations

from orrery.base.keys import AssetKey
from orrery.cli.project import Project
from orrery.model.assets.subset import lying_between

__all__ = ["refreshed"]


def refreshed(project: Project, keys: set[AssetKey], refresh: str | None) -> tuple[set[AssetKey], set[AssetKey]]:
    """Return *keys* with what a refresh adds, and the assets that it makes anew."""
    if refresh is None:
        return keys, set()
    fresh, _ = project.select((refresh,))
    return keys | lying_between(project.graph, fresh, keys), fresh
