"""
Tables of Iceberg in a catalogue kept by SQL, one for each asset.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, ClassVar, NamedTuple

from orrery.adapters.io.table_rows import KEY_COLUMN
from orrery.adapters.io.tables import (
    VersionedTableIOManager,
    checked_directory,
    key_text,
    require,
    table_path,
)
from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, StorageError
from orrery.runtime.contexts.stored_values import describe_value

__all__ = ["IcebergIOManager"]

_KEY = "orrery.key"
_STORED = "orrery.stored."
_EMPTY = "orrery.empty."
_BUSY_SECONDS = 60
_REGIONS = frozenset(["s3.region", "client.region"])


class _Opened(NamedTuple):
    """A table, and the snapshot of it that is asked for."""

    table: Any
    snapshot: Any


class IcebergIOManager(VersionedTableIOManager):
    """
    Store tables of Iceberg; give them back as the type that the input is annotated with.

    Values and inputs are frames of polars, pandas or pyarrow. Asset ``["sales", "orders"]`` is table ``orders`` of namespace
    ``sales``; an asset with one part is in *namespace*. The rows of a partition bear its key in the column
    ``orrery_partition``, and a run replaces those of its partitions, or the whole table, in one commit. Several partitions
    are read in one scan: as one frame where the input is annotated with a type of frame, else as a dictionary by key.

    The snapshot is noted with each value as its version; ``AssetIn(metadata={"table_version": ...})`` loads that one.

    Args:
        warehouse: The directory of the tables, or the URL of one.
        catalog_uri: The database of the catalogue, as SQLAlchemy writes it; by default ``catalog.db`` (SQLite) in the
            warehouse, which then has to be a directory.
        catalog_name: The name of the catalogue in its database.
        namespace: The namespace of assets whose key has one part.
        properties: What the catalogue and the place ask for, as the package ``pyiceberg`` takes it.

    Raises:
        StorageError: The extra ``iceberg`` is not installed.
        InvalidDefinitionError: The warehouse is a URL, and no database is given for the catalogue.

    Example::

        Definitions(assets=[orders], resources={"io_manager": IcebergIOManager("warehouse")})
    """

    format_name: ClassVar[str] = "Iceberg"
    way_to_drop: ClassVar[str] = "drop the table from the catalogue"

    def __init__(
        self,
        warehouse: str | os.PathLike[str],
        *,
        catalog_uri: str | None = None,
        catalog_name: str = "orrery",
        namespace: str = "main",
        properties: Mapping[str, str] | None = None,
    ) -> None:
        require("pyiceberg", extra="iceberg", manager="IcebergIOManager")
        place = os.fspath(warehouse)
        self._directory = None
        if "://" not in place:
            place = checked_directory(os.path.abspath(os.path.expanduser(place)), "IcebergIOManager")
            self._directory = place
        elif catalog_uri is None:
            raise InvalidDefinitionError(
                f"The catalogue of the Iceberg tables in {place} has no database: there is none beside tables at a URL.",
                mend='give IcebergIOManager a catalog_uri, such as "sqlite:////data/catalog.db".',
            )
        self._warehouse = place.rstrip("/")
        self._catalog_file = None if catalog_uri is not None else f"{place}/catalog.db"
        self._catalog_uri = catalog_uri or f"sqlite:///{self._catalog_file}?timeout={_BUSY_SECONDS}"
        self._catalog_name = catalog_name
        self._namespace = namespace
        self._properties = dict(properties or {})

    def table_location(self, context: Any) -> str:
        """Return the path or URL of a table."""
        return f"{self._warehouse}/{'/'.join(self._identifier(context))}"

    def open_table(self, context: Any, version: int | None) -> Any:
        """Return the table of an asset, or of the output of an op, and its snapshot."""
        if self._catalog_file is not None and not os.path.exists(self._catalog_file):
            raise self.not_found(context)
        with self._connected() as catalog:
            return self._open(context, catalog, version)

    def schema_of(self, table: Any) -> Any:
        """Return the columns of a table."""
        from pyiceberg.io.pyarrow import schema_to_pyarrow  # loaded with the table

        found, snapshot = table
        schema = found.schemas().get(snapshot.schema_id) if snapshot.schema_id is not None else None
        return schema_to_pyarrow(schema or found.schema(), include_field_ids=False)

    def read_rows(self, context: Any, table: Any, names: Sequence[str] | None, limit: int | None) -> Any:
        """Return the rows of a table, or those of partitions."""
        from pyiceberg.expressions import AlwaysTrue, In  # as above

        chosen = AlwaysTrue() if names is None else In(term=KEY_COLUMN, literals=tuple(names))
        try:
            scan = table.table.scan(row_filter=chosen, snapshot_id=table.snapshot.snapshot_id, limit=limit)
            return scan.to_arrow()
        except (OSError, ValueError) as error:
            raise self.unread(context, error) from error

    def mark_of(self, table: Any, name: str) -> int | None:
        """Return the mark of a partition, or of the whole table: a property of the table."""
        found = table.table.properties.get(f"{_STORED}{name}")
        return None if found is None else int(found, 16)

    def is_marked_empty(self, table: Any, name: str) -> bool:
        """Tell whether a partition was stored without rows: a property of the table says so."""
        return f"{_EMPTY}{name}" in table.table.properties

    def replace(self, context: Any, rows: Any, names: Sequence[str] | None, marks: Mapping[str, int]) -> int:
        """Commit rows in the place of all, or of those of partitions."""
        from pyiceberg.exceptions import (  # 0.7 s, and only who stores in Iceberg needs it
            CommitFailedException,
            NamespaceAlreadyExistsError,
            TableAlreadyExistsError,
            ValidationException,
        )
        from sqlalchemy.exc import IntegrityError

        # Another run has committed meanwhile, or made the table or its namespace.
        passing = (
            CommitFailedException,
            ValidationException,
            NamespaceAlreadyExistsError,
            TableAlreadyExistsError,
            IntegrityError,
        )

        def commit() -> int:
            with self._connected() as catalog:
                return self._commit_once(context, catalog, rows, names, marks)

        try:
            return self.committed(context, commit, passing)
        except OSError as error:
            if self._directory is None:
                raise self.remote(context, error) from error
            raise

    def _commit_once(
        self, context: Any, catalog: Any, rows: Any, names: Sequence[str] | None, marks: Mapping[str, int]
    ) -> int:
        from pyiceberg.exceptions import NoSuchTableError  # as above
        from pyiceberg.expressions import AlwaysTrue, In

        *namespace, _ = identifier = self._identifier(context)
        try:
            table = catalog.load_table(identifier)
        except NoSuchTableError:
            catalog.create_namespace_if_not_exists(tuple(namespace))
            table = catalog.create_table(
                identifier, rows.schema, location=self._url(context), properties={_KEY: key_text(context)}
            )
        self._claim(context, table)
        # Of this copy of the table: whoever was not first looks at the table anew, and does not add to what he has seen.
        table.properties["commit.retry.num-retries"] = "0"
        chosen = AlwaysTrue() if names is None else In(term=KEY_COLUMN, literals=tuple(names))
        is_there = table.current_snapshot() is not None and any(
            True for _ in table.scan(row_filter=chosen).plan_files()
        )
        with table.transaction() as transaction:
            if is_there:
                transaction.delete(chosen)
            if names is None:
                with transaction.update_schema(allow_incompatible_changes=True) as schema:
                    for field in table.schema().fields:
                        schema.delete_column(field.name)
                with transaction.update_schema(allow_incompatible_changes=True) as schema:
                    schema.union_by_name(rows.schema)
            else:
                with transaction.update_schema() as schema:
                    schema.union_by_name(rows.schema)
                if not table.spec().fields:
                    with transaction.update_spec() as spec:
                        spec.add_identity(KEY_COLUMN)
            transaction.append(rows)
            transaction.set_properties({f"{_STORED}{name}": f"{mark:x}" for name, mark in marks.items()})
        return int(table.current_snapshot().snapshot_id)

    def _open(self, context: Any, catalog: Any, version: int | None) -> _Opened:
        from pyiceberg.exceptions import NoSuchTableError, ValidationError  # as above

        try:
            table = catalog.load_table(self._identifier(context))
        except NoSuchTableError as error:
            raise self.not_found(context) from error
        except (OSError, ValueError, ValidationError) as error:
            raise self.unread(context, error) from error
        self._claim(context, table)
        snapshot = table.current_snapshot() if version is None else table.snapshot_by_id(version)
        if snapshot is None:
            raise self.not_found(context, version)
        return _Opened(table, snapshot)

    def _claim(self, context: Any, table: Any) -> None:
        """Refuse a table that another asset has: one of the namespace that stands for keys of one part."""
        owner = table.properties.get(_KEY)
        if owner is not None and owner != key_text(context):
            raise InvariantViolationError(
                f"The table {'.'.join(self._identifier(context))} of the Iceberg catalogue '{self._catalog_name}' holds asset "
                f"{owner}, and {describe_value(context)} would be stored in it, too.",
                mend="give one of the two another key, or give IcebergIOManager another namespace.",
            )

    def _identifier(self, context: Any) -> tuple[str, ...]:
        parts = tuple(table_path(context).split("/"))
        return parts if len(parts) > 1 else (self._namespace, *parts)

    def _url(self, context: Any) -> str:
        location = self.table_location(context)
        return f"file://{location}" if self._directory is not None else location

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Open the catalogue for one piece of work."""
        from pyiceberg.catalog.sql import SqlCatalog  # as above
        from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError

        if self._directory is not None:
            os.makedirs(self._directory, exist_ok=True)
        options = {"uri": self._catalog_uri, "warehouse": self._warehouse, **_with_region(self._properties)}
        try:
            try:
                catalog = SqlCatalog(self._catalog_name, **options)
            except (
                OperationalError,
                ProgrammingError,
                IntegrityError,
            ):  # another run has made the same tables of the database meanwhile
                catalog = SqlCatalog(self._catalog_name, **options)
            with closing(catalog):
                yield catalog
        except IntegrityError:
            raise  # another run has made the same table or namespace meanwhile
        except DatabaseError as error:
            raise StorageError(
                f"The database of the Iceberg catalogue '{self._catalog_name}' cannot be used: {error.orig}.",
                mend="look at the cause above; bring a database that is damaged back from a copy.",
            ) from error


def _with_region(properties: Mapping[str, str]) -> Mapping[str, str]:
    """
    Return the properties with the region of an object store that is not Amazon's, as all clients of S3 find it: in their settings.

    Where none is given, pyiceberg asks Amazon where the bucket lies, and waits eight seconds where it does not answer.
    """
    endpoint = properties.get("s3.endpoint")
    if endpoint is None or _REGIONS & properties.keys() or ".amazonaws." in endpoint:
        return properties
    from pyarrow.fs import S3FileSystem  # loaded with pyiceberg

    return {**properties, "s3.region": S3FileSystem(anonymous=True, endpoint_override=endpoint).region}
