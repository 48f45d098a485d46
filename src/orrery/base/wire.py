"""
The stored form of values that are no records: keys inside events and runs.

Hooks for msgspec; whoever encodes or decodes a record hands them on.
"""

from __future__ import annotations

from typing import Any

from orrery.base.keys import AssetCheckKey, AssetKey

__all__ = ["from_wire", "to_wire"]


def to_wire(value: Any) -> Any:
    """
    Return what stands for *value* in a stored form: the parts of a key, the text of a key of several dimensions.

    Raises:
        TypeError: *value* has no stored form.
    """
    if isinstance(value, AssetKey):
        return value.parts
    if isinstance(value, AssetCheckKey):
        return (value.asset_key.parts, value.name)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"A record holds {value!r} ({type(value).__name__}), which has no stored form.")


def from_wire(kind: type, value: Any) -> Any:
    """
    Return the value of type *kind* that *value* stands for.

    Raises:
        TypeError: *kind* has no stored form.
    """
    if kind is AssetKey:
        return AssetKey(value)
    if kind is AssetCheckKey:
        asset_key, name = value
        return AssetCheckKey(asset_key, name)
    raise TypeError(f"A record holds a {kind.__name__}, which has no stored form.")
