"""Single partitions as values, and the states that a partition can be in."""

from __future__ import annotations

from enum import Enum
from typing import Any

__all__ = ["AssetPartitionStatus", "Partition"]


class Partition:
    """
    Pair a value with the name of its partition; kept for old code, which takes it instead of a key.

    Args:
        value: What the partition stands for.
        name: Its key; the value as text if not given.
    """

    __slots__ = ("_name", "_value")

    def __init__(self, value: Any, name: str | None = None) -> None:
        self._value = value
        self._name = str(value) if name is None else name

    @property
    def value(self) -> Any:
        """Return what the partition stands for."""
        return self._value

    @property
    def name(self) -> str:
        """Return the key."""
        return self._name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Partition):
            return bool(self._value == other._value) and self._name == other._name
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f"Partition(value={self._value!r}, name={self._name!r})"


class AssetPartitionStatus(Enum):
    """Say in which state a partition of an asset is."""

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"
