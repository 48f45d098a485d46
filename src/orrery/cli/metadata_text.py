"""
Metadata as people read it, and as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from orrery.base.metadata import (
    AssetMetadataValue,
    FloatMetadataValue,
    IntMetadataValue,
    JobMetadataValue,
    JsonMetadataValue,
    MarkdownMetadataValue,
    MetadataValue,
    NullMetadataValue,
    PythonArtifactMetadataValue,
    TableColumn,
    TableColumnLineageMetadataValue,
    TableMetadataValue,
    TableSchema,
    TableSchemaMetadataValue,
    TimestampMetadataValue,
)
from orrery.base.wire import to_wire
from orrery.cli.paper import dim, table
from orrery.cli.text import block, instant, number, one_line

__all__ = ["metadata_document", "metadata_lines"]

_RECORDS_SHOWN = 10
_LINES_SHOWN = 20
_LINE_SHOWN = 400


def metadata_lines(metadata: Mapping[str, MetadataValue[Any]]) -> list[str]:
    """Return metadata as lines: a name and its value, longer values below their names."""
    short: list[list[str]] = []
    long: list[str] = []
    for name, value in metadata.items():
        lines = [_shortened(line) for line in _value_lines(value)]
        if len(lines) == 1 and not isinstance(value, TableMetadataValue | TableSchemaMetadataValue):
            short.append([dim(one_line(name)), lines[0]])
        else:
            long += ["", dim(one_line(name)), *(f"  {line}".rstrip() for line in lines[:_LINES_SHOWN])]
            if len(lines) > _LINES_SHOWN:
                long.append(dim(f"  and {len(lines) - _LINES_SHOWN} more lines"))
    return [*table(short), *(long if short else long[1:])]


def _shortened(line: str) -> str:
    """Return a line of at most a few hundred signs; who wants all of it asks for JSON."""
    if len(line) <= _LINE_SHOWN:
        return line
    return f"{line[:_LINE_SHOWN]}… {dim(f'and {number(len(line) - _LINE_SHOWN)} more signs')}"


def _value_lines(value: MetadataValue[Any]) -> list[str]:
    if isinstance(value, TableMetadataValue):
        return _records(value)
    if isinstance(value, TableSchemaMetadataValue):
        return _columns(value.schema)
    if isinstance(value, TableColumnLineageMetadataValue):
        lineage = value.column_lineage.deps_by_column
        return [
            f"{one_line(column)} <- "
            + ", ".join(one_line(f"{dep.asset_key.to_escaped_user_string()}.{dep.column_name}") for dep in deps)
            for column, deps in lineage.items()
        ] or [""]
    if isinstance(value, IntMetadataValue):
        return ["" if value.value is None else number(value.value)]
    if isinstance(value, FloatMetadataValue):
        return ["" if value.value is None else f"{value.value:,.6g}"]
    if isinstance(value, TimestampMetadataValue):
        return [instant(value.value)]
    if isinstance(value, AssetMetadataValue):
        return [one_line(value.asset_key.to_escaped_user_string())]
    if isinstance(value, JobMetadataValue):
        return [one_line(f"{value.job_name} ({value.location_name})")]
    if isinstance(value, PythonArtifactMetadataValue):
        return [one_line(f"{value.module}.{value.name}")]
    if isinstance(value, NullMetadataValue):
        return [dim("none")]
    if isinstance(value, MarkdownMetadataValue):
        return block(value.value or "", "").split("\n")
    if isinstance(value, JsonMetadataValue):
        return [one_line(msgspec.json.encode(value.value, enc_hook=repr).decode())]
    plain = value.value
    if isinstance(plain, str):
        return block(plain, "").split("\n")
    return [one_line(plain if isinstance(plain, bool | int | float) or plain is None else _wire(value))]


def _records(value: TableMetadataValue) -> list[str]:
    names = [column.name for column in value.schema.columns]
    rows = [[one_line(_cell(record.data.get(name))) for name in names] for record in value.records[:_RECORDS_SHOWN]]
    if not names or not rows:
        return [dim("no records")]
    right = [
        at
        for at, name in enumerate(names)
        if all(isinstance(record.data.get(name), int | float | None) for record in value.records)
    ]
    lines = table(rows, head=[one_line(name) for name in names], right=right)
    left_out = len(value.records) - len(rows)
    return [*lines, dim(f"and {left_out} more records")] if left_out else lines


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


def _columns(schema: TableSchema) -> list[str]:
    rows = [
        [one_line(column.name), dim(one_line(column.type)), _obeyed(column), one_line(column.description or "")]
        for column in schema.columns
    ]
    return [*(table(rows) or [dim("no columns")]), *(one_line(text) for text in schema.constraints.other)]


def _obeyed(column: TableColumn) -> str:
    """Return what the values of a column obey."""
    constraints = column.constraints
    said = [*([] if constraints.nullable else ["not null"]), *(["unique"] if constraints.unique else [])]
    return ", ".join([*said, *(one_line(text) for text in constraints.other)])


def metadata_document(metadata: Mapping[str, MetadataValue[Any]]) -> dict[str, Any]:
    """Return metadata as a JSON document: plain values as they are, others as they are stored."""
    return {name: _plain(value) for name, value in metadata.items()}


def _plain(value: MetadataValue[Any]) -> Any:
    plain = value.value
    return plain if plain is None or isinstance(plain, str | int | float | bool | dict | list) else _wire(value)


def _wire(value: MetadataValue[Any]) -> Any:
    return msgspec.to_builtins(value, enc_hook=to_wire)
