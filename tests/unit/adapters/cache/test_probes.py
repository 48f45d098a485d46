"""Versions of what lies outside change when it does, and only then."""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest

from orrery.adapters.cache.probes import file_probe, file_version, rows_version, url_version
from orrery.base.errors import InvalidInvocationError, RemoteValueError, WrongArgumentsError


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    """One that was only touched is the same, unless the quick way was asked for."""
    path = tmp_path / "a.csv"
    path.write_text("1")
    exact, quick = file_version(path), file_version(path, quick=True)
    os.utime(path, (1, 1))
    assert file_version(path) == exact
    assert file_version(path, quick=True) != quick
    path.write_text("2")
    assert file_version(path) != exact


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(InvalidInvocationError, match=f"{path} is no file"):
            file_version(path)


def test_a_file_at_rest_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it changes, even where its time and size are put back; one that just changed is read each time."""
    path = tmp_path / "a.csv"
    path.write_text("1")
    os.utime(path, (1, 1))
    real = hashlib.file_digest
    read: list[str] = []

    def noted(file: Any, kind: str) -> Any:
        read.append(file.name)
        return real(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    first = file_version(path)
    assert file_version(path) == first
    assert len(read) == 2  # it was made a moment ago
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert [file_version(path) for _ in range(3)] == [first] * 3
    assert len(read) == 3
    path.write_text("2")
    os.utime(path, (1, 1))
    assert file_version(path) != first


def test_an_object_is_known_by_what_its_store_tells(tmp_path: Path) -> None:
    """Here the time of its last change, and its size."""
    path = f"memory://probe-{tmp_path.name}/a"
    with fsspec.open(path, "wb") as file:
        file.write(b"1")
    first = url_version(path)
    assert url_version(path) == first
    with fsspec.open(path, "wb") as file:
        file.write(b"23")
    assert url_version(path) != first


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """Return a server that tells what the test sets."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_HEAD(self) -> None:
            self.send_response(200)
            for name, value in self.server.told.items():  # type: ignore[attr-defined]  # set by the test
                self.send_header(name, value)
            self.end_headers()

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_page_is_known_by_its_tag_or_its_last_change(server: ThreadingHTTPServer) -> None:
    """One that tells neither has no version."""
    url = f"http://127.0.0.1:{server.server_address[1]}/a"
    server.told = {"ETag": 'W/"abc"'}  # type: ignore[attr-defined]  # read by the handler
    assert url_version(url).value == "abc"
    server.told = {"Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT", "Content-Length": "7"}  # type: ignore[attr-defined]
    assert url_version(url).value == "Mon, 01 Jan 2024 00:00:00 GMT-7"
    server.told = {}  # type: ignore[attr-defined]
    with pytest.raises(RemoteValueError, match="neither a tag nor when it changed"):
        url_version(url)


def test_a_page_that_is_out_of_reach_is_an_error() -> None:
    """It names the address."""
    with pytest.raises(RemoteValueError, match=r"http://127\.0\.0\.1:9/a is out of reach") as caught:
        url_version("http://127.0.0.1:9/a")
    assert caught.value.is_out_of_reach


def test_a_table_is_known_by_the_rows_of_a_query() -> None:
    """Of any connection that Python's databases give."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table orders (n integer)")
        query = "select count(*), max(n) from orders"
        empty = rows_version(connection, query)
        connection.execute("insert into orders values (1)")
        one = rows_version(connection, query)
        assert empty != one
        assert rows_version(connection, query) == one
    connection.close()


def test_a_probe_of_what_is_no_path_is_refused() -> None:
    with pytest.raises(WrongArgumentsError, match="'path' of file_probe is 3"):
        file_probe(3)  # type: ignore[arg-type]  # that is the point
