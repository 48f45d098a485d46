"""
The stored form of values that are no records: keys inside events and runs.

Hooks for msgspec; whoever encodes or decodes a record hands them on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import msgspec

from orrery.base.keys import AssetCheckKey, AssetKey, key_named

Shape = TypeVar("Shape")

__all__ = ["Decoder", "from_wire", "to_wire"]


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
        return key_named(value[0]) if len(value) == 1 and type(value[0]) is str else AssetKey(value)
    if kind is AssetCheckKey:
        asset_key, name = value
        return AssetCheckKey(asset_key, name)
    raise TypeError(f"A record holds a {kind.__name__}, which has no stored form.")


class Decoder(Generic[Shape]):
    """
    Reads values of one shape from JSON or msgpack.

    The shape is studied when something is read for the first time: for that of an entry this takes 8 ms, which a run that
    only writes does not spend.

    Args:
        shape: A kind of records.
        form: ``"json"`` or ``"msgpack"``.
    """

    def __init__(self, shape: type[Shape], form: Literal["json", "msgpack"] = "json") -> None:
        self._shape = shape
        self._form = form

    @cached_property
    def decode(self) -> Callable[[bytes | bytearray | memoryview | str], Shape]:
        """Return what reads a value; it raises ``msgspec.DecodeError`` and ``UnicodeDecodeError``."""
        form: Any = msgspec.json if self._form == "json" else msgspec.msgpack
        decode: Callable[[bytes | bytearray | memoryview | str], Shape]
        decode = form.Decoder(self._shape, dec_hook=from_wire).decode
        return decode
