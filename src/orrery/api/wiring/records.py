"""
Where the records of a persistent instance are kept, as ``storage:`` in its settings says.

Nothing said: a SQLite file in the instance's directory. A URL of PostgreSQL: there. A value of the settings may be
``{env: NAME}``: what the environment variable holds, read when the instance is opened and kept nowhere.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from orrery.adapters.storage.emptied import had_records
from orrery.base.bulk import loaded_module
from orrery.base.errors import StorageError, nearest_hint

__all__ = ["RecordsOnDemand", "RecordsSettings", "open_records", "records_settings"]

WAIT_SECONDS = 60.0


class RecordsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """
    What the settings say about the records.

    Attributes:
        url: Of the database, with its password; None for a SQLite file in the instance's directory.
        wait_seconds: How long to wait for others that write, and for a server that went away.
    """

    url: str | None = None
    wait_seconds: float = WAIT_SECONDS


_KEYS = ("url", "password", "wait_seconds")


def records_settings(settings: Mapping[str, Any], environment: Mapping[str, str]) -> RecordsSettings:
    """
    Return what ``storage:`` of *settings* says.

    Args:
        settings: Of the instance.
        environment: Variables by name.

    Raises:
        StorageError: A setting is unknown or of another type, or names a variable that is not set.
    """
    given = settings.get("storage")
    if given is None:
        return RecordsSettings()
    if not isinstance(given, Mapping):
        raise StorageError(
            f"The setting 'storage' is a mapping, not {type(given).__name__}.",
            mend="write 'storage: {url: postgresql+psycopg://...}'.",
        )
    for key in given:
        if key == "sqlite":
            raise StorageError(
                "The settings have 'storage: sqlite'; Orrery keeps its SQLite file in the instance's directory.",
                mend="leave it out, and name the directory in ORRERY_HOME.",
            )
        if key not in (*_KEYS, "postgres"):
            raise StorageError(
                f"The settings have 'storage: {key}', which nobody knows.",
                mend=nearest_hint(str(key), _KEYS, noun="setting"),
            )
    if "postgres" in given:
        given = {**_in_postgres(given["postgres"], environment), **{k: v for k, v in given.items() if k != "postgres"}}
    url = _text(given, "url", environment)
    password = _text(given, "password", environment)
    wait_seconds = given.get("wait_seconds", WAIT_SECONDS)
    if isinstance(wait_seconds, bool) or not isinstance(wait_seconds, int | float) or not 0 <= wait_seconds <= 86_400:
        raise StorageError(
            f"The setting 'storage: wait_seconds' is a number of seconds up to a day, not {wait_seconds!r}.",
            mend=f"write 'wait_seconds: {WAIT_SECONDS:g}', or leave it out.",
        )
    if password is not None:
        if url is None:
            raise StorageError(
                "The settings have 'storage: password' without a URL.", mend="add 'url: postgresql+psycopg://...'."
            )
        url = _with_password(url, password)
    return RecordsSettings(url=url, wait_seconds=float(wait_seconds))


def _in_postgres(given: Any, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return URL and password that ``postgres:`` says, as in the settings of a Dagster instance."""
    if isinstance(given, Mapping) and "postgres_url" in given:
        return {"url": given["postgres_url"]}
    parts = given.get("postgres_db") if isinstance(given, Mapping) else None
    if not isinstance(parts, Mapping):
        raise StorageError(
            "The setting 'storage: postgres' has neither 'postgres_url' nor 'postgres_db'.",
            mend="write 'storage: {url: postgresql+psycopg://user@host:5432/database}'.",
        )
    from urllib.parse import quote, urlencode  # 3 ms, and most homes have no such setting

    found = {key: _text(parts, key, environment) for key in ("hostname", "username", "db_name")}
    for key, value in found.items():
        if not value:
            raise StorageError(
                f"The settings have 'storage: postgres: postgres_db' without '{key}'.", mend=f"add '{key}: ...'."
            )
    user, host, database = (quote(found[key] or "", safe="") for key in ("username", "hostname", "db_name"))
    port, params = parts.get("port", 5432), parts.get("params")
    if isinstance(port, Mapping):
        port = _text(parts, "port", environment)
    query = f"?{urlencode(params)}" if isinstance(params, Mapping) and params else ""
    url = f"postgresql+psycopg://{user}@{host}:{port}/{database}{query}"
    return {"url": url, "password": parts["password"]} if "password" in parts else {"url": url}


def _text(given: Mapping[str, Any], key: str, environment: Mapping[str, str]) -> str | None:
    value = given.get(key)
    if isinstance(value, Mapping) and list(value) == ["env"]:
        name = str(value["env"])
        if name not in environment:
            raise StorageError(
                f"The setting 'storage: {key}' takes the environment variable {name}, which is not set.",
                mend=f"set {name}, or write the value itself.",
            )
        return environment[name]
    if value is None or isinstance(value, str):
        return value
    raise StorageError(
        f"The setting 'storage: {key}' is text or '{{env: NAME}}', not {type(value).__name__}.",
        mend=f"write '{key}: ...' or '{key}: {{env: NAME}}'.",
    )


def _with_password(url: str, password: str) -> str:
    from urllib.parse import quote, urlsplit  # 3 ms, and most homes have no such setting

    parts = urlsplit(url)
    user, at, where = parts.netloc.rpartition("@")
    if not at or not user or ":" in user:
        raise StorageError(
            "The settings have 'storage: password', and a URL "
            + ("with a password of its own." if ":" in user else "without a user."),
            mend="write 'url: postgresql+psycopg://user@host:5432/database'.",
        )
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{where}").geturl()


class RecordsOnDemand:
    """
    Records that are opened when something is asked of them, for processes that as a rule ask nothing: workers.

    Any thread may use them.

    Args:
        open_now: Opens them.
    """

    is_persistent = True

    def __init__(self, open_now: Callable[[], Any]) -> None:
        self._open_now = open_now
        self._lock = threading.Lock()
        self._opened: Any = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_now()
        return getattr(self._opened, name)

    def dispose(self) -> None:
        """Let go of them, if they were opened."""
        if self._opened is not None:
            self._opened.dispose()


def open_records(home: str, settings: Mapping[str, Any], *, may_only_read: bool = False) -> Any:
    """
    Return the storage of records that *settings* name, opened.

    With *may_only_read* a SQLite file that this user may not write is opened to read, with a warning.

    Raises:
        StorageError: The settings are wrong, or the database cannot be used.
    """
    found = records_settings(settings, os.environ)
    if found.url is None:
        # SQLAlchemy alone takes 100 ms to import, and ephemeral instances do without.
        adapter = loaded_module("orrery.adapters.storage.sqlite")
        path = os.path.join(home, "orrery.db")
        is_gone = had_records(path) and not os.path.exists(path)
        storage = adapter.SqliteStorage(path, wait_seconds=found.wait_seconds, may_only_read=may_only_read)
        if is_gone:
            warnings.warn(
                f"There was no database {path}, though {home} holds what runs have left: a new one is begun, in which nothing is "
                "known of them. If there was one, end this, and put it back from a copy.",
                stacklevel=1,
            )
        if storage.is_read_only:
            warnings.warn(f"The records in {home} cannot be written by this user: they are only read.", stacklevel=1)
        return storage
    try:
        adapter = loaded_module("orrery.adapters.storage.postgres")
        return adapter.PostgresStorage(found.url, wait_seconds=found.wait_seconds)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("psycopg"):
            raise
        raise StorageError(
            "Records in PostgreSQL need the driver psycopg 3, which is not installed.",
            mend="install it with `pip install 'orrery[postgres]'`.",
        ) from error
