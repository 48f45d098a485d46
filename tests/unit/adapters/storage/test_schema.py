"""The schema of a database, and the way from older ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from orrery.adapters.storage.postgres import PostgresStorage
from orrery.adapters.storage.sql import migrations
from orrery.adapters.storage.sql.tables import SCHEMA_VERSION, metadata
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.errors import SchemaVersionError, StorageError
from orrery.testing.conformance.samples import line

GOLDEN = Path(__file__).parents[3] / "golden" / "homes"


def schema_of(path: Path) -> dict[str, str]:
    """What SQLite keeps of the schema, without spaces."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: "".join(sql.split()).replace('"', "") for name, sql in rows}


def test_migrations_end_in_the_schema_of_a_fresh_database_of_postgresql(postgres_url: str) -> None:
    """There, too."""
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        migrations.upgrade(connection, "")
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    storage = PostgresStorage(postgres_url)
    storage.store_entries([line("one")])
    assert storage.get_maximum_record_id() == 1
    storage.dispose()


def test_indexes_are_partial_in_postgresql_as_those_of_a_migration_are(postgres_url: str) -> None:
    """They are declared for SQLite; what compares metadata does not look at it."""
    engine = create_engine(postgres_url)

    def indexes() -> dict[str, str]:
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
            )
            return {row.indexname: row.indexdef for row in rows}

    with engine.connect() as connection:
        migrations.upgrade(connection, "")
    migrated = indexes()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    PostgresStorage(postgres_url).dispose()
    assert sum(" WHERE " in each for each in migrated.values()) == 4
    assert indexes() == migrated
    engine.dispose()


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
        connection.execute("UPDATE schema_version SET version_num = '9999', release = '77.1'")
    connection.close()
    before = schema_of(path)
    with pytest.raises(SchemaVersionError, match=r"schema 9999, which Orrery 77\.1 made") as told:
        SqliteStorage(str(path))
    assert str(path) in str(told.value)
    assert schema_of(path) == before


def test_an_older_schema_is_migrated_after_a_copy(tmp_path: Path) -> None:
    """A copy of the old database stays beside it, and is no longer the one that is used."""
    path = tmp_path / "orrery.db"
    make_old_home(path)
    old = schema_of(path)
    storage = SqliteStorage(str(path))
    assert storage.get_maximum_record_id() == 16
    storage.dispose()
    assert schema_of(tmp_path / f"orrery.db.before-{SCHEMA_VERSION}") == old
    SqliteStorage(str(tmp_path / "fresh.db")).dispose()
    assert schema_of(path) == schema_of(tmp_path / "fresh.db")
    assert sorted(each.name for each in tmp_path.glob("orrery.db.before*")) == [f"orrery.db.before-{SCHEMA_VERSION}"]


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path) -> None:
    """It is one transaction."""
    path = tmp_path / "orrery.db"
    make_old_home(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET body = X'00' WHERE kind = 'STEP_START'")
    connection.close()
    old = schema_of(path)
    with pytest.raises(StorageError, match=f"from schema 0001 to {SCHEMA_VERSION}: an entry cannot be read") as told:
        SqliteStorage(str(path))
    assert str(path) in str(told.value)
    assert schema_of(path) == old


def make_old_home(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript((GOLDEN / "0001.sql").read_text(encoding="utf-8"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """Its tables are named and stay."""
    path = tmp_path / "orrery.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE cooking (recipe TEXT)")
    connection.close()
    with pytest.raises(StorageError, match=r"another program \(cooking"):
        SqliteStorage(str(path))
    assert list(schema_of(path)) == ["cooking"]
