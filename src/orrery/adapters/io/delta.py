"""
Tables of Delta Lake, one for each asset.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from orrery.adapters.io.table_rows import KEY_COLUMN
from orrery.adapters.io.tables import (
    VersionedTableIOManager,
    checked_directory,
    key_text,
    require,
    table_path,
)

__all__ = ["DeltaLakeIOManager"]

_EXTENSION = ".delta"
_STORED = "orrery/stored/"
_EMPTY = "orrery/empty/"


class DeltaLakeIOManager(VersionedTableIOManager):
    """
    Store tables of Delta Lake; give them back as the type that the input is annotated with.

    Values and inputs are frames of polars, pandas or pyarrow. Asset ``["sales", "orders"]`` is the table
    ``sales/orders.delta`` below the directory. The rows of a partition bear its key in the column ``orrery_partition``,
    and a run replaces those of its partitions, or the whole table, in one commit. Several partitions are read in one scan:
    as one frame where the input is annotated with a type of frame, else as a dictionary by key.

    The version of the table is noted with each value; ``AssetIn(metadata={"table_version": 3})`` loads that one.

    Args:
        base_dir: The directory, or the URL of one (``s3://bucket/tables``).
        storage_options: What the place asks for, as the package ``deltalake`` takes it.

    Raises:
        StorageError: The extra ``delta`` is not installed.

    Example::

        Definitions(assets=[orders], resources={"io_manager": DeltaLakeIOManager("warehouse")})
    """

    format_name: ClassVar[str] = "Delta Lake"
    way_to_drop: ClassVar[str] = "move the table away"

    def __init__(self, base_dir: str | os.PathLike[str], *, storage_options: Mapping[str, str] | None = None) -> None:
        require("deltalake", extra="delta", manager="DeltaLakeIOManager")
        base = os.fspath(base_dir)
        self._is_local = "://" not in base
        if self._is_local:
            base = checked_directory(os.path.abspath(os.path.expanduser(base)), "DeltaLakeIOManager")
        self._base = base.rstrip("/")
        self._storage_options = dict(storage_options or {}) or None

    def table_location(self, context: Any) -> str:
        """Return the path or URL of a table."""
        return f"{self._base}/{table_path(context)}{_EXTENSION}"

    def refuses_type(self, kind: Any) -> bool:
        """Tell whether Delta Lake has no such type: it has no times of day either."""
        import pyarrow as pa  # a schema of pyarrow is at hand, so it is loaded

        return super().refuses_type(kind) or pa.types.is_time(kind)

    def open_table(self, context: Any, version: int | None) -> Any:
        """Return the table of an asset, or of the output of an op."""
        import deltalake  # 30 ms beside pyarrow, and only who stores in Delta Lake needs it
        from deltalake.exceptions import DeltaError, TableNotFoundError

        try:
            table = deltalake.DeltaTable(self._uri(context), storage_options=self._storage_options)
        except TableNotFoundError as error:
            raise self.not_found(context) from error
        except (DeltaError, OSError) as error:
            raise self.unread(context, error) from error
        if version is None:
            return table
        if not 0 <= version <= table.version():
            raise self.not_found(context, version)
        try:
            table.load_as_version(version)
        except DeltaError as error:
            raise self.not_found(context, version) from error
        return table

    def schema_of(self, table: Any) -> Any:
        """Return the columns of a table."""
        import pyarrow as pa  # deltalake has no schema of its own that can be compared

        return pa.schema(table.schema().to_arrow())

    def read_rows(self, context: Any, table: Any, names: Sequence[str] | None, limit: int | None) -> Any:
        """Return the rows of a table, or those of partitions."""
        import pyarrow.dataset as ds  # as above
        from deltalake.exceptions import DeltaError  # loaded with the table

        try:
            found = table.to_pyarrow_dataset(filesystem=self._files_of(context))
            chosen = None if names is None else ds.field(KEY_COLUMN).isin(names)
            return found.to_table(filter=chosen) if limit is None else found.head(limit, filter=chosen)
        except (DeltaError, OSError, ValueError) as error:
            raise self.unread(context, error) from error

    def _files_of(self, context: Any) -> Any:
        """
        Return what reads the files of a local table; None for the files of ``deltalake`` itself.

        These hold buffers of Python, which Arrow's own threads give back - after the interpreter has gone, if a program ends
        right after it has read: then it aborts.
        """
        if not self._is_local:
            return None
        from pyarrow import fs  # as above

        return fs.SubTreeFileSystem(self.table_location(context), fs.LocalFileSystem())

    def mark_of(self, table: Any, name: str) -> int | None:
        """Return the mark of a partition, or of the whole table: the log of the table has a transaction of that name."""
        found: int | None = table.transaction_version(f"{_STORED}{name}")
        return found

    def is_marked_empty(self, table: Any, name: str) -> bool:
        """Tell whether a partition was stored without rows: the log of the table has a transaction of that name."""
        return table.transaction_version(f"{_EMPTY}{name}") is not None

    def replace(self, context: Any, rows: Any, names: Sequence[str] | None, marks: Mapping[str, int]) -> int:
        """Commit rows in the place of all, or of those of partitions; transactions of applications are the marks."""
        import deltalake  # as above
        from deltalake.exceptions import CommitFailedError, DeltaError

        chosen: dict[str, Any] = {"schema_mode": "overwrite"}
        if names is not None:
            # Encoded names hold neither quotes nor backslashes (base/names.py).
            listed = ", ".join(f"'{name}'" for name in names)
            chosen = {
                "schema_mode": "merge",
                "partition_by": [KEY_COLUMN],
                "predicate": f"{KEY_COLUMN} IN ({listed})",
            }
        transactions = [deltalake.Transaction(f"{_STORED}{name}", mark) for name, mark in marks.items()]

        def commit() -> int:
            deltalake.write_deltalake(
                self._uri(context),
                rows,
                mode="overwrite",
                description=key_text(context),
                storage_options=self._storage_options,
                commit_properties=deltalake.CommitProperties(app_transactions=transactions),
                **chosen,
            )
            return int(self.open_table(context, None).version())

        try:
            return self.committed(context, commit, (CommitFailedError,))
        except (DeltaError, OSError) as error:
            if isinstance(error, OSError) and not self._is_local:
                raise self.remote(context, error) from error
            raise self.not_stored(context, error) from error

    def _uri(self, context: Any) -> str:
        location = self.table_location(context)
        return Path(location).as_uri() if self._is_local else location
