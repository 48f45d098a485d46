"""
Records in one SQLite file: the storage of a project.

WAL mode, so that readers and the writer do not wait for each other; ``BEGIN IMMEDIATE``, so that a
transaction that will write waits at its begin and never fails half way; a busy time-out of 60 seconds.
``synchronous`` is FULL for transactions with something promised (a run's end, a materialization) and
NORMAL for the rest, which a power cut may take back by a moment, in order. The schema is made under an
exclusive lock on a file beside the database, so that processes that open a fresh home at once make it once.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, PoolProxiedConnection, QueuePool
from sqlalchemy.util import LRUCache

from orrery.adapters.storage.emptied import RESERVE, refuse_emptied, refuse_without_tables
from orrery.adapters.storage.sql.connections import Database
from orrery.adapters.storage.sql.schema import Schema, find_schema, make_schema, migrate_schema, refuse_newer
from orrery.adapters.storage.sql.storage import SqlStorage
from orrery.adapters.storage.sql.tables import SCHEMA_VERSION, schema_version
from orrery.base.errors import StorageError, StorageUnavailableError
from orrery.runtime.files.sync import sync_file

__all__ = ["WAIT_SECONDS", "SqliteStorage", "file_system_of", "schema_of"]

WAIT_SECONDS = 60.0

_RESERVE_BYTES = 1_000_000
"""Size of the file that keeps room: enough for the last transaction of some runs."""

_NETWORK = frozenset(
    "nfs nfs3 nfs4 cifs smb2 smb3 smbfs ncpfs afs ceph lustre beegfs gpfs glusterfs fuse.glusterfs fuse.sshfs "
    "fuse.s3fs fuse.ceph fuse.davfs fuse.gcsfuse fuse.goofys fuse.rclone fuse.blobfuse".split()
)
"""File systems, as Linux names them, whose files several machines share."""

_MOUNTS = Path("/proc/self/mountinfo")


_HAS_VERSION = """
    SELECT count(*) FROM sqlite_master AS found, pragma_table_info(found.name) AS held
    WHERE found.type = 'table' AND found.name = ? AND held.name = 'version_num'
"""


class SqliteStorage(SqlStorage):
    """
    Keeps records in the SQLite file *path*; made at need, with its schema.

    Args:
        path: The file (absolute). Its directory must exist, on a local disk.
        wait_seconds: How long to wait for another process that writes.
        may_only_read: Where this user may not write the file or its directory, read what is there; writing is refused
            then, as ``is_read_only`` tells.

    Raises:
        StorageError: The file cannot be made, read or written, is damaged, or held records and is empty now.
        SchemaVersionError: A newer release made it.
    """

    def __init__(self, path: str, *, wait_seconds: float = WAIT_SECONDS, may_only_read: bool = False) -> None:
        self.path = os.path.abspath(path)
        self._wait_seconds = wait_seconds
        how = _how_to_read(self.path) if may_only_read else ""
        self.is_read_only = bool(how)
        kind = file_system_of(os.path.dirname(self.path), _read_mounts())
        if kind in _NETWORK:
            raise StorageError(
                f"The directory of {self.path} lies on a network file system ({kind}), where the locks and the shared "
                "memory that SQLite needs do not work.",
                mend="name a directory on a local disk in ORRERY_HOME, or keep records in PostgreSQL (storage: url).",
            )
        refuse_emptied(self.path)
        self._was_there = os.path.exists(self.path)
        self._database = _File(self.path, wait_seconds, how)
        super().__init__(self._database)
        try:
            if self.is_read_only:
                self._want_schema()
            else:
                self._make_schema()
                self._database.take_up()
        except DBAPIError as error:
            self._let_go()
            raise self._database.told(error) from error
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        self._forget()
        self._connections.close()

    def _make_schema(self) -> None:
        """Make the schema, or bring an older one up to date; nothing as a rule."""
        if self._has_this_schema():
            return
        found = self._find_schema()
        if found is not None and found.is_present:
            return
        with _locked(f"{self.path}.lock", self._wait_seconds, self.path):
            found = self._find_schema()
            if found is not None and found.is_present:
                return
            if found is not None:
                refuse_newer(found, self.path)
            elif self._was_there:
                refuse_without_tables(self.path)
            with self._database.writing.connect() as connection:
                if found is None:
                    _driver(connection).execute("PRAGMA journal_mode=WAL")
                    with connection.begin():
                        make_schema(connection)
                    return
                # Not a copy of the file: closing one here would drop the locks that this process has on it.
                _driver(connection).execute("VACUUM INTO ?", (_unused(f"{self.path}.before-{SCHEMA_VERSION}"),))
                with connection.begin():
                    migrate_schema(connection, found, self.path)

    def _want_schema(self) -> None:
        """Refuse records that had to be brought up to date first."""
        if self._has_this_schema():
            return
        found = self._find_schema()
        if found is not None and found.is_present:
            return
        if found is not None:
            refuse_newer(found, self.path)
        else:
            refuse_without_tables(self.path)
        raise StorageError(
            f"The database {self.path} was made by an older release, and cannot be written to bring it up to date.",
            mend="let somebody who may write there call `orrery db migrate`.",
        )

    def _has_this_schema(self) -> bool:
        """Tell whether the schema is that of this release; asked without the inspection, which takes 4 ms in a new process."""
        with self._database.reading.connect() as connection:
            if not connection.exec_driver_sql(_HAS_VERSION, (schema_version.name,)).scalar_one():
                return False
            revision = connection.exec_driver_sql(f"SELECT version_num FROM {schema_version.name}")  # noqa: S608  # ours
            return revision.scalars().all() == [SCHEMA_VERSION]

    def _find_schema(self) -> Schema | None:
        with self._database.reading.connect() as connection:
            return find_schema(connection, self.path)


def _how_to_read(path: str) -> str:
    """
    Return how SQLite is to open a file that this user may not write; nothing where it can be written, or is not there.

    A file with a write-ahead log is read with it. Where there is none, SQLite would have to make one; it is told that
    nobody changes the file.
    """
    if not os.path.isfile(path) or (os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)):
        return ""
    return "mode=ro" if os.path.exists(f"{path}-wal") and os.path.exists(f"{path}-shm") else "immutable=1"


def schema_of(path: str) -> str | None:
    """Return the revision of the schema that the file has; None if it has none, or is not there."""
    refuse_emptied(path)
    if not os.path.isfile(path):
        return None
    database = _File(path, WAIT_SECONDS)
    try:
        with database.reading.connect() as connection:
            found = find_schema(connection, path)
            return None if found is None else found.revision
    except DBAPIError as error:
        raise database.told(error) from error
    finally:
        database.reading.dispose()


class _File(Database):
    """
    What SQLite does its own way.

    A file beside the database keeps some room on the disk: when it is full, the room is given up for the event that
    ends a run.
    """

    def __init__(self, path: str, wait_seconds: float, how: str = "") -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._wait_seconds = wait_seconds
        self.writing = _engine(path, wait_seconds, begin="BEGIN IMMEDIATE", how=how)
        self.reading = _engine(path, wait_seconds, begin="BEGIN", how=how)

    def take_up(self) -> None:
        """Remember which file it is, and keep some room beside it."""
        found = os.stat(self._path)
        self._identity = found.st_dev, found.st_ino
        try:
            fd = os.open(f"{self._path}{RESERVE}", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            return
        try:
            os.posix_fallocate(fd, 0, _RESERVE_BYTES)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EINVAL, errno.EOPNOTSUPP):
                raise
            os.unlink(f"{self._path}{RESERVE}")  # there is none to keep: the next process may find some
        finally:
            os.close(fd)

    def make_room(self, error: BaseException | None) -> bool:
        """Give up the room that was kept, if *error* says that the disk is full and there is any."""
        code = getattr(getattr(error, "orig", None), "sqlite_errorname", None) or ""
        if not code.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
            return False
        try:
            os.unlink(f"{self._path}{RESERVE}")
        except FileNotFoundError:
            return False
        return True

    def _mind_deletion(self) -> None:
        """Refuse to write to a file that has no name any more: what went there would be lost."""
        try:
            found = os.stat(self._path)
            identity = found.st_dev, found.st_ino
        except FileNotFoundError:
            identity = None
        if self._identity is not None and identity != self._identity:
            raise StorageError(
                f"The database {self._path} was deleted or replaced while it was in use.",
                mend="put it back, or end this process and begin anew.",
            )

    def prepare(self, connection: Connection, *, durable: bool) -> None:
        """Have the next commit wait for the disk, or not."""
        self._mind_deletion()
        _driver(connection).execute("PRAGMA synchronous=FULL" if durable else "PRAGMA synchronous=NORMAL")

    def catch_up(self) -> None:
        """Have on the disk what was committed without waiting for it: the log beside the file, which holds no locks."""
        with suppress(
            FileNotFoundError
        ):  # the last who closed the database has put all of it into the file, and synced that
            sync_file(f"{self._path}-wal")

    def __str__(self) -> str:
        """Return the path of the file."""
        return self._path

    def sizes(self, connection: Connection) -> tuple[int, int]:
        """Return how many bytes the database takes, and how many of them are free."""
        page, pages, free = (
            int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
        return page * pages, page * free

    def find_damage(self, connection: Connection) -> list[str]:
        """Return what SQLite finds to be damaged."""
        found = connection.exec_driver_sql("PRAGMA quick_check(20)").scalars().all()
        return [] if found == ["ok"] else [f"SQLite: {' '.join(str(line).split())}." for line in found]

    def told(self, error: DBAPIError) -> Exception:
        """Return the error in our words."""
        cause = error.orig
        text = str(cause)
        code = getattr(cause, "sqlite_errorname", "") or ""
        if code.startswith("SQLITE_BUSY") or "locked" in text:
            return StorageUnavailableError(
                f"The database {self._path} was locked by another process for {self._wait_seconds:g} seconds"
                f"{_holder(self._path)}.",
                mend="end the process that holds it, then try again; `storage: {wait_seconds: ...}` in orrery.yaml waits longer.",
            )
        if code.startswith("SQLITE_FULL") or "disk is full" in text:
            return StorageUnavailableError(f"The disk of {self._path} is full.", mend="make room, then try again.")
        if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            return StorageError(
                f"The database {self._path} cannot be opened for writing: {text}.",
                mend="give yourself the right to write there, or name another directory in ORRERY_HOME.",
            )
        if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return StorageError(
                f"The database {self._path} is damaged: {text}.",
                mend="restore it from a copy; or save what is readable, `orrery db salvage --into NEW.db`, and put that in its "
                f"place; or move it away (with {os.path.basename(self._path)}-wal) to begin anew.",
            )
        return StorageError(f"The database {self._path} refused: {text}.", mend="look at the cause above.")


def file_system_of(directory: str, mounts: str) -> str | None:
    r"""
    Return the kind of file system on which a directory lies; None if that is not told.

    Args:
        directory: The directory (absolute).
        mounts: What ``/proc/self/mountinfo`` says.

    >>> file_system_of("/data/home", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /data rw - nfs4 server:/ rw")
    'nfs4'
    """
    best, kind = "", None
    place = os.path.realpath(directory)
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split()
        if not dash or len(fields) < 5:
            continue
        point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
        if f"{place}/".startswith(f"{point.rstrip('/')}/") and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


_OCTAL = re.compile(r"\\([0-7]{3})")


def _read_mounts() -> str:
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return ""  # not Linux


class _Dialect(SQLiteDialect_pysqlite):
    """
    What SQLAlchemy knows of SQLite, with transactions that begin as we say; the driver does not guess.

    Args:
        begin: The words that begin a transaction.
    """

    supports_statement_cache = True

    def __init__(self, begin: str) -> None:
        super().__init__(dbapi=sqlite3)
        self._begin = begin

    def do_begin(self, dbapi_connection: PoolProxiedConnection) -> None:
        """Begin a transaction: not by an event of the engine, which would be looked for at each statement."""
        cast(sqlite3.Connection, dbapi_connection.driver_connection).execute(self._begin)


@lru_cache(maxsize=2)
def _shared(begin: str) -> tuple[_Dialect, LRUCache[Any, Any]]:
    """
    Return what the engines of all files in this process have in common, and in forked children of it, too.

    That is SQLAlchemy's knowledge of SQLite, which takes 5 ms to make, and statements that were put into words before: a
    database that is opened again, or first in a child, need not begin anew.
    """
    dialect = _Dialect(begin)
    pool = NullPool(lambda: cast(DBAPIConnection, sqlite3.connect(":memory:", isolation_level=None)), dialect=dialect)
    with Engine(pool, dialect, _URL).connect() as connection:
        dialect.initialize(connection)
    return dialect, LRUCache(_STATEMENTS)


_URL = make_url("sqlite+pysqlite://")
_STATEMENTS = 1_000


def _engine(path: str, wait_seconds: float, *, begin: str, how: str) -> Engine:
    """Return an engine for the file, opened as *how* says, whose transactions begin with the words *begin*."""
    dialect, statements = _shared(begin)

    def connect() -> DBAPIConnection:
        connection = sqlite3.connect(
            f"file:{quote(path)}?{how}", uri=True, timeout=wait_seconds, check_same_thread=False, isolation_level=None
        )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA temp_store=MEMORY")
        return cast(DBAPIConnection, connection)

    pool = QueuePool(connect, pool_size=4, max_overflow=-1, dialect=dialect)
    return Engine(pool, dialect, _URL.set(database=path), execution_options={"compiled_cache": statements})


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _unused(path: str) -> str:
    """Return *path*, or *path* with a number, whichever is not there yet."""
    candidates = (path if number == 0 else f"{path}-{number}" for number in count())
    return next(candidate for candidate in candidates if not os.path.lexists(candidate))


@contextmanager
def _locked(path: str, seconds: float, database: str) -> Iterator[None]:
    """Hold an exclusive lock on the file *path*, against other processes and threads."""
    import fcntl  # not on Windows, where a database is made by one process at a time

    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StorageError(
            f"The directory of {database} cannot be written: {error.strerror}.",
            mend="give yourself the right to write there, or name another directory in ORRERY_HOME.",
        ) from error
    try:
        end = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise StorageUnavailableError(
                        f"Another process has been making the database {database} for {seconds:g} seconds"
                        f"{_holder(path)}.",
                        mend="end that process, then try again.",
                    ) from None
                time.sleep(0.01)
        yield
    finally:
        os.close(fd)


def _holder(path: str) -> str:
    """Return which processes have the file open, as far as this system tells."""
    try:
        wanted = os.stat(path)
    except OSError:
        return ""
    holders = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            for fd in (process / "fd").iterdir():
                found = fd.stat()
                if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                    holders.append(process.name)
                    break
        except OSError:
            continue
    return f" (open in process {', '.join(holders)})" if holders else ""
