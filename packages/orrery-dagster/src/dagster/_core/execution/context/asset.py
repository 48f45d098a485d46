"""The context of an asset, under the path that documents print."""

from __future__ import annotations

from dagster._elsewhere import public_names_at
from orrery.runtime.contexts.asset import AssetCheckExecutionContext, AssetExecutionContext

__all__ = ["AssetCheckExecutionContext", "AssetExecutionContext"]

__getattr__ = public_names_at(__name__)
