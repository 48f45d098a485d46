"""
The way from the schema of an older release to that of this one (Alembic).

``versions`` holds one revision for each change of the schema, in order. A fresh database is made from
``tables`` at once; a test holds that both ways end in the same schema.
"""

from __future__ import annotations

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, update

from orrery.adapters.storage.sql.tables import schema_version

__all__ = ["known_revisions", "upgrade", "upgrade_within"]


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent))


def known_revisions() -> list[str]:
    """Return the revisions that this release knows, oldest first."""
    return [script.revision for script in reversed(list(_scripts().walk_revisions()))]


def upgrade(connection: Connection, found: str | None = None) -> None:
    """
    Bring the schema of a database up to date, in one transaction.

    Args:
        connection: To the database; no transaction is open.
        found: The revision to begin with; by default the one that the database names, "" for none.
    """
    with connection.begin():
        if found is None:
            found = connection.execute(select(schema_version.c.version_num)).scalar_one()
        upgrade_within(connection, found)


def upgrade_within(connection: Connection, found: str) -> None:
    """Do the same in the transaction that is open."""
    scripts = [script for script in reversed(list(_scripts().walk_revisions())) if script.revision > found]
    operations = Operations(MigrationContext.configure(connection))
    with Operations.context(operations.migration_context):
        for script in scripts:
            script.module.upgrade()
            if script.down_revision is not None:
                connection.execute(update(schema_version).values(version_num=script.revision))
