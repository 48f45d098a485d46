"""
Connections to a database: reads, and transactions that are carried through.

A read or a transaction is a function over a connection. It may be called again: a connection that is lost
- a server that was restarted, a network that was cut - is replaced, with growing pauses, for as long as the
database's patience lasts. A transaction whose commit was sent and never answered is not repeated blindly: the
database is asked whether it was committed.

In a forked child the connections of the parent are left alone, and others are opened.
"""

from __future__ import annotations

import os
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

__all__ = ["Connections", "Database"]

P = ParamSpec("P")
T = TypeVar("T")

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0


class Database:
    """
    What a kind of database does its own way.

    Attributes:
        reading: Engine whose connections read.
        writing: Engine whose connection writes.
        patience_seconds: How long a lost connection is made anew before an error is raised; 0 for not at all.
    """

    reading: Engine
    writing: Engine
    patience_seconds: float = 0.0

    def prepare(self, connection: Connection, *, durable: bool) -> None:
        """Make *connection* ready for a transaction, which must be on the disk at its commit or need not be."""

    def begun(self, connection: Connection, *, durable: bool) -> object:
        """Begin the work of a transaction that excludes other writers; return what names it for ``was_committed``."""
        return None

    def is_lost(self, error: DBAPIError) -> bool:
        """Tell whether *error* means that the connection is gone, and another may do better."""
        return False

    def catch_up(self) -> None:
        """Have on the disk what was committed without waiting for it, where the database does not see to that itself."""

    def was_committed(self, connection: Connection, transaction: object) -> bool:
        """Tell whether a transaction that ended without an answer was committed."""
        return False

    def leave(self, connection: Connection) -> None:
        """Take away what this process wrote down for ``was_committed``, as it writes no more."""

    def make_room(self, error: BaseException | None) -> bool:
        """Give up room that was kept, if *error* says that there is none left; tell whether there is some now."""
        return False

    @abstractmethod
    def sizes(self, connection: Connection) -> tuple[int, int]:
        """Return how many bytes the database takes, and how many of them are free for what comes."""

    def find_damage(self, connection: Connection) -> list[str]:
        """Return what the database itself finds to be damaged."""
        return []

    @abstractmethod
    def told(self, error: DBAPIError) -> Exception:
        """Return an error of the driver as one of ours."""


class Connections:
    """
    Carries reads and transactions through, from any thread; transactions of a process go one after the other.

    Args:
        database: The database.
        rolled_back: Called when a transaction, or all of them after a fork, left nothing behind.
    """

    def __init__(self, database: Database, rolled_back: Callable[[], None]) -> None:
        self.database = database
        self._rolled_back = rolled_back
        self._inherited: list[object] = []
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: Connection | None = None

    def mind_fork(self) -> None:
        """In a forked child, leave the parent's connections alone and open others."""
        if os.getpid() != self._pid:
            # Referred to for ever: closing them here could take the parent's locks and files away.
            database = self.database
            self._inherited.append((self._connection, database.reading.pool, database.writing.pool))
            database.reading.dispose(close=False)
            database.writing.dispose(close=False)
            self._begin()
            self._rolled_back()

    def read(self, question: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the answer to *question*, which reads; asked again if the connection is lost."""
        self.mind_fork()
        patience = _Patience(self.database)
        while True:
            try:
                with self.database.reading.connect() as connection:
                    return question(connection, *args, **kwargs)
            except DBAPIError as error:
                patience.wait_or_raise(error)

    def write(
        self, act: Callable[Concatenate[Connection, P], T], durable: bool, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """
        Do *act* in a transaction, once, and return its result.

        Args:
            act: What to do; called again if the transaction left nothing behind because the connection was lost.
            durable: Return when it is on the disk.
            args: Given to *act*.
            kwargs: The same.
        """
        self.mind_fork()
        with self._lock:
            patience = _Patience(self.database)
            while True:
                try:
                    return self._transaction(patience, act, durable, *args, **kwargs)
                except DBAPIError as error:
                    if self.database.is_lost(error):
                        self._drop_connection()
                    patience.wait_or_raise(error)

    def _transaction(
        self,
        patience: _Patience,
        act: Callable[Concatenate[Connection, P], T],
        durable: bool,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        database = self.database
        if self._connection is None:
            self._connection = database.writing.connect()
        connection = self._connection
        database.prepare(connection, durable=durable)
        transaction = connection.begin()
        try:
            name = database.begun(connection, durable=durable)
            result = act(connection, *args, **kwargs)
        except BaseException:
            self._rolled_back()
            transaction.rollback()
            raise
        try:
            transaction.commit()
        except DBAPIError as error:
            if not (database.is_lost(error) and self._find_committed(name, patience, error)):
                self._rolled_back()
                if not connection.closed:
                    connection.rollback()
                raise
        return result

    def _find_committed(self, transaction: object, patience: _Patience, error: DBAPIError) -> bool:
        """Ask what became of a transaction whose commit was not answered."""
        while True:
            self._drop_connection()
            patience.wait_or_raise(error)
            try:
                with self.database.writing.connect() as connection:
                    return self.database.was_committed(connection, transaction)
            except DBAPIError as another:
                error = another

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if not connection.invalidated:
                connection.invalidate()
            connection.close()

    def close(self) -> None:
        """Let go of all connections; others are opened at need."""
        with self._lock:
            connection = self._connection
            if connection is not None and not connection.invalidated:
                try:
                    self.database.leave(connection)
                except DBAPIError:  # the database is gone; what stays there is swept when it is old
                    self._drop_connection()
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()
            self.database.writing.dispose()
            self.database.reading.dispose()


class _Patience:
    """Pauses that grow, while the database's patience lasts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._end: float | None = None
        self._pause = _FIRST_PAUSE_SECONDS

    def wait_or_raise(self, error: DBAPIError) -> None:
        """Pause because of *error*, and return for another attempt; or raise it in our words."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self._database.patience_seconds
        if not self._database.is_lost(error) or now >= self._end:
            raise self._database.told(error) from error
        time.sleep(min(self._pause, self._end - now))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
