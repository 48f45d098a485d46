"""
Plain Python values as metadata values: which type a raw value becomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from orrery.base.errors import InvalidMetadataError
from orrery.base.keys import AssetKey
from orrery.base.metadata.table import TableColumnLineage, TableSchema
from orrery.base.metadata.values import (
    AnyMetadataValue,
    AssetMetadataValue,
    BoolMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JsonMetadataValue,
    MetadataValue,
    NullMetadataValue,
    PathMetadataValue,
    TableColumnLineageMetadataValue,
    TableSchemaMetadataValue,
    TextMetadataValue,
    TimestampMetadataValue,
)

__all__ = ["ArbitraryMetadataMapping", "RawMetadataMapping", "RawMetadataValue", "normalize_metadata"]

RawMetadataValue: TypeAlias = Any
RawMetadataMapping: TypeAlias = Mapping[str, RawMetadataValue]
ArbitraryMetadataMapping: TypeAlias = Mapping[str, Any]

_BY_CLASS: dict[type, Any] = {
    str: TextMetadataValue,
    int: IntMetadataValue,
    float: FloatMetadataValue,
    bool: BoolMetadataValue,
    dict: JsonMetadataValue,
    list: JsonMetadataValue,
    AssetKey: AssetMetadataValue,
    TableSchema: TableSchemaMetadataValue,
    TableColumnLineage: TableColumnLineageMetadataValue,
}


def normalize_metadata(
    metadata: RawMetadataMapping | None, *, allow_invalid: bool = False
) -> dict[str, AnyMetadataValue]:
    """
    Return *metadata* with each raw value wrapped in its metadata type.

    Text, numbers, truth values, None, lists and mappings that JSON can say, paths, aware datetimes,
    asset keys, table schemas and column lineages find their type; metadata values pass.

    Args:
        metadata: Raw values by name; None means nothing.
        allow_invalid: Keep what has no metadata type as text that names its class, as metadata on
            definitions may hold any Python object.

    Raises:
        InvalidMetadataError: A value has no metadata type, or a name is not text.

    >>> normalize_metadata({"rows": 3})["rows"].value
    3
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidMetadataError(
            f"Metadata is a mapping of values by name, not {metadata!r} ({type(metadata).__name__}).",
            mend='write metadata={"name": value}.',
        )
    values: dict[str, AnyMetadataValue] = {}
    for name, raw in metadata.items():
        if not isinstance(name, str):
            raise InvalidMetadataError(
                f"A metadata name is text, not {name!r} ({type(name).__name__}).", mend=f"write {str(name)!r}."
            )
        try:
            values[name] = _normalize_value(name, raw)
        except InvalidMetadataError:
            if not allow_invalid:
                raise
            values[name] = TextMetadataValue(f"[{type(raw).__name__}] (unserializable)")
    return values


def _normalize_value(name: str, raw: Any) -> AnyMetadataValue:
    wrap = _BY_CLASS.get(raw.__class__)
    if wrap is not None:
        if wrap is JsonMetadataValue:
            return _json_value(name, raw)
        return cast(AnyMetadataValue, wrap(raw))
    if isinstance(raw, MetadataValue):
        return cast(AnyMetadataValue, raw)
    if raw is None:
        return NullMetadataValue()
    if hasattr(raw, "__fspath__"):
        return PathMetadataValue(raw)
    if hasattr(raw, "tzinfo") and hasattr(raw, "timestamp") and hasattr(raw, "isoformat"):
        return _instant(name, raw)
    for kind, wrap in _BY_CLASS.items():
        if kind is not int and isinstance(raw, kind):
            return _json_value(name, raw) if wrap is JsonMetadataValue else cast(AnyMetadataValue, wrap(raw))
    if isinstance(raw, int):
        return IntMetadataValue(raw)
    raise InvalidMetadataError(
        f"""Could not resolve the metadata value for "{name}" to a known type. Its type was {type(raw)}.""",
        mend=f"wrap it in the metadata type that fits, for instance MetadataValue.text(str(value)) for '{name}'.",
    )


def _json_value(name: str, raw: Any) -> JsonMetadataValue:
    try:
        return JsonMetadataValue(raw)
    except InvalidMetadataError as error:
        raise InvalidMetadataError(
            f"""Could not resolve the metadata value for "{name}" to a known type. {error.args[0]}""",
            mend=error.mend,
        ) from None


def _instant(name: str, raw: Any) -> TimestampMetadataValue:
    try:
        return MetadataValue.timestamp(raw)
    except InvalidMetadataError as error:
        raise InvalidMetadataError(
            f"""Could not resolve the metadata value for "{name}" to a known type. {error.args[0]}""",
            mend=error.mend,
        ) from None
