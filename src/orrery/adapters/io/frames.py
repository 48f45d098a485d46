"""
Frames of polars, pandas and pyarrow: which library, and which rows belong to which partition.

The metadata ``partition_expr`` of an asset names the column that says to which partition a row belongs; for
partitions of several dimensions it is a dictionary from the name of the dimension to its column.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, get_args

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.runtime.contexts.stored_values import describe_value

__all__ = [
    "PARTITION_EXPR",
    "Bound",
    "bounds_of",
    "frame_type",
    "frames_by_partition",
    "from_arrow",
    "library_of",
    "preferred_library",
    "to_arrow",
]

PARTITION_EXPR = "partition_expr"

_LIBRARIES = ("polars", "pandas", "pyarrow")


def library_of(value_type: Any) -> str:
    """Return the library that a type of frame belongs to; nothing for another type."""
    name = (getattr(value_type, "__module__", "") or "").partition(".")[0]
    return name if name in _LIBRARIES else ""


def preferred_library() -> str:
    """Return the library to use where nothing says which: one that is loaded, or installed."""
    for name in _LIBRARIES:
        if name in sys.modules:
            return name
    from importlib.util import find_spec  # 5 ms, only where no table library is loaded yet

    return next((name for name in _LIBRARIES if find_spec(name) is not None), "pyarrow")


def frame_type(context: Any) -> tuple[Any, bool]:
    """
    Return the type of frame that an input is annotated with, and whether several partitions are one frame.

    ``dict[str, polars.DataFrame]`` means a frame for each partition; so does an input without annotation.
    """
    wanted = getattr(getattr(context, "dagster_type", None), "typing_type", None)
    if library_of(wanted):
        return wanted, True
    inner = [each for each in get_args(wanted) if library_of(each)]
    return (inner[0] if inner else None), False


def to_arrow(frame: Any) -> Any:
    """
    Return a frame as a table of pyarrow.

    Raises:
        TypeError: It is no frame.
    """
    library, name = library_of(type(frame)), type(frame).__name__
    if library == "polars" and name in ("DataFrame", "LazyFrame"):
        return (frame.collect() if name == "LazyFrame" else frame).to_arrow()
    if library == "pandas" and name == "DataFrame":
        import pyarrow as pa  # the user's own frame, so the libraries are loaded

        return pa.Table.from_pandas(frame, preserve_index=False)
    if library == "pyarrow" and name == "Table":
        return frame
    raise TypeError(f"{type(frame).__name__} is no frame of polars, pandas or pyarrow")


def from_arrow(table: Any, wanted: Any) -> Any:
    """Return a table of pyarrow as the type of frame that is wanted; of no type, as one of the library at hand."""
    library = library_of(wanted) or preferred_library()
    if library == "polars":
        import polars as pl  # the user's own table library, loaded when a table is

        frame: Any = pl.from_arrow(table)
        return frame.lazy() if getattr(wanted, "__name__", "") == "LazyFrame" else frame
    return table.to_pandas() if library == "pandas" else table


class Bound(NamedTuple):
    """
    What rows of a partition have in one column: a value, or values from one to before another.

    Attributes:
        column: The column.
        start: The value, or the first of them.
        end: The value after the last; None if there is one only.
    """

    column: str
    start: Any
    end: Any = None


def bounds_of(context: Any, key: str, column_types: Mapping[str, str]) -> list[Bound] | None:
    """
    Return what the rows of partition *key* have in their columns; None if no metadata names the columns.

    Args:
        context: The ``InputContext`` or ``OutputContext``; the metadata is that of the output.
        key: The partition.
        column_types: Kinds of columns by name, as the library writes them; says whether dates or instants are compared.

    Raises:
        InvalidDefinitionError: The metadata names a column for no dimension, or one that is not there.
    """
    output = getattr(context, "upstream_output", None) or context
    named = (output.definition_metadata or {}).get(PARTITION_EXPR)
    named = getattr(named, "data", getattr(named, "value", named))
    if not named:
        return None
    definition = context.asset_partitions_def
    if isinstance(definition, MultiPartitionsDefinition):
        parts = definition.parts_of(key) or ()
        pairs = [
            (each.partitions_def, part, named.get(each.name) if isinstance(named, Mapping) else None)
            for each, part in zip(definition.partitions_defs, parts, strict=True)
        ]
    else:
        pairs = [(definition, key, named)]
    bounds = []
    for own, part, column in pairs:
        if not isinstance(column, str) or (column_types and column not in column_types):
            raise InvalidDefinitionError(
                f"The metadata '{PARTITION_EXPR}' of {describe_value(context)} is {named!r}, which names no column for "
                "each dimension of its partitions.",
                mend=f'write metadata={{"{PARTITION_EXPR}": "column"}}, or a dictionary from each dimension to its column.',
            )
        bounds.append(_bound(own, part, column, column_types.get(column, "")))
    return bounds


def _bound(definition: Any, key: str, column: str, kind: str) -> Bound:
    if not isinstance(definition, TimeWindowPartitionsDefinition):
        return Bound(column, key)
    window = definition.time_window_for_partition_key(key)
    kind = kind.lower()
    if any(sign in kind for sign in ("str", "utf8", "varchar", "object")):
        return Bound(column, key)
    return Bound(column, _instant(window.start, kind), _instant(window.end, kind))


def _instant(instant: datetime, kind: str) -> date | datetime:
    """Return the beginning of a window as the column has it: a date, a time on the wall of the zone, or an instant."""
    if kind.startswith(("date32", "date[")) or kind == "date":
        return instant.date()
    if any(sign in kind for sign in ("tz=", "time_zone='", "utc", "with time zone")):
        return instant
    return instant.replace(tzinfo=None)


def frames_by_partition(context: Any, frame: Any, keys: Sequence[str]) -> dict[str, Any]:
    """
    Return the rows of each partition of a frame that holds several.

    Raises:
        InvariantViolationError: Nothing says to which partition a row belongs, or a row belongs to none.
        InvalidDefinitionError: The metadata names a column that is not there.
    """
    table = to_arrow(frame)
    kinds = {field.name: str(field.type) for field in table.schema}
    found: dict[str, Any] = {}
    count = 0
    for key in keys:
        bounds = bounds_of(context, key, kinds)
        if bounds is None:
            raise InvariantViolationError(
                f"The frame of {describe_value(context)} holds {len(keys)} partitions, and nothing says which rows belong "
                "to which.",
                mend=f'give the asset metadata={{"{PARTITION_EXPR}": "column"}}, or return a dictionary by partition key.',
            )
        rows = _rows(table, bounds)
        count += rows.num_rows
        found[key] = rows
    if count != table.num_rows:
        raise InvariantViolationError(
            f"{table.num_rows - count:,} of {table.num_rows:,} rows of {describe_value(context)} belong to none of the "
            f"{len(keys)} partitions of this run, or to several.",
            mend="return the rows of context.partition_keys, and no others.",
        )
    return found


def _rows(table: Any, bounds: Sequence[Bound]) -> Any:
    import pyarrow as pa  # the table is one of pyarrow's, so it is loaded
    import pyarrow.compute as pc

    mask = None
    for bound in bounds:
        column = table[bound.column]

        def scalar(value: Any, kind: Any = column.type) -> Any:
            return pa.scalar(value, kind if not pa.types.is_dictionary(kind) else kind.value_type)

        if bound.end is None:
            own = pc.equal(column, scalar(bound.start))
        else:
            own = pc.and_(pc.greater_equal(column, scalar(bound.start)), pc.less(column, scalar(bound.end)))
        mask = own if mask is None else pc.and_(mask, own)
    return table.filter(mask)
