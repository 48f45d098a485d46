"""
Which schema a database has, making it, and bringing an older one up to date.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, inspect, select, update

from orrery.adapters.storage.sql.dialects import with_partial_indexes_of
from orrery.adapters.storage.sql.tables import SCHEMA_VERSION, counters, metadata, schema_version
from orrery.base.errors import SchemaVersionError, StorageError

__all__ = ["Schema", "find_schema", "make_schema", "migrate_schema", "refuse_newer"]


class Schema(NamedTuple):
    """
    The schema that a database has.

    Attributes:
        revision: One of ``migrations/versions``, here or of a newer release.
        release: The release of Orrery that made it; None where that was not noted (0001).
    """

    revision: str
    release: str | None

    @property
    def is_present(self) -> bool:
        """Tell whether it is that of this release."""
        return self.revision == SCHEMA_VERSION


def find_schema(connection: Connection, name: str, *, may_be_shared: bool = False) -> Schema | None:
    """
    Return the schema of a database; None if it has none.

    Args:
        connection: To the database.
        name: What messages call it.
        may_be_shared: Tables of other programs may stand beside ours, under names of their own.

    Raises:
        StorageError: It holds tables of another program.
    """
    names = set(inspect(connection).get_table_names())
    if schema_version.name in names:
        columns = {column["name"] for column in inspect(connection).get_columns(schema_version.name)}
        wanted = [column for column in schema_version.c if column.name in columns]
        row = connection.execute(select(*wanted)).mappings().one_or_none() if "version_num" in columns else None
        if row is not None:
            return Schema(row["version_num"], row.get("release"))
    others = sorted(names & set(metadata.tables) if may_be_shared else names)
    if others:
        raise StorageError(
            f"The database {name} holds tables of another program ({', '.join(others[:3])}, ...).",
            mend="make a database of its own for the records, or name another directory in ORRERY_HOME.",
        )
    return None


def make_schema(connection: Connection) -> None:
    """Make all tables, in the transaction that is open."""
    with_partial_indexes_of(connection.dialect.name, metadata).create_all(connection)
    connection.execute(schema_version.insert(), {"version_num": SCHEMA_VERSION, "release": _this_release()})
    connection.execute(counters.insert(), {"name": "events", "value": 0})


def migrate_schema(connection: Connection, found: Schema, name: str) -> None:
    """
    Bring an older schema up to date, in the transaction that is open.

    Raises:
        StorageError: Something that is stored cannot be read.
    """
    # Alembic takes 150 ms to import, and is needed once for each release that changes the schema.
    from orrery.adapters.storage.sql.migrations import upgrade_within

    try:
        upgrade_within(connection, found.revision)
    except ValueError as error:
        raise StorageError(
            f"The database {name} cannot be brought from schema {found.revision} to {SCHEMA_VERSION}: "
            f"an entry cannot be read ({error}). Nothing was changed.",
            mend="export what is readable with `orrery db salvage`, or use the release that made it.",
        ) from error
    connection.execute(update(schema_version).values(release=_this_release()))


def refuse_newer(found: Schema, name: str) -> None:
    """
    Raise if a newer release made the schema.

    Raises:
        SchemaVersionError: It did; the message names it.
    """
    from orrery.adapters.storage.sql.migrations import known_revisions  # as above

    if found.revision not in known_revisions():
        maker = f"Orrery {found.release}" if found.release else "a newer release of Orrery"
        raise SchemaVersionError(
            f"The database {name} has schema {found.revision}, which {maker} made "
            f"(this is {_this_release()}, which knows {SCHEMA_VERSION}).",
            mend=f"use {maker} or a newer one, or other records: ORRERY_HOME names their directory.",
        )


def _this_release() -> str:
    from importlib.metadata import version  # 10 ms, once in the life of a database

    return version("orrery")
