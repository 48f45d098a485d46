"""The partitions of a direct call: those that its context was built with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.base.errors import (
    InvalidPropertyError,
    InvariantViolationError,
)
from orrery.base.keys import AssetKey
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.direct_given import DirectGiven, not_set
from orrery.runtime.contexts.step_partitions import StepPartitions

__all__ = ["DirectPartitions"]


class DirectPartitions(StepPartitions):
    """
    The partitions of a call that no run makes.

    Attributes:
        given: What the context was built with.
    """

    __slots__ = ("_is_bound", "given")

    def __init__(self, plan_context: Any, step: ExecutionStep, given: DirectGiven, *, is_bound: bool) -> None:
        super().__init__(plan_context, step)
        self.given = given
        self._is_bound = is_bound

    @property
    def _assets_def(self) -> Any:
        if not self._is_bound:
            raise not_set("assets_def")
        return self.step.assets_def

    @property
    def run_partitions_def(self) -> Any:
        """
        Return the partitions of the assets that are called.

        Raises:
            InvalidPropertyError: There are no assets, or they have no partitions.
        """
        assets_def = self._assets_def
        if assets_def is None:
            raise InvalidPropertyError(f"Op {self.step.name} does not have an assets definition.")
        if assets_def.partitions_def is None:
            raise InvariantViolationError(f"{self._op} has no partitions.", mend="give the asset partitions_def=.")
        return assets_def.partitions_def

    @property
    def has_partition_key(self) -> bool:
        """Tell whether a partition was given."""
        return self.given.partition_key is not None

    @property
    def has_partition_key_range(self) -> bool:
        """Tell whether a range of partitions was given."""
        return self.given.partition_key_range is not None

    @property
    def partition_key(self) -> str:
        """
        Return the given partition.

        Raises:
            InvariantViolationError: None was given.
        """
        key = self.given.partition_key
        if key is None:
            if self.given.partition_key_range is not None and (
                self.given.partition_key_range.start == self.given.partition_key_range.end
            ):
                return self.given.partition_key_range.start
            raise self._no_partition("partition_key")
        assets_def = self.step.assets_def if self._is_bound else None
        partitions_def: Any = assets_def.partitions_def if assets_def is not None else None
        if hasattr(partitions_def, "get_partition_key_from_str"):
            return partitions_def.get_partition_key_from_str(key)  # type: ignore[no-any-return]  # text
        return key

    def _no_partition(self, name: str) -> InvariantViolationError:
        return InvariantViolationError(
            f"Tried to access {name} for a non-partitioned run",
            mend=f"give partition_key= to {self.given.builder}.",
        )

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """
        Return the given partitions as a range.

        Raises:
            InvariantViolationError: None was given.
        """
        if self.given.partition_key_range is not None:
            return self.given.partition_key_range
        if self.given.partition_key is None:
            raise self._no_partition("partition_key range")
        key = self.partition_key
        return PartitionKeyRange(key, key)

    @property
    def partition_keys(self) -> Sequence[str]:
        """Return the given partitions, in order; each must be one of the asset's."""
        with partition_loading_context(dynamic_partitions_store=self.given.instance):
            found: Sequence[str] = self.run_partitions_def.get_partition_keys_in_range(self.partition_key_range)
        return found

    def partitions_def_of(self, asset_key: AssetKey) -> Any:
        """Return the partitions of an asset that is called, or None."""
        assets_def = self._assets_def
        if assets_def is not None and asset_key in assets_def._specs_by_key:
            return assets_def._specs_by_key[asset_key].partitions_def
        return None
