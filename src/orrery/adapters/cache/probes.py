"""
Versions of what lies outside: files, objects in a store, pages, tables.

The functions of versions are for ``@observable_source_asset``: what they return is recorded, and counts as the version of
an input. The probes are for ``probe=`` of a source: a run looks by itself.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

from orrery.base.arguments import check_kind
from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, RemoteValueError
from orrery.definitions.parts.probe import Probe
from orrery.model.events.data_version import DataVersion
from orrery.plan.fingerprint.canonical import canonical_digest
from orrery.runtime.files.entity_tags import tag_in
from orrery.runtime.files.patience import is_unanswered, patient_options

__all__ = ["file_probe", "file_version", "query_probe", "rows_version", "url_probe", "url_version"]

PARTITION = "{partition}"
_OUT = ("/", "\\", "\0")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")
_TIMEOUT_SECONDS = 30.0
_RESTING_SECONDS = 2.0
"""Coarser than the time stamps of any file system."""


def file_version(path: str | os.PathLike[str], *, quick: bool = False) -> DataVersion:
    """
    Return the version of a local file: the digest of its bytes.

    A process reads a file again only if its size, or the time of its last change of any kind, is another.

    Args:
        path: The file.
        quick: Take its size and the time of its last change instead; a file that was only touched is then another.

    Raises:
        FileNotFoundError: It is not there.
        InvalidInvocationError: It is a pipe, a socket or a device, whose bytes are gone once they were read, or never end.
    """
    found = os.stat(path)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise InvalidInvocationError(
            f"{os.fspath(path)} is no file, but a pipe, a socket or a device: it has no content that stays.",
            mend="name a file, or give a function that returns a DataVersion.",
        )
    if quick:
        return DataVersion(f"{found.st_mtime_ns}-{found.st_size}")
    if time.time() - found.st_ctime < _RESTING_SECONDS:  # the next change might get the same time
        return DataVersion(_digest(os.fspath(path)))
    state = (found.st_dev, found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size)
    return DataVersion(_known_digest(os.path.abspath(path), state))


@lru_cache(maxsize=10_000)
def _known_digest(path: str, state: tuple[int, ...]) -> str:
    """Return the digest of a file in a state that the system tells; nobody can set the time of its last change (ctime)."""
    return _digest(path)


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def url_version(url: str, options: dict[str, Any] | None = None) -> DataVersion:
    """
    Return the version of what lies at *url*, without reading it: its entity tag, or else its size and last change.

    Args:
        url: An address of the web, or of a file system that fsspec knows (``s3://bucket/key``).
        options: Options of the file system.

    Raises:
        RemoteValueError: The place tells neither a tag nor a time, or is out of reach.
    """
    if url.startswith(("http://", "https://")):
        return _page_version(url)
    import fsspec  # 40 ms, and only who looks at other places needs it

    fs, path = fsspec.core.url_to_fs(url, **patient_options(url, options, os.environ))
    fs.invalidate_cache()
    try:
        info = fs.info(path)
    except Exception as error:  # each library has its own errors of the network
        if not is_unanswered(error):
            raise
        raise RemoteValueError(
            f"{url} is out of reach: {error}", mend="check the address and the network.", is_out_of_reach=True
        ) from error
    tag = tag_in(info)
    if tag is not None:
        return DataVersion(tag)
    for name in _TIMES:
        if info.get(name) is not None:
            return DataVersion(f"{info[name]}-{info.get('size')}")
    raise _untold(url)


def _page_version(url: str) -> DataVersion:
    from urllib.error import URLError  # 20 ms, and only who looks at pages needs it
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(url, method="HEAD"), timeout=_TIMEOUT_SECONDS) as answer:  # http, as was asked
            headers = answer.headers
    except (URLError, OSError) as error:
        raise RemoteValueError(
            f"{url} is out of reach: {error}", mend="check the address and the network.", is_out_of_reach=True
        ) from error
    tag = headers.get("ETag")
    if tag:
        return DataVersion(tag.removeprefix("W/").strip('"'))
    changed = headers.get("Last-Modified")
    if changed:
        return DataVersion(f"{changed}-{headers.get('Content-Length')}")
    raise _untold(url)


def _untold(url: str) -> RemoteValueError:
    return RemoteValueError(
        f"{url} tells neither a tag nor when it changed.",
        mend="read it, and return DataVersion(...) of a digest of what you read.",
    )


def rows_version(connection: Any, query: str) -> DataVersion:
    """
    Return the version of a table: the digest of the rows that *query* gives.

    Args:
        connection: A connection by the rules of Python's databases, or one of SQLAlchemy.
        query: A query that changes with the table, and is cheap: ``select count(*), max(changed) from orders``.

    Raises:
        RemoteValueError: The rows hold values of which no digest can be taken.
    """
    if hasattr(connection, "exec_driver_sql"):
        rows = connection.exec_driver_sql(query).fetchall()
    else:
        cursor = connection.cursor()
        cursor.execute(query)
        rows = cursor.fetchall()
    digest = canonical_digest([tuple(row) for row in rows])
    if digest is None:
        raise RemoteValueError(
            f"The rows of {query!r} hold values of which no digest can be taken.",
            mend="select numbers, texts and instants.",
        )
    return DataVersion(digest)


def file_probe(
    path: str | os.PathLike[str], *, quick: bool = False, max_lag: Any = None, on_failure: str = "fail"
) -> Probe:
    """
    Return a probe of a local file: see :func:`file_version`.

    Args:
        path: The file; a relative one lies below the folder in which the run works. ``{partition}`` in it stands for the
            key of a partition, where the source has partitions and each a file of its own.
        quick: Go by size and time of the last change alone.
        max_lag: How long what was seen last counts (a ``timedelta`` or seconds).
        on_failure: ``fail`` if the file is not there, or ``warn`` and go by what was seen last.

    >>> file_probe("prices.csv", max_lag=60).max_lag
    60.0
    """
    kinds = (str, os.PathLike)
    text = os.fspath(check_kind(path, kinds, name="path", of="file_probe", wanted="the path of a file"))
    look: Callable[..., Any] = partial(file_version, text, quick=quick)
    if PARTITION in text:
        look = partial(_file_of_partition, text, quick)
    return Probe(look, max_lag, on_failure)


def url_probe(
    url: str, options: dict[str, Any] | None = None, *, max_lag: Any = None, on_failure: str = "fail"
) -> Probe:
    """
    Return a probe of a page, or of an object in a store: see :func:`url_version`.

    Args:
        url: An address of the web, or of a file system that fsspec knows (``s3://bucket/key``). ``{partition}`` in it
            stands for the key of a partition, as in :func:`file_probe`.
        options: Options of the file system.
        max_lag: How long what was seen last counts (a ``timedelta`` or seconds).
        on_failure: ``fail`` if the place is out of reach, or ``warn`` and go by what was seen last.
    """
    look: Callable[..., Any] = partial(url_version, url, options)
    if PARTITION in url:
        look = partial(_url_of_partition, url, options)
    return Probe(look, max_lag, on_failure)


def _file_of_partition(path: str, quick: bool, partition: str) -> DataVersion:
    return file_version(_with_partition(path, partition), quick=quick)


def _url_of_partition(url: str, options: dict[str, Any] | None, partition: str) -> DataVersion:
    if url.startswith(("http://", "https://")):
        return url_version(url.replace(PARTITION, quote(partition, safe="")), options)
    return url_version(_with_partition(url, partition), options)


def _with_partition(path: str, partition: str) -> str:
    if partition in (".", "..") or any(each in partition for each in _OUT):
        raise InvalidDefinitionError(
            f"The partition key '{partition}' cannot stand in {path}: it may lead elsewhere.",
            mend="give a function of the key that returns a DataVersion.",
        )
    return path.replace(PARTITION, partition)


def query_probe(connect: Callable[[], Any], query: str, *, max_lag: Any = None, on_failure: str = "fail") -> Probe:
    """
    Return a probe of a table: see :func:`rows_version`.

    Args:
        connect: Function that opens a connection, which is closed after the look: ``engine.connect`` of SQLAlchemy,
            ``lambda: sqlite3.connect("shop.db")``.
        query: A query that changes with the table, and is cheap: ``select count(*), max(changed) from orders``.
        max_lag: How long what was seen last counts (a ``timedelta`` or seconds).
        on_failure: ``fail`` if the query fails, or ``warn`` and go by what was seen last.

    Raises:
        InvalidDefinitionError: *connect* is a connection, not a function that opens one.
    """
    given: object = connect
    if not callable(given) or hasattr(given, "cursor"):
        raise InvalidDefinitionError(
            f"query_probe(connect={connect!r}): that is no function that opens a connection.",
            mend='write query_probe(lambda: sqlite3.connect("shop.db"), "select ...").',
        )
    return Probe(partial(_rows_version_once, connect, query), max_lag, on_failure)


def _rows_version_once(connect: Callable[[], Any], query: str) -> DataVersion:
    connection = connect()
    try:
        return rows_version(connection, query)
    finally:
        connection.close()
