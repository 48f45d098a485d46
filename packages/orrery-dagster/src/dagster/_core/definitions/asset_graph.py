"""The asset graph, under the path that documents import it from."""

from __future__ import annotations

from orrery.model.assets.graph import AssetGraph

__all__ = ["AssetGraph"]
