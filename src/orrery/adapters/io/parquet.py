"""
Tables as Parquet files: frames of polars, pandas and pyarrow alike.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from orrery.adapters.io.upath import UPathIOManager
from orrery.base.errors import InvariantViolationError
from orrery.base.metadata import MetadataValue, TableColumn, TableSchema

if TYPE_CHECKING:
    from upath import UPath

__all__ = ["ParquetIOManager"]


class ParquetIOManager(UPathIOManager):
    """
    Store tables as Parquet; give them back as the type that the input is annotated with.

    A value may be a ``DataFrame`` or ``LazyFrame`` of polars, a ``DataFrame`` of pandas, or a ``Table`` of
    pyarrow. An input without annotation gets a polars ``DataFrame`` where polars is installed, then
    pandas, then pyarrow. The number of rows and the columns are noted with each value.

    Args:
        base_dir: The directory, or the URL of one.
    """

    extension: ClassVar[str | None] = ".parquet"
    is_stable: ClassVar[bool] = True

    def __init__(self, base_dir: UPath | str | os.PathLike[str] | None = None) -> None:
        super().__init__(base_dir)

    def dump_to_path(self, context: Any, obj: Any, path: UPath) -> None:
        """Write the table to *path*."""
        with path.open("wb") as file:
            _write(obj, file)

    def load_from_path(self, context: Any, path: UPath) -> Any:
        """Read the table at *path*, as the type that the input is annotated with."""
        wanted = getattr(getattr(context, "dagster_type", None), "typing_type", None)
        with path.open("rb") as file:
            return _read(file, wanted)

    def get_metadata(self, context: Any, obj: Any) -> dict[str, Any]:
        """Return the number of rows (unless counting them would mean work) and the columns."""
        columns = [TableColumn(name, kind) for name, kind in _columns(obj)]
        noted: dict[str, Any] = {"orrery/column_schema": MetadataValue.table_schema(TableSchema(columns=columns))}
        rows = _rows(obj)
        return noted if rows is None else {"orrery/row_count": MetadataValue.int(rows), **noted}


def _library(value_type: Any) -> str:
    """Return the library that a type of frame belongs to; nothing for another type."""
    module = getattr(value_type, "__module__", "") or ""
    return module.partition(".")[0] if module.partition(".")[0] in ("polars", "pandas", "pyarrow") else ""


def _write(obj: Any, file: Any) -> None:
    library, name = _library(type(obj)), type(obj).__name__
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
    library = _library(wanted) or _preferred()
    if library == "polars":
        import polars as pl  # the user's own table library, loaded when a table is

        frame = pl.read_parquet(file)
        return frame.lazy() if getattr(wanted, "__name__", "") == "LazyFrame" else frame
    if library == "pandas":
        import pandas as pd  # as above

        return pd.read_parquet(file)
    from pyarrow import parquet  # as above

    return parquet.read_table(file)


def _preferred() -> str:
    """Return the table library to use where nothing says which: one that is loaded, or installed."""
    names = ("polars", "pandas", "pyarrow")
    for name in names:
        if name in sys.modules:
            return name
    from importlib.util import find_spec  # 5 ms, only where no table library is loaded yet

    return next((name for name in names if find_spec(name) is not None), "pyarrow")


def _columns(obj: Any) -> list[tuple[str, str]]:
    library, name = _library(type(obj)), type(obj).__name__
    if library == "polars":
        schema = obj.collect_schema() if name == "LazyFrame" else obj.schema
        return [(column, str(kind)) for column, kind in schema.items()]
    if library == "pandas":
        return [(str(column), str(kind)) for column, kind in obj.dtypes.items()]
    return [(field.name, str(field.type)) for field in obj.schema]


def _rows(obj: Any) -> int | None:
    if type(obj).__name__ == "LazyFrame":
        return None
    return int(obj.num_rows) if _library(type(obj)) == "pyarrow" else len(obj)
