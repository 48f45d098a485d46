"""
Rows as they stand in a table with versions: of types that it has, each with the key of its partition.

The key is encoded as names of files are (``base/names.py``), with ``~`` in the place of ``%``. All of this is done with
pyarrow, which is loaded when rows are at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.base.names import encode_part, is_shortened
from orrery.runtime.contexts.stored_values import describe_value

__all__ = ["KEY_COLUMN", "cast_rows", "fitted", "joined", "parted", "stored_type", "without_keys", "written_partition"]

KEY_COLUMN = "orrery_partition"
"""The column with the keys of partitions."""


def written_partition(context: Any, key: str) -> str:
    """
    Return what stands in the key column for a partition: its key, reversibly encoded.

    It becomes the name of a folder, for which both libraries encode ``%`` once more, and ``~`` not.
    """
    name = encode_part(str(key))
    if is_shortened(name):
        raise InvariantViolationError(
            f"The key of {describe_value(context, f'{key[:40]}...')} is too long for the name of a partition of a table "
            f"({len(key)} characters).",
            mend="use keys of less than 200 bytes (67, of other than small letters and digits), or another IO manager.",
        )
    return name.replace("%", "~")


def stored_type(kind: Any) -> Any:
    """Return the type as which a column is stored: signed, in microseconds, instants in UTC, plain texts."""
    import pyarrow as pa  # the type is one of pyarrow's, so it is loaded

    is_ = pa.types
    if is_.is_dictionary(kind):
        return stored_type(kind.value_type)
    if is_.is_unsigned_integer(kind):
        return {8: pa.int16(), 16: pa.int32()}.get(kind.bit_width, pa.int64())
    if is_.is_float16(kind):
        return pa.float32()
    if is_.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if is_.is_time(kind):
        return pa.time64("us")
    if is_.is_date64(kind):
        return pa.date32()
    if is_.is_string(kind) or is_.is_string_view(kind):
        return pa.large_string()
    if is_.is_binary(kind) or is_.is_binary_view(kind):
        return pa.large_binary()
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind) or is_.is_list_view(kind):
        return pa.large_list(stored_type(kind.value_type))
    if is_.is_struct(kind):
        return pa.struct([pa.field(field.name, stored_type(field.type)) for field in kind])
    return kind


def cast_rows(context: Any, rows: Any, schema: Any) -> Any:
    """Return rows with the types of a schema; it is an error if anything would be rounded or cut."""
    import pyarrow as pa  # the rows are a table of pyarrow, so it is loaded

    columns = []
    for field in schema:
        try:
            columns.append(rows[field.name].cast(field.type, safe=True))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InvariantViolationError(
                f"Column '{field.name}' of {describe_value(context)} cannot be stored as {field.type}: {error}.",
                mend="round or cast it in the function that makes it.",
            ) from error
    return pa.table(columns, schema=schema)


def fitted(context: Any, rows: Any, found: Any) -> Any:
    """Return rows with the types that the columns of their table have already; new columns are added to it."""
    import pyarrow as pa  # as above

    is_ = pa.types
    fields = []
    for field in rows.schema:
        there = stored_type(found.field(field.name).type) if field.name in found.names else field.type
        is_wider = any(
            is_kind(field.type) and is_kind(there) and field.type.bit_width <= there.bit_width
            for is_kind in (is_.is_integer, is_.is_floating)
        )
        if field.type != there and not is_wider:
            raise InvariantViolationError(
                f"Column '{field.name}' of {describe_value(context)} is of type {field.type}, and of type {there} in the "
                "partitions that are stored already.",
                mend=f"cast it to {there}; or move the table away and materialize all partitions again.",
            )
        fields.append(pa.field(field.name, there))
    return cast_rows(context, rows, pa.schema(fields))


def joined(context: Any, frames: Mapping[str, Any]) -> Any:
    """Return the rows of several partitions as one table, each with its name in the key column."""
    import pyarrow as pa  # as above

    keyed = [
        rows.append_column(KEY_COLUMN, pa.repeat(pa.scalar(name, pa.large_string()), rows.num_rows))
        for name, rows in frames.items()
    ]
    try:
        return pa.concat_tables(keyed, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InvariantViolationError(
            f"The frames of the partitions of {describe_value(context)} have not the same types: {error}.",
            mend="cast the column to one type in all of them.",
        ) from error


def parted(rows: Any) -> dict[str, Any]:
    """Return the rows of each partition, in their order."""
    import pyarrow.compute as pc  # as above

    rows = rows.take(pc.sort_indices(rows, sort_keys=[(KEY_COLUMN, "ascending")]))
    counts: Iterable[Any] = rows[KEY_COLUMN].value_counts()
    found, start = {}, 0
    for name, count in sorted((each["values"].as_py(), each["counts"].as_py()) for each in counts):
        found[name] = without_keys(rows.slice(start, count))
        start += count
    return found


def without_keys(rows: Any) -> Any:
    """Return rows without the column of keys."""
    return rows.drop_columns([KEY_COLUMN]) if KEY_COLUMN in rows.column_names else rows
