"""The asset graph, under the path that documents import it from."""

from __future__ import annotations

from dagster._elsewhere import public_names_at
from orrery.model.assets.graph import AssetGraph

__all__ = ["AssetGraph"]

__getattr__ = public_names_at(__name__)
