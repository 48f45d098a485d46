"""The context of an asset, under the path that documents print."""

from __future__ import annotations

from orrery.runtime.contexts.asset import AssetCheckExecutionContext, AssetExecutionContext

__all__ = ["AssetCheckExecutionContext", "AssetExecutionContext"]
