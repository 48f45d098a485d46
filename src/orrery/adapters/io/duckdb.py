"""
Tables in a DuckDB database, partitions by key.

An asset is a table, named by its key. The rows of a partition are replaced in one transaction, found by bound
parameters: no key of a partition becomes part of a statement. Without ``partition_expr`` in the asset's metadata, the
key stands in a column of its own that is hidden when rows are read.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from orrery.adapters.io.frames import Bound, bounds_of, frame_type, from_arrow, to_arrow
from orrery.base.errors import InvariantViolationError, StorageError, ValueNotFoundError
from orrery.base.metadata import MetadataValue
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.contexts.stored_values import (
    another_value,
    check_each,
    describe_partitions,
    describe_value,
    note_contents,
    partitions_of_output,
)

__all__ = ["DuckDBIOManager"]

KEY_COLUMN = "orrery_partition"

# Which partitions were stored, of how many rows: one of none was, too. Of those stored by versions that did not count the
# rows, nobody knows.
_MAKE_STORED = "CREATE TABLE IF NOT EXISTS main.orrery_partitions (asset TEXT, key TEXT, PRIMARY KEY (asset, key))"
_COUNT_STORED = "ALTER TABLE main.orrery_partitions ADD COLUMN IF NOT EXISTS rows BIGINT"
_PUT_STORED = "INSERT OR REPLACE INTO main.orrery_partitions (asset, key, rows) VALUES (?, ?, ?)"
_MOVE_STORED = (
    "INSERT INTO main.orrery_partitions (asset, key, rows) SELECT ?, key, rows FROM main.orrery_partitions "
    "WHERE asset = ? AND NOT EXISTS (SELECT 1 FROM main.orrery_partitions WHERE asset = ?)"
)
_GET_STORED = "SELECT * FROM main.orrery_partitions WHERE asset = ?"

# What was stored last of each table, or of a partition of it, under a name that no other bears.
_MAKE_CONTENTS = (
    "CREATE TABLE IF NOT EXISTS main.orrery_contents (asset TEXT, key TEXT, content TEXT, PRIMARY KEY (asset, key))"
)
_PUT_CONTENT = "INSERT OR REPLACE INTO main.orrery_contents (asset, key, content) VALUES (?, ?, ?)"
_GET_CONTENTS = "SELECT key, content FROM main.orrery_contents WHERE asset = ?"
_WHOLE = ""

_OWN_SCHEMA, _OWN_TABLES = "main", ("orrery_contents", "orrery_partitions")
_HAS_OWN = f"SELECT 1 FROM duckdb_tables() WHERE schema_name = '{_OWN_SCHEMA}' AND table_name = ?"

_BUSY_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


class DuckDBIOManager(IOManager):
    """
    Store tables in a DuckDB database; give them back as the type that the input is annotated with.

    Values and inputs are frames of polars, pandas or pyarrow. Asset ``["sales", "orders"]`` is table ``orders`` of
    schema ``sales``; an asset with one part is in schema *schema*. Several partitions are read in one query: as one frame
    where the input is annotated with a type of frame, else as a dictionary by key.

    Args:
        database: Path of the database file.
        schema: The schema of assets whose key has one part.
        busy_seconds: How long to wait for another process that has the file open.

    Example::

        Definitions(assets=[orders], resources={"io_manager": DuckDBIOManager("warehouse.duckdb")})
    """

    def __init__(
        self, database: str | os.PathLike[str], schema: str = "main", *, busy_seconds: float = _BUSY_SECONDS
    ) -> None:
        self._database = os.path.abspath(os.path.expanduser(database))
        self._schema = schema
        self._busy_seconds = busy_seconds

    # -- storing -------------------------------------------------------------------------------

    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Replace the rows of the partitions that the run makes, or the whole table; all or none.

        Raises:
            InvariantViolationError: The value is no frame; or another asset has the table.
        """
        partitions = partitions_of_output(context)
        content = uuid4().hex
        with self._connected() as connection, _in_transaction(connection):
            table = self._table(context)
            was_there = self._claim(connection, context, table)
            if partitions[0] is None:
                rows = _arrow(context, obj)
                connection.register("incoming", rows)
                connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM incoming")
                count = rows.num_rows
            else:
                keys = [key for key in partitions if key is not None]
                counts = self._replace(connection, context, table, obj, keys)
                count = sum(counts.values())
                for statement in (_MAKE_STORED, _COUNT_STORED):
                    connection.execute(statement)
                if was_there and _place(table) != _mark(context):
                    connection.execute(_MOVE_STORED, [_place(table), _mark(context), _place(table)])
                for key in keys:
                    connection.execute(_PUT_STORED, [_place(table), str(key), counts[key]])
            connection.execute(f"COMMENT ON TABLE {table} IS {_literal(_mark(context))}")
            connection.execute(_MAKE_CONTENTS)
            for each in partitions:
                connection.execute(_PUT_CONTENT, [_place(table), _content_key(each), content])
        note_contents(context, dict.fromkeys(partitions, content))
        context.add_output_metadata(
            {
                "path": MetadataValue.path(self._database),
                "table": table.replace('"', ""),
                "orrery/row_count": MetadataValue.int(count),
            }
        )

    def _replace(self, connection: Any, context: Any, table: str, obj: Any, keys: Sequence[str]) -> dict[str, int]:
        """Put rows in the place of those of the same partitions; return how many each has."""
        by_key = obj if isinstance(obj, Mapping) else None
        if by_key is not None and set(by_key) != set(keys):
            raise InvariantViolationError(
                f"The dictionary of the partitions of {describe_value(context)} has not the keys that this run makes.",
                mend="return one frame for each of context.partition_keys, and no other.",
            )
        frames = {key: _arrow(context, each) for key, each in by_key.items()} if by_key else {"": _arrow(context, obj)}
        kinds = {field.name: str(field.type) for field in next(iter(frames.values())).schema}
        bounds = {key: bounds_of(context, key, kinds) for key in keys}
        has_expr = bounds[keys[0]] is not None
        if not has_expr and by_key is None and len(keys) > 1:
            raise InvariantViolationError(
                f"The frame of {describe_value(context)} holds {len(keys)} partitions, and nothing says which rows belong "
                "to which.",
                mend='give the asset metadata={"partition_expr": "column"}, or return a dictionary by partition key.',
            )
        counts: dict[str, int] = {}
        for place, (key, rows) in enumerate(frames.items()):
            own = rows if has_expr else _with_key(rows, key or keys[0])
            connection.register("incoming", own)
            if place == 0:
                connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM incoming LIMIT 0")
                for each in keys:
                    where, values = _condition(bounds[each], each)
                    connection.execute(f"DELETE FROM {table} WHERE {where}", values)
            for each in [key] if key else keys:
                where, values = _condition(bounds[each], each)
                inside = connection.execute(f"SELECT count(*) FROM incoming WHERE {where}", values)
                counts[each] = inside.fetchall()[0][0]
            found = counts[key] if key else sum(counts.values())
            if found != own.num_rows:
                raise InvariantViolationError(
                    f"{own.num_rows - found:,} of {own.num_rows:,} rows of {describe_value(context)} belong to none of the "
                    "partitions of this run.",
                    mend="return the rows of context.partition_keys, and no others.",
                )
            connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
        return counts

    # -- loading -------------------------------------------------------------------------------

    def load_input(self, context: Any) -> Any:
        """
        Return the rows of the partitions that the input asks for, or of the whole table.

        A table that something else has filled, so that no partition of it was ever stored here, is taken as it is.

        Raises:
            ValueNotFoundError: There is no such table; or a partition was not stored, or its rows are gone. It says which.
        """
        wanted, in_one = frame_type(context)
        table = self._table(context)
        with self._connected() as connection, _in_transaction(connection):  # as it is at one moment
            is_cut = context.has_asset_key and context.has_asset_partitions
            keys = context.asset_partition_keys if is_cut else ()
            try:
                columns = self._columns(connection, context, table)
            except ValueNotFoundError as error:
                error.partitions = tuple(map(str, keys))
                raise
            contents = _contents(connection, table)
            names = {each: contents.get(_content_key(each)) for each in (keys if is_cut else (None,))}
            note_contents(context, {each: name for each, name in names.items() if name is not None})
            if not is_cut:
                return from_arrow(_rows(connection, f"SELECT * FROM {table}"), wanted)
            shown = f"* EXCLUDE ({KEY_COLUMN})" if KEY_COLUMN in columns else "*"
            conditions = {key: _condition(bounds_of(context, key, columns), key) for key in keys}
            stored = _stored(connection, context, table)
            lacking = [key for key in keys if key not in stored] if stored else []
            parts: dict[str, Any] = {}
            if in_one or len(keys) == 1:
                where = " OR ".join(f"({each})" for each, _ in conditions.values()) or "FALSE"
                values = [value for _, own in conditions.values() for value in own]
                whole = _rows(connection, f"SELECT {shown} FROM {table} WHERE {where}", values)
                if whole.num_rows != sum(stored.get(key) or 0 for key in keys):
                    lacking += _gone(connection, table, conditions, stored)
            else:
                whole = None
                for key, (where, values) in conditions.items():
                    parts[key] = _rows(connection, f"SELECT {shown} FROM {table} WHERE {where}", values)
                lacking += [key for key, rows in parts.items() if not rows.num_rows and stored.get(key)]
        if lacking and not (context.definition_metadata or {}).get("allow_missing_partitions"):
            raise self._not_stored(context, lacking)
        if whole is not None:
            return from_arrow(whole, wanted)
        return {key: from_arrow(rows, wanted) for key, rows in parts.items() if key not in lacking}

    def has_output(self, context: Any) -> bool:
        """Tell whether a value is stored for the output of *context*."""
        with self._connected() as connection:
            table = self._table(context)
            try:
                columns = self._columns(connection, context, table)
            except ValueNotFoundError:
                return False
            keys = [key for key in partitions_of_output(context) if key is not None]
            return not self._lacking(connection, context, columns, keys)

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that what is stored are the tables, or the partitions of one, that were noted.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            contents: What was noted of each partition; of None for a whole table.

        Raises:
            ValueNotFoundError: There is no such table; or a partition was not stored, or its rows are gone.
            DamagedValueError: It was stored by something else since. Both say of which partition.
        """
        with self._connected() as connection:
            table = self._table(context)
            columns = self._columns(connection, context, table)
            found = _contents(connection, table)
            keys = [key for key in contents if key is not None]
            lacking = self._lacking(connection, context, columns, keys)

        def check(partition: str | None, content: str) -> None:
            if found.get(_content_key(partition), content) != content:
                raise another_value(context, partition, f"table {table} of {self._database}")
            if partition in lacking:
                raise self._not_stored(context, [partition])

        check_each(contents, check)

    def _lacking(self, connection: Any, context: Any, columns: Mapping[str, str], keys: Sequence[str]) -> list[str]:
        """Return the partitions that were not stored, or whose rows are gone."""
        table = self._table(context)
        stored = _stored(connection, context, table)
        conditions = {key: _condition(bounds_of(context, key, columns), key) for key in keys if key in stored}
        gone = _gone(connection, table, conditions, stored)
        return [key for key in keys if key not in stored or key in gone]

    def _not_stored(self, context: Any, partitions: Sequence[str]) -> ValueNotFoundError:
        name = describe_partitions(context, partitions)
        error = ValueNotFoundError(
            f"No value of {name} is stored in table {self._table(context)} of {self._database}.",
            mend=f"materialize {name} first.",
        )
        error.partitions = tuple(map(str, partitions))
        return error

    # -- the database --------------------------------------------------------------------------

    def _table(self, context: Any) -> str:
        """Return the quoted name of the table of an asset, or of the output of an op."""
        parts = context.asset_key.parts if context.has_asset_key else tuple(context.get_identifier())
        schema = "/".join(parts[:-1]) or self._schema
        return f"{_quoted(schema)}.{_quoted(parts[-1])}"

    def _claim(self, connection: Any, context: Any, table: str) -> bool:
        """
        Refuse a table that another asset has: names in the database do not tell upper from lower case.

        Returns:
            Whether the table is there.
        """
        schema, name = _unquoted(table)
        if schema.lower() == _OWN_SCHEMA and name.lower() in _OWN_TABLES:
            raise InvariantViolationError(
                f"The value of {describe_value(context)} would be stored in table {table} of {self._database}, in which "
                "DuckDBIOManager writes down what it has stored.",
                mend="give the asset another key, or the IO manager another schema.",
            )
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_quoted(schema)}")
        found = connection.execute(
            "SELECT comment FROM duckdb_tables() WHERE lower(schema_name) = lower(?) AND lower(table_name) = lower(?)",
            [schema, name],
        ).fetchall()
        if found and found[0][0] and found[0][0] != _mark(context):
            raise InvariantViolationError(
                f"The table {table} of {self._database} holds asset {found[0][0]}, and {describe_value(context)} would be "
                "stored in it, too.",
                mend="give one of the two another key or another database.",
            )
        return bool(found)

    def _columns(self, connection: Any, context: Any, table: str) -> dict[str, str]:
        schema, name = _unquoted(table)
        found = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE lower(schema_name) = lower(?) "
            "AND lower(table_name) = lower(?) ORDER BY column_index",
            [schema, name],
        ).fetchall()
        if not found:
            what = describe_value(context)
            raise ValueNotFoundError(
                f"No value of {what} is stored (no table {table} in {self._database}).",
                mend=f"materialize {what} first.",
            )
        return dict(found)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Open the file for one piece of work: one process at a time can have it open for writing."""
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    def _open(self) -> Any:
        import duckdb  # 30 ms, and only who stores in DuckDB needs it

        os.makedirs(os.path.dirname(self._database), exist_ok=True)
        end = time.monotonic() + self._busy_seconds
        while True:
            try:
                return duckdb.connect(self._database)
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise StorageError(
                        f"The database {self._database} cannot be opened: {error}.", mend="look at the cause above."
                    ) from error
                if time.monotonic() > end:
                    raise StorageError(
                        f"The database {self._database} was open in another process for {self._busy_seconds:.0f} seconds.",
                        mend="end that process, then try again.",
                    ) from error
                time.sleep(_PAUSE_SECONDS)


def _contents(connection: Any, table: str) -> dict[str, str]:
    """Return what a table, or each partition of it, was stored under last; nothing if that is not known."""
    if not connection.execute(_HAS_OWN, ["orrery_contents"]).fetchall():
        return {}
    return dict(connection.execute(_GET_CONTENTS, [_place(table)]).fetchall())


def _content_key(partition: str | None) -> str:
    return _WHOLE if partition is None else f"partition={partition}"


def _stored(connection: Any, context: Any, table: str) -> dict[str, int | None]:
    """Return the partitions of a table that were stored here, with the number of their rows; None if it is not known."""
    if not connection.execute(_HAS_OWN, ["orrery_partitions"]).fetchall():
        return {}
    known = connection.execute(_GET_STORED, [_place(table)]).fetchall()
    if not known:  # releases before this one wrote down the asset, in whichever schema
        known = connection.execute(_GET_STORED, [_mark(context)]).fetchall()
    return {row[1]: row[2] if len(row) > 2 else None for row in known}


def _gone(
    connection: Any, table: str, conditions: Mapping[str, tuple[str, list[Any]]], stored: Mapping[str, int | None]
) -> list[str]:
    """Return the partitions that were stored with rows and have none: what was empty when it was stored may be."""
    return [
        key
        for key, (where, values) in conditions.items()
        if stored.get(key) and not connection.execute(f"SELECT 1 FROM {table} WHERE {where} LIMIT 1", values).fetchall()
    ]


@contextmanager
def _in_transaction(connection: Any) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _condition(bounds: Sequence[Bound] | None, key: str) -> tuple[str, list[Any]]:
    """Return which rows belong to a partition, with the values to bind."""
    if bounds is None:
        return f"{KEY_COLUMN} = ?", [str(key)]
    parts, values = [], []
    for bound in bounds:
        column = _quoted(bound.column)
        if bound.end is None:
            parts.append(f"{column} = ?")
            values.append(bound.start)
        else:
            parts.append(f"{column} >= ? AND {column} < ?")
            values += [bound.start, bound.end]
    return " AND ".join(parts), values


def _with_key(rows: Any, key: str) -> Any:
    import pyarrow as pa  # rows are a table of pyarrow, so it is loaded

    return rows.append_column(KEY_COLUMN, pa.array([str(key)] * rows.num_rows, pa.string()))


def _arrow(context: Any, obj: Any) -> Any:
    try:
        rows = to_arrow(obj)
    except TypeError as error:
        raise InvariantViolationError(
            f"DuckDBIOManager stores tables (polars, pandas or pyarrow); the value of {describe_value(context)} is "
            f"{type(obj).__name__}.",
            mend="return a table, or give this output another IO manager.",
        ) from error
    if not rows.num_columns:
        raise InvariantViolationError(
            f"The frame of {describe_value(context)} has no columns.", mend="name its columns anew."
        )
    return rows


def _rows(connection: Any, query: str, values: Sequence[Any] = ()) -> Any:
    """Return what a query gives as a table of pyarrow."""
    found = connection.sql(query, params=list(values))
    return found.to_arrow_table() if hasattr(found, "to_arrow_table") else found.arrow()


def _place(table: str) -> str:
    """Return under what is written down what a table has: the asset, with the schema where that is not the default."""
    schema, name = _unquoted(table)
    return json.dumps([name] if schema == _OWN_SCHEMA else [*schema.split("/"), name])


def _mark(context: Any) -> str:
    """Return what says whose table it is."""
    parts = context.asset_key.parts if context.has_asset_key else tuple(context.get_identifier())
    return json.dumps(list(parts))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unquoted(table: str) -> tuple[str, str]:
    schema, _, name = table[1:-1].partition('"."')
    return schema.replace('""', '"'), name.replace('""', '"')


def _literal(text: str) -> str:
    """Return *text* as a literal, for the one statement that takes no parameters: the comment of a table."""
    return "'" + text.replace("'", "''") + "'"
