"""What the function of an asset is told: a view of its op's context, with what is special to assets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.runtime.contexts.op import CURRENT_CONTEXT, OpExecutionContext

__all__ = ["AssetCheckExecutionContext", "AssetExecutionContext"]


class AssetExecutionContext(OpExecutionContext):
    """
    What the function of an asset may ask of the run: log, resources, config, its key, partitions.

    A view of the same step as :class:`OpExecutionContext`, which it derives from.
    """

    __slots__ = ("_op_context",)

    def __init__(self, op_execution_context: Any) -> None:
        step = getattr(op_execution_context, "_step", None)
        super().__init__(step if step is not None else op_execution_context)
        self._op_context = op_execution_context if isinstance(op_execution_context, OpExecutionContext) else None

    @classmethod
    def get(cls) -> Any:
        """
        Return the context of the function that is running here, as that of an asset.

        Raises:
            InvariantViolationError: No function of a step is running.
        """
        context = CURRENT_CONTEXT.get()
        if context is None:
            raise InvariantViolationError("No current AssetExecutionContext in scope.")
        return context if isinstance(context, AssetExecutionContext) else cls(context)

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """Return the same as the context of an op."""
        if self._op_context is None:
            self._op_context = OpExecutionContext(self._step)
        return self._op_context

    def get_op_execution_context(self) -> OpExecutionContext:
        """Return the same as the context of an op."""
        return self.op_execution_context

    def add_asset_metadata(
        self, metadata: Mapping[str, Any], asset_key: Any = None, partition_key: str | None = None
    ) -> None:
        """
        Add metadata to the materialization of the asset.

        Args:
            metadata: Any metadata, by name.
            asset_key: Which asset, where the function makes several.
            partition_key: Which partition, where it makes several; all if not given.
        """
        self._step.add_asset_metadata(metadata, asset_key, partition_key)


class AssetCheckExecutionContext(AssetExecutionContext):
    """What the function of a check may ask of the run."""

    __slots__ = ()

    @property
    def check_specs(self) -> list[Any]:
        """Return the checks that the function makes."""
        return list(self.assets_def.check_specs)
