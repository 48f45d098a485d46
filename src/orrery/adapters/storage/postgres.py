"""
Records in a PostgreSQL database: the storage of a project that more than one machine works on.

The driver is psycopg 3, named in the URL (``postgresql+psycopg://``). Writers of all processes go one after
the other, by an advisory lock that their transactions take at their begin: storage ids are given in the order of
the commits, and whoever reads up to one has missed none below it. What was promised waits for the disk
(``synchronous_commit``), lines of the log need not.

Connections that are lost are made again, with pauses, for a minute. Each transaction writes down its number among those
of its process, in a row of ``counters``: a commit whose answer was lost is looked for there, so that nothing is written
twice, and nothing is left out. The server's own numbers would not do: after a crash it may give one to another
transaction. No message shows the password.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import QueuePool

from orrery.adapters.storage.sql.connections import Database
from orrery.adapters.storage.sql.schema import find_schema, make_schema, migrate_schema, refuse_newer
from orrery.adapters.storage.sql.storage import SqlStorage
from orrery.adapters.storage.sql.tables import counters
from orrery.base.errors import StorageError, StorageUnavailableError

__all__ = ["WAIT_SECONDS", "PostgresStorage", "schema_of"]

WAIT_SECONDS = 60.0
_OPENING_SECONDS = 5.0
_WRITERS, _MAKERS = 7_310_582_001, 7_310_582_002
"""Keys of advisory locks: of transactions that write, and of whoever makes the schema."""

_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY = "25006"
_REPEATABLE = {
    "40001",  # serialization failure
    "40P01",  # deadlock
}
_COMES_BACK = ("08", "57P0", "53300")
"""States of errors after which another connection may do better: cut, shutting down or starting up, too many."""

_REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "does not exist",
    "no pg_hba.conf entry",
    "permission denied",
    "could not translate host name",
    "failed to resolve host",
    "certificate",
    "is not permitted to log in",
)
"""Words of the reasons why no connection can be made, now or later. They come without a state."""

_BEGUN = text("SELECT pg_advisory_xact_lock(:lock), set_config('synchronous_commit', :mode, true)")
_BEGUN_BY_NAME = text(
    "WITH mine AS (INSERT INTO counters (name, value) VALUES (:name, :number) "
    "ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value) "
    "SELECT pg_advisory_xact_lock(:lock), set_config('synchronous_commit', :mode, true)"
)
_FORGET = text("DELETE FROM counters WHERE name = :name")
_SWEEP = text("DELETE FROM counters WHERE name LIKE 'writer:%' AND name < :name")
_KEPT_DAYS = 7
"""For so long the row of a process stays that was killed. Its own is a new one each day."""


class PostgresStorage(SqlStorage):
    """
    Keeps records in the PostgreSQL database that *url* names; its tables are made at need.

    Args:
        url: ``postgresql+psycopg://user:password@host:port/database``.
        wait_seconds: How long to wait for other writers, and for a server that went away.

    Raises:
        StorageError: The URL is none, or names another driver; or the server refuses, or its database cannot be used.
        StorageUnavailableError: The server does not answer.
        SchemaVersionError: A newer release made the tables.
    """

    def __init__(self, url: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self._database = _Server(_checked(url), wait_seconds)
        super().__init__(self._database)
        try:
            self._database.patience_seconds = min(_OPENING_SECONDS, wait_seconds)
            self._connections.read(_check_server, str(self._database))
            found = self._connections.read(find_schema, str(self._database), may_be_shared=True)
            if found is None or not found.is_present:
                self._connections.write(self._make_schema, True)
            self._database.has_tables = True
            self._database.patience_seconds = wait_seconds
        except BaseException:
            self._forget()
            self._connections.close()
            raise

    def _make_schema(self, connection: Connection) -> None:
        """Make the tables, or bring older ones up to date; whoever came first has done it."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKERS})
        found = find_schema(connection, str(self._database), may_be_shared=True)
        if found is None:
            make_schema(connection)
        elif not found.is_present:
            refuse_newer(found, str(self._database))
            migrate_schema(connection, found, str(self._database))


def schema_of(url: str) -> str | None:
    """Return the revision of the schema that the database has; None if it has none."""
    database = _Server(_checked(url), WAIT_SECONDS)
    try:
        with database.reading.connect() as connection:
            found = find_schema(connection, str(database), may_be_shared=True)
            return None if found is None else found.revision
    except DBAPIError as error:
        raise database.told(error) from error
    finally:
        database.reading.dispose()


def _checked(url: str) -> URL:
    """Return the URL with its driver, or say what is wrong with it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None  # the error quotes the URL, with its password
    if parsed is None or not parsed.database:
        raise StorageError(
            "The URL of the records in orrery.yaml (storage: url) names no database.",
            mend="write 'postgresql+psycopg://user@host:5432/database'; signs like '@' in a password as '%40'.",
        )
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "postgresql+psycopg":
        raise StorageError(
            f"The URL of the records in orrery.yaml (storage: url) names {parsed.drivername!r}; "
            "Orrery keeps records in SQLite (without a URL) or in PostgreSQL through psycopg 3.",
            mend="write 'postgresql+psycopg://user@host:5432/database'.",
        )
    return parsed


def _check_server(connection: Connection, name: str) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StorageError(
            f"The database {name} keeps text as {encoding}, which cannot hold every key.",
            mend="make a database with ENCODING 'UTF8' for the records.",
        )


class _Writer:
    """A process, as the transactions that it writes name it."""

    def __init__(self, pid: int, day: date) -> None:
        self.pid = pid
        self.day = day
        self.name = f"writer:{day}:{uuid.uuid4().hex}"
        self.number = 0


class _Server(Database):
    """What PostgreSQL does its own way."""

    def __init__(self, url: URL, wait_seconds: float) -> None:
        self._url = url
        self._wait_seconds = wait_seconds
        self._writer: _Writer | None = None
        self.has_tables = False
        self.patience_seconds = wait_seconds
        self.writing = self.reading = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=-1,
            pool_recycle=1_800,
            hide_parameters=True,
            connect_args={
                "connect_timeout": 10,
                "keepalives_idle": 30,
                "keepalives_interval": 10,
                "keepalives_count": 3,
                "application_name": "orrery",
                # A process that was stopped in the midst of a transaction does not stop the others for ever.
                "options": f"-c lock_timeout={round(wait_seconds * 1000)} -c idle_in_transaction_session_timeout=60000 "
                + str(url.query.get("options", "")),
            },
        )
        event.listen(self.writing, "connect", _prepare)

    def __str__(self) -> str:
        """Return the URL without its password."""
        return self._url.set(password=None, query={}).render_as_string()

    def begun(self, connection: Connection, *, durable: bool) -> object:
        """Take the lock of writers; return the name of the transaction, or None while there are no tables yet."""
        waits = {"lock": _WRITERS, "mode": "on" if durable else "off"}
        if not self.has_tables:
            connection.execute(_BEGUN, waits)
            return None
        writer, today = self._writer, datetime.now(UTC).date()
        is_new = writer is None or writer.pid != os.getpid() or writer.day != today
        if writer is None or is_new:
            writer = self._writer = _Writer(os.getpid(), today)
        writer.number += 1
        connection.execute(_BEGUN_BY_NAME, {**waits, "name": writer.name, "number": writer.number})
        if is_new:
            connection.execute(_SWEEP, {"name": f"writer:{today - timedelta(days=_KEPT_DAYS)}"})
        return writer.name, writer.number

    def leave(self, connection: Connection) -> None:
        """Take the row of this process away, as it writes no more."""
        writer, self._writer = self._writer, None
        if writer is not None and writer.pid == os.getpid():
            with connection.begin():
                connection.execute(_FORGET, {"name": writer.name})

    def is_lost(self, error: DBAPIError) -> bool:
        """Tell whether another connection may do better."""
        state = getattr(error.orig, "sqlstate", None)
        if state in _REPEATABLE or (state is not None and state.startswith(_COMES_BACK)):
            return True
        if error.connection_invalidated:
            return True
        # A connection that could not be made has no state.
        return state is None and _is_operational(error) and not any(words in str(error.orig) for words in _REFUSALS)

    def was_committed(self, connection: Connection, transaction: object) -> bool:
        """Look whether a transaction wrote its number down; one that makes the tables is simply repeated."""
        if not isinstance(transaction, tuple):
            return False
        name, number = transaction
        with connection.begin():
            # One that the server has not yet noticed to be cut off still holds the lock of writers.
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS})
            found = select(counters.c.value).where(counters.c.name == name)
            return bool(connection.execute(found).scalar_one_or_none() == number)

    def sizes(self, connection: Connection) -> tuple[int, int]:
        """Return how many bytes the database takes; what of them is free is not told."""
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()), 0

    def told(self, error: DBAPIError) -> Exception:
        """Return the error in our words."""
        state = getattr(error.orig, "sqlstate", None)
        cause = self._without_password(" ".join(str(error.orig).split()))
        if state == _LOCK_NOT_AVAILABLE:
            return StorageUnavailableError(
                f"The database {self} was locked by another process for {self._wait_seconds:g} seconds{self._holder()}.",
                mend="end the process that holds it, then try again; `storage: {wait_seconds: ...}` in orrery.yaml "
                "waits longer.",
            )
        if state == _READ_ONLY:
            return StorageError(
                f"The database {self} is read-only: a replica, or a server that lost its role.",
                mend="name the primary in the URL, or several hosts with '?target_session_attrs=read-write'.",
            )
        if state is not None and state.startswith("53") and state != "53300":
            return StorageUnavailableError(
                f"The server of {self} has run out of something: {cause}.", mend="make room there, then try again."
            )
        if self.is_lost(error):
            return StorageUnavailableError(
                f"The database {self} cannot be reached: {cause}.", mend="look whether its server runs, then try again."
            )
        if state is None and _is_operational(error):
            return StorageError(
                f"The database {self} lets nobody in by this URL: {cause}.",
                mend="correct user, password or database in orrery.yaml (storage: url), or ask who keeps the server.",
            )
        return StorageError(f"The database {self} refused: {cause}.", mend="look at the cause above.")

    def _without_password(self, words: str) -> str:
        secrets = [self._url.password, self._url.query.get("password"), self._url.query.get("sslpassword")]
        for secret in secrets:
            if secret:
                words = words.replace(str(secret), "***")
        return words

    def _holder(self) -> str:
        """Return which session has the lock of writers, as far as the server tells."""
        ask = text(
            "SELECT a.pid, a.application_name, a.client_addr FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            "WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32) + l.objid::bigint = :lock"
        )
        try:
            with self.reading.connect() as connection:
                rows = connection.execute(ask, {"lock": _WRITERS}).all()
        except DBAPIError:
            return ""  # whoever asked is told that the database is locked; not by whom
        held = [f"session {row.pid} of {row.application_name!r} at {row.client_addr or 'the server'}" for row in rows]
        return f" (held by {', '.join(held)})" if held else ""


def _is_operational(error: DBAPIError) -> bool:
    return type(error.orig).__name__ == "OperationalError"


def _prepare(connection: Any, _record: object) -> None:
    """Have statements that are repeated prepared by the server at once."""
    connection.prepare_threshold = 2
