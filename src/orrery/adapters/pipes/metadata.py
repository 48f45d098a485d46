"""Metadata as it comes over the wire, made into values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orrery.base.errors import OrreryError
from orrery.base.keys import AssetKey
from orrery.base.metadata import (
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableConstraints,
    TableRecord,
    TableSchema,
    normalize_metadata,
)

__all__ = ["metadata_of"]


def metadata_of(raw: Mapping[str, Any] | None) -> dict[str, Any]:
    """
    Return metadata by name.

    Raises:
        ValueError: A value is not of the shape ``{"raw_value": ..., "type": ...}``, its type is unknown, or the value
            is not of its type.
    """
    return {name: _value(name, given) for name, given in (raw or {}).items()}


def _value(name: str, given: Any) -> Any:
    if not isinstance(given, dict) or given.keys() != {"raw_value", "type"}:
        raise ValueError(f"the metadata '{name}' is not of the shape {{raw_value, type}}")
    kind, raw = given["type"], given["raw_value"]
    if kind == "__infer__":
        return normalize_metadata({name: raw})[name]
    make = _MAKERS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise ValueError(f"the metadata '{name}' is of the unknown type {kind!r}")
    try:
        return make(raw)
    except OrreryError as error:
        raise ValueError(f"the metadata '{name}' is no {kind}: {str(error.args[0]).rstrip('.')}") from error
    except Exception as error:
        shape = _SHAPES.get(kind, "a value of this type")
        raise ValueError(f"the metadata '{name}' is no {kind}, which is written as {shape}") from error


def _float(raw: Any) -> Any:
    # A whole number is a float that was written without its point, as JavaScript does.
    return MetadataValue.float(float(raw) if type(raw) is int else raw)


def _columns(raw: Any) -> list[TableColumn]:
    return [
        TableColumn(
            name=column["name"],
            type=column.get("type", "string"),
            description=column.get("description"),
            constraints=TableColumnConstraints(**(column.get("constraints") or {})),
            tags=column.get("tags") or {},
        )
        for column in raw
    ]


def _schema(raw: Any) -> TableSchema:
    if isinstance(raw, list):
        return TableSchema(columns=_columns(raw))
    constraints = raw.get("constraints")
    return TableSchema(
        columns=_columns(raw["columns"]),
        constraints=TableConstraints(other=constraints["other"]) if constraints else None,
    )


def _table(raw: Any) -> Any:
    records, schema = (raw, None) if isinstance(raw, list) else (raw["records"], raw.get("schema"))
    return MetadataValue.table(
        records=[TableRecord(record) for record in records],
        schema=None if schema is None else _schema(schema),
    )


def _lineage(raw: Any) -> Any:
    return MetadataValue.column_lineage(
        TableColumnLineage(
            deps_by_column={
                column: [
                    TableColumnDep(
                        asset_key=AssetKey.from_user_string(dep["asset_key"]), column_name=dep["column_name"]
                    )
                    for dep in deps
                ]
                for column, deps in raw.get("deps_by_column", raw).items()
            }
        )
    )


_SHAPES = {
    "asset": 'a key such as "raw/orders"',
    "table": '{"records": [{"a": 1}, ...], "schema": [{"name": "a", "type": "int"}, ...]}',
    "table_schema": '{"columns": [{"name": "a", "type": "int"}, ...]}',
    "table_column_lineage": '{"deps_by_column": {"a": [{"asset_key": "raw/orders", "column_name": "b"}, ...]}}',
    "timestamp": "seconds since 1970",
}
_MAKERS: dict[str, Callable[[Any], Any]] = {
    "text": MetadataValue.text,
    "url": MetadataValue.url,
    "path": MetadataValue.path,
    "notebook": MetadataValue.notebook,
    "json": MetadataValue.json,
    "md": MetadataValue.md,
    "float": _float,
    "int": MetadataValue.int,
    "bool": MetadataValue.bool,
    "dagster_run": MetadataValue.dagster_run,
    "asset": lambda raw: MetadataValue.asset(AssetKey.from_user_string(raw)),
    "null": lambda _raw: MetadataValue.null(),
    "table": _table,
    "table_schema": lambda raw: MetadataValue.table_schema(_schema(raw)),
    "table_column_lineage": _lineage,
    "timestamp": MetadataValue.timestamp,
}
