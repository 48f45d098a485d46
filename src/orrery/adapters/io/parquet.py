"""
Tables as Parquet files: frames of polars, pandas and pyarrow alike, a file for each partition.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from orrery.adapters.io.frames import frame_type, frames_by_partition, library_of, preferred_library
from orrery.adapters.io.upath import UPathIOManager, note_read
from orrery.base.errors import InvariantViolationError
from orrery.base.metadata import MetadataValue, TableColumn, TableSchema

if TYPE_CHECKING:
    from upath import UPath
from orrery.runtime.contexts.stored_values import each_partition
from orrery.runtime.ports.write_barrier import active_barrier

__all__ = ["ParquetIOManager"]


class ParquetIOManager(UPathIOManager):
    """
    Store tables as Parquet; give them back as the type that the input is annotated with.

    A value may be a ``DataFrame`` or ``LazyFrame`` of polars, a ``DataFrame`` of pandas, or a ``Table`` of
    pyarrow. An input without annotation gets a polars ``DataFrame`` where polars is installed, then
    pandas, then pyarrow. The number of rows and the columns are noted with each value.

    Each partition is a file in the folder of its asset. An input of several partitions gets a dictionary of frames
    by key; annotated with a type of frame it gets one frame, read in one scan. A run that makes several partitions may
    return such a dictionary, or one frame, where the asset's metadata names the column that tells them apart:
    ``metadata={"partition_expr": "date"}``.

    Args:
        base_dir: The directory, or the URL of one.
    """

    extension: ClassVar[str | None] = ".parquet"
    is_stable: ClassVar[bool] = True

    def __init__(self, base_dir: UPath | str | os.PathLike[str] | None = None) -> None:
        super().__init__(base_dir)

    def handle_output(self, context: Any, obj: Any) -> None:
        """Store a table; of a run of one partition also a dictionary by its key, as of a run of several."""
        if isinstance(obj, Mapping) and len(obj) == 1 and context.has_asset_partitions:
            key, only = next(iter(obj.items()))
            obj = only if list(context.asset_partition_keys) == [key] else obj
        super().handle_output(context, obj)

    def dump_to_path(self, context: Any, obj: Any, path: UPath) -> None:
        """Write the table to *path*."""
        with path.open("wb") as file:
            _write(obj, file)

    def dump_partitions(self, context: Any, obj: Any, partition_keys: Sequence[str]) -> None:
        """Write the rows of each partition to a file of its own: those of one frame, or a dictionary of frames."""
        if isinstance(obj, Mapping) or not library_of(type(obj)):
            super().dump_partitions(context, obj, partition_keys)
            return
        super().dump_partitions(context, frames_by_partition(context, obj, partition_keys), partition_keys)
        context.add_output_metadata(self.get_metadata(context, obj))

    def load_from_path(self, context: Any, path: UPath) -> Any:
        """Read the table at *path*, as the type that the input is annotated with."""
        with path.open("rb") as file:
            return _read(file, frame_type(context)[0])

    def load_partitions(self, context: Any) -> Any:
        """Read the partitions that an input asks for: one frame in one scan, or a dictionary of frames by key."""
        wanted, in_one = frame_type(context)
        keys = context.asset_partition_keys
        lenient = (context.definition_metadata or {}).get("allow_missing_partitions")
        if not in_one or len(keys) < 2 or lenient:
            return super().load_partitions(context)
        barrier = active_barrier.get()
        if barrier is not None:
            barrier.flush()  # a scan may be carried out later: it has to name files that stay
        sources = dict(each_partition(keys, lambda key: self._checked(context, self._path(context, key), key)))
        paths = [source.place for source in sources.values()]
        context.log.debug(f"Loading {len(paths)} partitions in one scan below {paths[0].parent}")
        found = _scan(paths, wanted)
        for key, source in sources.items():
            note_read(context, key, source, found)
        return found

    def get_metadata(self, context: Any, obj: Any) -> dict[str, Any]:
        """Return the number of rows (unless counting them would mean work) and the columns."""
        columns = [TableColumn(name, kind) for name, kind in _columns(obj)]
        noted: dict[str, Any] = {"orrery/column_schema": MetadataValue.table_schema(TableSchema(columns=columns))}
        rows = _rows(obj)
        return noted if rows is None else {"orrery/row_count": MetadataValue.int(rows), **noted}


def _write(obj: Any, file: Any) -> None:
    library, name = library_of(type(obj)), type(obj).__name__
    if library == "polars" and name == "LazyFrame":
        obj.collect().write_parquet(file)
    elif library == "polars" and name == "DataFrame":
        obj.write_parquet(file)
    elif library == "pandas" and name == "DataFrame":
        obj.to_parquet(file)
    elif library == "pyarrow" and name == "Table":
        from pyarrow import parquet  # the value is one of pyarrow's, so it is loaded

        parquet.write_table(obj, file)
    else:
        raise InvariantViolationError(
            f"ParquetIOManager stores tables (polars, pandas or pyarrow), not {type(obj).__name__}.",
            mend="return a table, or give this output another IO manager.",
        )


def _read(file: Any, wanted: Any) -> Any:
    library = library_of(wanted) or preferred_library()
    if library == "polars":
        import polars as pl  # the user's own table library, loaded when a table is

        frame = pl.read_parquet(file)
        return frame.lazy() if getattr(wanted, "__name__", "") == "LazyFrame" else frame
    if library == "pandas":
        import pandas as pd  # as above

        return pd.read_parquet(file)
    from pyarrow import parquet  # as above

    return parquet.read_table(file)


def _scan(paths: Sequence[UPath], wanted: Any) -> Any:
    """Read several files as one frame, in their order."""
    if library_of(wanted) == "polars":
        import polars as pl  # as above

        # What is for the client of fsspec alone comes as dictionaries, of which polars knows none.
        options = {name: each for name, each in paths[0].storage_options.items() if not isinstance(each, dict)} or None
        frame = pl.scan_parquet([str(path) for path in paths], storage_options=options)
        return frame if wanted.__name__ == "LazyFrame" else frame.collect()
    import pyarrow as pa  # as above
    from pyarrow import parquet

    fs = paths[0].fs
    table = pa.concat_tables(
        [parquet.read_table(path.path, filesystem=fs) for path in paths], promote_options="permissive"
    )
    return table.to_pandas() if library_of(wanted) == "pandas" else table


def _columns(obj: Any) -> list[tuple[str, str]]:
    library, name = library_of(type(obj)), type(obj).__name__
    if library == "polars":
        schema = obj.collect_schema() if name == "LazyFrame" else obj.schema
        return [(column, str(kind)) for column, kind in schema.items()]
    if library == "pandas":
        return [(str(column), str(kind)) for column, kind in obj.dtypes.items()]
    return [(field.name, str(field.type)) for field in obj.schema]


def _rows(obj: Any) -> int | None:
    if type(obj).__name__ == "LazyFrame":
        return None
    return int(obj.num_rows) if library_of(type(obj)) == "pyarrow" else len(obj)
