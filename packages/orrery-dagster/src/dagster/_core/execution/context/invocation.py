"""Contexts for direct calls, under the path that documents name."""

from __future__ import annotations

from dagster._elsewhere import public_names_at
from orrery.api.verbs.contexts import build_asset_context, build_op_context

__all__ = ["build_asset_context", "build_op_context"]

__getattr__ = public_names_at(__name__)
