"""Every storage of records passes the suites of its seams."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orrery.adapters.storage.memory import MemoryStorage
from orrery.adapters.storage.postgres import PostgresStorage
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.testing.conformance.backfills import BackfillsSuite
from orrery.testing.conformance.event_log import EventLogSuite
from orrery.testing.conformance.leases import LeasesSuite
from orrery.testing.conformance.runs import RunsSuite, SchedulesSuite


class TestMemory(EventLogSuite, RunsSuite, SchedulesSuite, LeasesSuite, BackfillsSuite):
    """In memory."""

    @pytest.fixture
    def storage(self) -> MemoryStorage:
        return MemoryStorage()


class TestSqlite(EventLogSuite, RunsSuite, SchedulesSuite, LeasesSuite, BackfillsSuite):
    """In one SQLite file."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> Iterator[SqliteStorage]:
        storage = SqliteStorage(str(tmp_path / "orrery.db"))
        yield storage
        storage.dispose()


class TestPostgres(EventLogSuite, RunsSuite, SchedulesSuite, LeasesSuite, BackfillsSuite):
    """In a PostgreSQL database."""

    @pytest.fixture
    def storage(self, postgres_url: str) -> Iterator[PostgresStorage]:
        storage = PostgresStorage(postgres_url)
        yield storage
        storage.dispose()
