"""The schema of a database, and the way from older ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from orrery.adapters.storage.sql import migrations
from orrery.adapters.storage.sql.tables import SCHEMA_VERSION, metadata
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.errors import SchemaVersionError, StorageError
from orrery.testing.conformance.samples import line


def schema_of(path: Path) -> dict[str, str]:
    """What SQLite keeps of the schema, without spaces."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: "".join(sql.split()).replace('"', "") for name, sql in rows}


def test_migrations_end_in_the_schema_of_a_fresh_database(tmp_path: Path) -> None:
    """Whichever way a database came, it is the same."""
    engine = create_engine(f"sqlite:///{tmp_path / 'migrated.db'}")
    with engine.connect() as connection:
        migrations.upgrade(connection, "")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    SqliteStorage(str(tmp_path / "fresh.db")).dispose()
    assert schema_of(tmp_path / "migrated.db") == schema_of(tmp_path / "fresh.db")


def test_the_newest_revision_is_that_of_the_tables() -> None:
    """Who changes the tables writes a migration."""
    assert migrations.known_revisions()[-1] == SCHEMA_VERSION


def test_a_migrated_database_is_used_as_any(tmp_path: Path) -> None:
    """With its count of storage ids."""
    path = tmp_path / "orrery.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        migrations.upgrade(connection, "")
    engine.dispose()
    storage = SqliteStorage(str(path))
    storage.store_entries([line("one")])
    assert storage.get_maximum_record_id() == 1
    storage.dispose()


def test_a_newer_schema_is_refused_by_name(tmp_path: Path) -> None:
    """Nothing of it is changed."""
    path = tmp_path / "orrery.db"
    SqliteStorage(str(path)).dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999'")
    connection.close()
    before = schema_of(path)
    with pytest.raises(SchemaVersionError, match="schema 9999, which a newer release") as told:
        SqliteStorage(str(path))
    assert str(path) in str(told.value)
    assert schema_of(path) == before


def test_an_older_schema_is_migrated_after_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told from an older revision to a newer one, a copy of the old database stays beside it."""
    path = tmp_path / "orrery.db"
    old = SqliteStorage(str(path))
    old.store_entries([line("kept")])
    old.dispose()
    monkeypatch.setattr("orrery.adapters.storage.sqlite.SCHEMA_VERSION", "9000")
    storage = SqliteStorage(str(path))
    assert storage.get_maximum_record_id() == 1
    storage.dispose()
    assert schema_of(tmp_path / "orrery.db.before-9000") == schema_of(path)


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Its tables are named and stay."""
    path = tmp_path / "orrery.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cooking (recipe TEXT)")
    connection.close()
    with pytest.raises(StorageError, match=r"another program \(cooking"):
        SqliteStorage(str(path))
    assert list(schema_of(path)) == ["cooking"]
