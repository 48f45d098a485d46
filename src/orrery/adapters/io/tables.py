"""
Tables in an open format that keeps versions: what Delta Lake and Iceberg have in common.

An asset is a table. The rows of a partition bear its key in a column of their own, by which the table is cut; readers
here do not see it (``table_rows.py``). Storing is one commit: a reader finds the table as it was, or as it is with all
that the run has made. How a table is found, read and committed is each format's own.
"""

from __future__ import annotations

import json
import random
import re
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar

from orrery.adapters.io.frames import (
    PARTITION_EXPR,
    frame_type,
    frames_by_partition,
    from_arrow,
    library_of,
    to_arrow,
)
from orrery.adapters.io.places import value_key
from orrery.adapters.io.table_rows import (
    KEY_COLUMN,
    cast_rows,
    fitted,
    joined,
    parted,
    stored_type,
    without_keys,
    written_partition,
)
from orrery.base.errors import (
    DamagedValueError,
    InvalidDefinitionError,
    InvariantViolationError,
    RemoteValueError,
    StorageError,
    UnusableValueError,
    ValueNotFoundError,
)
from orrery.base.metadata import MetadataValue, TableColumn, TableSchema
from orrery.base.names import key_path
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.contexts.stored_values import (
    another_value,
    check_each,
    describe_partitions,
    describe_value,
    note_contents,
    partitions_of_output,
    values_by_partition,
)
from orrery.runtime.files.sync import sync_folder

__all__ = [
    "TABLE_VERSION",
    "VersionedTableIOManager",
    "checked_directory",
    "key_text",
    "require",
    "table_path",
]

TABLE_VERSION = "table_version"

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MOST_TOLD = 600
_REFUSALS = (
    *("NoSuchBucket", "NO_SUCH_BUCKET", "AccessDenied", "ACCESS_DENIED", "InvalidAccessKeyId", "INVALID_ACCESS_KEY_ID"),
    *("SignatureDoesNotMatch", "SIGNATURE_DOES_NOT_MATCH", "ExpiredToken", "INVALID_CLIENT_TOKEN_ID", "Forbidden"),
)
_IS_EMPTY = 1
"""The last bit of a mark: a partition was stored without rows."""
_TRIES = 50
_PAUSE_SECONDS = (0.02, 0.2)


class VersionedTableIOManager(IOManager):
    """Store frames as tables of a format with versions; a subclass knows the format."""

    format_name: ClassVar[str]
    way_to_drop: ClassVar[str]

    # -- what a format does --------------------------------------------------------------------

    @abstractmethod
    def open_table(self, context: Any, version: int | None) -> Any:
        """
        Return the table of *context*, as of a version or as it is now.

        Raises:
            ValueNotFoundError: There is no such table, or no such version.
            DamagedValueError: It is there, and cannot be read.
        """

    @abstractmethod
    def schema_of(self, table: Any) -> Any:
        """Return the columns of an opened table, as a schema of pyarrow."""

    @abstractmethod
    def read_rows(self, context: Any, table: Any, names: Sequence[str] | None, limit: int | None) -> Any:
        """Return rows of an opened table as a table of pyarrow: all, or those with *names* in their key column."""

    @abstractmethod
    def mark_of(self, table: Any, name: str) -> int | None:
        """Return the mark with which a partition was stored last, or the whole table (no name); None if there is none."""

    @abstractmethod
    def is_marked_empty(self, table: Any, name: str) -> bool:
        """Tell whether a partition without a mark was stored without rows: as releases before marks noted it."""

    @abstractmethod
    def replace(self, context: Any, rows: Any, names: Sequence[str] | None, marks: Mapping[str, int]) -> int:
        """
        Commit rows in the place of all, or of those with *names* in their key column, and what each is marked with.

        Returns:
            The version of the table that the commit made.
        """

    @abstractmethod
    def table_location(self, context: Any) -> str:
        """Return where the table lies: a path or URL."""

    def refuses_type(self, kind: Any) -> bool:
        """Tell whether the format has no such type of column."""
        import pyarrow as pa  # a schema of pyarrow is at hand, so it is loaded

        unknown = (pa.types.is_null, pa.types.is_duration, pa.types.is_interval, pa.types.is_union)
        return any(is_kind(kind) for is_kind in unknown)

    # -- storing -------------------------------------------------------------------------------

    def handle_output(self, context: Any, obj: Any) -> None:
        """
        Replace the rows of the partitions that the run makes, or the whole table, in one commit.

        Raises:
            InvariantViolationError: The value is no frame; or its columns cannot stand in the table.
        """
        partitions = partitions_of_output(context)
        mark = new_mark()
        if partitions[0] is None:
            rows = self._storable(context, obj)
            version = self._commit(context, rows, None, {"": mark})
        else:
            keys = [key for key in partitions if key is not None]
            frames = self._frames(context, obj, keys)
            names = {key: written_partition(context, key) for key in keys}
            rows = joined(context, {names[key]: frame for key, frame in frames.items()})
            marks = {names[key]: mark | _IS_EMPTY * (not frame.num_rows) for key, frame in frames.items()}
            version = self._commit(context, rows, list(names.values()), marks)
        location = self.table_location(context)
        if "://" not in location:
            # Neither library syncs what it writes, and the event that tells of the version is going to be synced.
            sync_folder(location)
        note_contents(context, dict.fromkeys(partitions, mark_text(mark)))
        columns = [TableColumn(field.name, str(field.type)) for field in rows.schema if field.name != KEY_COLUMN]
        context.add_output_metadata(
            {
                "path": MetadataValue.path(location),
                TABLE_VERSION: MetadataValue.int(version),
                "orrery/row_count": MetadataValue.int(rows.num_rows),
                "orrery/column_schema": MetadataValue.table_schema(TableSchema(columns=columns)),
            }
        )

    def _frames(self, context: Any, obj: Any, keys: Sequence[str]) -> dict[str, Any]:
        """Return the rows of each partition."""
        if isinstance(obj, Mapping) or (len(keys) > 1 and not library_of(type(obj))):
            by_key: Mapping[str, Any] = values_by_partition(context, obj, keys)
        elif len(keys) > 1 or (context.definition_metadata or {}).get(PARTITION_EXPR):
            self._arrow(context, obj)
            by_key = frames_by_partition(context, obj, keys)
        else:
            by_key = {keys[0]: obj}
        return {key: self._storable(context, by_key[key]) for key in keys}

    def _commit(self, context: Any, rows: Any, names: Sequence[str] | None, marks: Mapping[str, int]) -> int:
        try:
            found = self.schema_of(self.open_table(context, None))
        except ValueNotFoundError:
            return self.replace(context, rows, names, marks)
        is_cut = KEY_COLUMN in found.names
        if is_cut != (names is not None):
            raise InvariantViolationError(
                f"The table of {describe_value(context)} at {self.table_location(context)} was stored "
                f"{'by partition' if is_cut else 'as a whole'}, and this run stores {'it as a whole' if is_cut else 'partitions'}.",
                mend=f"{self.way_to_drop}, or give the IO manager another place; then materialize it again.",
            )
        return self.replace(context, rows if names is None else fitted(context, rows, found), names, marks)

    def _storable(self, context: Any, obj: Any) -> Any:
        """Return a frame as a table of pyarrow, with types that the format has; nothing is rounded or cut."""
        import pyarrow as pa  # the value is a frame, or told to be none

        rows = self._arrow(context, obj)
        names = [name.lower() for name in rows.column_names]
        twice = next((name for name in rows.column_names if names.count(name.lower()) > 1), None)
        told = (
            "has no columns"
            if not names
            else f"has the column '{KEY_COLUMN}', in which the keys of partitions are kept"
            if KEY_COLUMN in names
            else f"has the column '{twice}' twice (upper and lower case are the same in a table)"
            if twice is not None
            else ""
        )
        if told:
            raise InvariantViolationError(
                f"The frame of {describe_value(context)} {told}.", mend="name its columns anew."
            )
        kinds = []
        for field in rows.schema:
            kind = stored_type(field.type)
            if self.refuses_type(kind):
                raise InvariantViolationError(
                    f"Column '{field.name}' of {describe_value(context)} is of type {field.type}, which a table of "
                    f"{self.format_name} has not.",
                    mend="cast it to another type"
                    + (" (a column of nothing but nulls has no type of its own)." if pa.types.is_null(kind) else "."),
                )
            kinds.append(pa.field(field.name, kind))
        return cast_rows(context, rows, pa.schema(kinds))

    def _arrow(self, context: Any, obj: Any) -> Any:
        try:
            return to_arrow(obj)
        except TypeError as error:
            raise InvariantViolationError(
                f"{type(self).__name__} stores tables (polars, pandas or pyarrow); the value of {describe_value(context)} is "
                f"{type(obj).__name__}.",
                mend="return a table, or give this output another IO manager.",
            ) from error

    # -- loading -------------------------------------------------------------------------------

    def load_input(self, context: Any) -> Any:
        """
        Return the rows of the partitions that the input asks for, or of the whole table.

        Raises:
            ValueNotFoundError: There is no such table or version, or a partition was not stored.
            DamagedValueError: A file of the table is gone or is not what was written. Both say which
                partitions that concerns.
        """
        version = _version(context)
        try:
            return self._load(context, version)
        except UnusableValueError as error:
            error.is_latest = version is None
            raise

    def _load(self, context: Any, version: int | None) -> Any:
        wanted, in_one = frame_type(context)
        if not context.has_asset_key or not context.has_asset_partitions:
            whole = self.open_table(context, version)
            self._note_loaded(context, whole, version, {None: ""})
            return from_arrow(without_keys(self.read_rows(context, whole, None, None)), wanted)
        keys = context.asset_partition_keys
        if not keys:
            return None
        names = {key: written_partition(context, key) for key in keys}
        table: Any = None
        rows: Any = None
        try:
            table = self.open_table(context, version)
            self._note_loaded(context, table, version, names)
            rows = self._rows_of(context, table, list(names.values()))
        except ValueNotFoundError:
            pass  # told below, of the partitions that are asked for
        except DamagedValueError as error:
            if table is not None:
                error.partitions = self._unreadable(context, table, names)
            raise
        present = set() if rows is None else set(rows[KEY_COLUMN].unique().to_pylist())
        lacking = [
            key
            for key, name in names.items()
            if name not in present and (table is None or not self._is_empty(table, name))
        ]
        if lacking and not (context.definition_metadata or {}).get("allow_missing_partitions"):
            raise self.not_found(context, version, lacking)
        found = [key for key in keys if key not in lacking]
        if len(keys) == 1 or in_one:
            return from_arrow(without_keys(rows), wanted) if found else None
        parts = parted(rows) if found else {}
        return {key: from_arrow(parts.get(names[key], without_keys(rows.slice(0, 0))), wanted) for key in found}

    def _note_loaded(self, context: Any, table: Any, version: int | None, names: Mapping[Any, str]) -> None:
        """Note what is read of a table as it is now; one of an earlier version is what the input asks for."""
        if version is None and context.has_asset_key:
            marks = {key: self.mark_of(table, name) for key, name in names.items()}
            note_contents(context, {key: mark_text(mark) for key, mark in marks.items() if mark is not None})

    def _unreadable(self, context: Any, table: Any, names: Mapping[str, str]) -> tuple[str, ...]:
        """Return the partitions whose rows cannot be read, of several that could not be read together."""
        found = []
        for key, name in names.items():
            try:
                self.read_rows(context, table, [name], None)
            except DamagedValueError:
                found.append(str(key))
        return tuple(found)

    def has_output(self, context: Any) -> bool:
        """Tell whether a value is stored for the output of *context*."""
        try:
            table = self.open_table(context, None)
        except ValueNotFoundError:
            return False
        names = [written_partition(context, key) for key in partitions_of_output(context) if key is not None]
        return all(self._is_there(context, table, name) for name in names)

    def check_content(self, context: Any, contents: Mapping[str | None, str]) -> None:
        """
        Check that what is stored are the tables, or the partitions of one, that were noted: by their marks.

        Args:
            context: The ``InputContext`` or ``OutputContext``.
            contents: What was noted of each partition; of None for a whole table.

        Raises:
            ValueNotFoundError: There is no such table, or a partition of it has no rows any more.
            DamagedValueError: It was stored by something else since. Both say of which partition.
        """
        table = self.open_table(context, None)

        def check(partition: str | None, content: str) -> None:
            name = "" if partition is None else written_partition(context, partition)
            mark = self.mark_of(table, name)
            if mark is not None and mark_text(mark) != content:
                raise another_value(context, partition, self.table_location(context))
            if partition is not None and not self._is_there(context, table, name):
                raise self.not_found(context, partitions=[partition])

        check_each(contents, check)

    def _is_there(self, context: Any, table: Any, name: str) -> bool:
        """Tell whether a partition has rows, or was stored without."""
        return self._is_empty(table, name) or bool(self._rows_of(context, table, [name], limit=1).num_rows)

    def _is_empty(self, table: Any, name: str) -> bool:
        mark = self.mark_of(table, name)
        return self.is_marked_empty(table, name) if mark is None else bool(mark & _IS_EMPTY)

    def committed(self, context: Any, commit: Callable[[], int], passing: tuple[type[Exception], ...]) -> int:
        """
        Carry out *commit*, again where another run has changed the table meanwhile; return the version that it made.

        Args:
            context: The ``OutputContext``.
            commit: Looks at the table as it is now, and commits once; all or nothing.
            passing: What it raises where another was first.

        Raises:
            StorageError: Others were first too often.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return commit()
            except passing as error:
                if attempt == _TRIES:
                    raise self.not_stored(context, error) from error
                time.sleep(random.uniform(*_PAUSE_SECONDS))
        raise AssertionError("the last try returns or raises")

    def not_stored(self, context: Any, error: Exception) -> StorageError:
        """Return the error that says that a commit failed."""
        return StorageError(
            f"The value of {describe_value(context)} was not stored in the {self.format_name} table at "
            f"{self.table_location(context)}, which is as it was: {_first_line(error)}.",
            mend="look at the cause above; if others write the same table, try again when fewer do.",
        )

    def damaged(self, context: Any, error: Exception) -> DamagedValueError:
        """Return the error that says that a table is there and cannot be read."""
        return DamagedValueError(
            f"The {self.format_name} table of {describe_value(context)} at {self.table_location(context)} cannot be read: "
            f"{_first_line(error)}.",
            mend=f"bring back its files from a copy, or {self.way_to_drop}; then materialize it again.",
        )

    def unread(self, context: Any, error: Exception) -> DamagedValueError | RemoteValueError:
        """Return the error that says why a table cannot be read: its place is out of reach, or it is damaged."""
        location = self.table_location(context)
        if "://" not in location or not isinstance(error, OSError) or isinstance(error, FileNotFoundError):
            return self.damaged(context, error)
        return self.remote(context, error)

    def remote(self, context: Any, error: Exception) -> RemoteValueError:
        """Return the error that says that the place of a table is out of reach, or refuses."""
        said = _told(error)
        is_refused = any(word in said for word in _REFUSALS)
        what = "refuses" if is_refused else "is out of reach"
        return RemoteValueError(
            f"The place of {describe_value(context)}, {self.table_location(context)}, {what}: {said}.",
            mend="look at the name of the place and at what may be done there."
            if is_refused
            else "check the address, the network and the credentials; then try again.",
            is_out_of_reach=not is_refused,
        )

    def not_found(self, context: Any, version: int | None = None, partitions: Sequence[str] = ()) -> ValueNotFoundError:
        """Return the error that says that nothing is stored."""
        what = describe_partitions(context, partitions) if partitions else describe_value(context)
        where = self.table_location(context)
        if version is not None:
            return ValueNotFoundError(
                f"Version {version} of the table at {where} has no value of {what}, or is not there.",
                mend=f"ask for a version that the metadata '{TABLE_VERSION}' of a materialization tells.",
            )
        error = ValueNotFoundError(
            f"No value of {what} is stored at {where}, as a table of {self.format_name}.",
            mend=f"materialize {what} first.",
        )
        error.partitions = tuple(map(str, partitions))
        return error

    def _rows_of(self, context: Any, table: Any, names: Sequence[str], limit: int | None = None) -> Any:
        if KEY_COLUMN not in self.schema_of(table).names:
            raise InvariantViolationError(
                f"The table of {describe_value(context)} at {self.table_location(context)} was stored as a whole, and "
                "partitions of it are asked for.",
                mend=f"{self.way_to_drop}, or give the IO manager another place; then materialize the partitions.",
            )
        return self.read_rows(context, table, names, limit)


def new_mark() -> int:
    """Return what a commit is marked with: a number that no other has, up to 2**62, even."""
    return random.SystemRandom().getrandbits(61) << 1


def mark_text(mark: int) -> str:
    """Return a mark as it is recorded with a value, whether it has rows or none."""
    return f"{mark & ~_IS_EMPTY:x}"


def table_path(context: Any) -> str:
    """
    Return the path of a table below its directory: names as elsewhere, with ``+`` in the place of ``%``.

    The libraries of the formats take ``%`` for the code of a URL.
    """
    parts, _, _ = value_key(context)
    folders, _, _ = key_path((*parts, "."), extension="").rpartition("/")
    return folders.replace("%", "+")


def require(module: str, *, extra: str, manager: str) -> None:
    """
    Make sure that the library of a format is installed, without importing it.

    Raises:
        StorageError: It is not.
    """
    if find_spec(module) is None:
        raise StorageError(
            f"{manager} needs the package {module}, which is not installed.",
            mend=f"write pip install 'orrery[{extra}]'.",
        )


def checked_directory(directory: str, manager: str) -> str:
    """
    Return a directory that the libraries of the formats can name, without a slash at its end.

    Raises:
        InvalidDefinitionError: It holds what they take for a part of a URL.
    """
    odd = next((sign for sign in "%?#" if sign in directory), None)
    if odd is not None:
        raise InvalidDefinitionError(
            f"{manager} cannot store tables in '{directory}': the library of the format takes '{odd}' in a path for "
            "a part of a URL.",
            mend="give it a directory whose path is without %, ? and #.",
        )
    return directory.rstrip("/")


def _first_line(error: Exception) -> str:
    """Return the first line of what an error says: libraries in Rust add a trace of theirs."""
    return str(error).strip().partition("\n")[0].rstrip(".")


def _told(error: Exception) -> str:
    """Return all that an error of a remote place says, in one line: without colours, and not without end."""
    text = " - ".join(
        line.strip(" \u21b3") for line in _COLOURS.sub("", str(error)).splitlines() if line.strip(" \u21b3")
    )
    return text.rstrip(".") if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}..."


def key_text(context: Any) -> str:
    """Return what is written into a table to say whose it is: the parts of the key, as JSON."""
    return json.dumps(list(value_key(context)[0]))


def _version(context: Any) -> int | None:
    """Return which version of the table the metadata of an input asks for."""
    named = (context.definition_metadata or {}).get(TABLE_VERSION)
    version = getattr(named, "value", named)
    if version is None or (isinstance(version, int) and not isinstance(version, bool)):
        return version
    raise InvalidDefinitionError(
        f"The metadata '{TABLE_VERSION}' of an input of {describe_value(context)} is {version!r}, which is no whole number.",
        mend=f"give the version that the metadata '{TABLE_VERSION}' of a materialization tells.",
    )
