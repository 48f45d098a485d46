"""
Where a value belongs: what the contexts of inputs and outputs say, as keys and paths.

A value of an asset has one place for each partition; it is overwritten by the next materialization. A
value of an op belongs to its run. Paths are made by :mod:`orrery.base.names`, so nothing that a user
calls something can leave the directory or meet something else in it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from orrery.base.names import key_path, labelled_part

__all__ = ["ValueKey", "relative_path", "value_key"]

ValueKey: TypeAlias = tuple[tuple[str, ...], str | None, bool]
"""The parts of the name of a value, its partition if it has one, and whether it belongs to an asset."""

PARTITION = "partition"


def value_key(context: Any, partition: str | None = None) -> ValueKey:
    """
    Return the key under which the value of *context* is kept.

    The parts are those of the asset key, or of the identifier of the op's output (run id, step key,
    output name, mapping key).
    """
    if context.has_asset_key:
        return context.asset_key.parts, partition, True
    return tuple(context.get_identifier()), None, False


def relative_path(key: ValueKey, *, extension: str) -> str:
    """
    Return the path of a value, relative to the IO manager's directory.

    >>> relative_path((("sales", "orders"), None, True), extension=".pickle")
    'sales/orders.pickle'
    >>> relative_path((("sales", "orders"), "2024-01-01", True), extension=".pickle")
    'sales/orders/partition=2024-01-01.pickle'
    """
    parts, partition, _ = key
    if partition is None:
        return key_path(parts, extension=extension)
    folder = key_path((*parts, "."), extension="")
    return f"{folder[:-3]}{labelled_part(PARTITION, partition)}{extension}"
