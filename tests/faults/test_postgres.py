"""Records in PostgreSQL under faults: cut connections, a restarted server, lost answers, refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from orrery.adapters.storage.postgres import PostgresStorage
from orrery.base.errors import StorageError, StorageUnavailableError
from orrery.base.keys import AssetKey
from orrery.model.records.run import Run
from orrery.runtime.ports.schedules import TickRow
from orrery.testing.conformance.samples import JOB, line, materialized
from orrery.testing.postgres import PASSWORD, PostgresServer

SOURCES = str(Path(__file__).parents[2] / "src")


@pytest.fixture(scope="module")
def server(postgres_server_to_stop: PostgresServer) -> PostgresServer:
    return postgres_server_to_stop


@pytest.fixture
def url(server: PostgresServer) -> str:
    return server.new_database()


@pytest.fixture
def storage(url: str) -> Iterator[PostgresStorage]:
    storage = PostgresStorage(url)
    yield storage
    storage.dispose()


def messages(storage: PostgresStorage, run_id: str = "run-1") -> list[str]:
    return [record.event_log_entry.user_message for record in storage.get_records_for_run(run_id).records]


def test_six_processes_open_a_fresh_database_and_write_at_once(url: str) -> None:
    """The schema is made once, nothing is lost, and every entry has a storage id of its own."""
    program = """
        import sys
        from orrery.adapters.storage.postgres import PostgresStorage
        from orrery.testing.conformance.samples import line

        print("ready", flush=True)
        sys.stdin.readline()
        storage = PostgresStorage(sys.argv[1])
        for number in range(40):
            storage.store_entries([line(str(number), sys.argv[2]) for _ in range(3)])
            if number % 10 == 0:
                storage.flush()
        storage.dispose()
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), url, f"run-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )
        for number in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    storage = PostgresStorage(url)
    ids = []
    for number in range(6):
        records = storage.get_records_for_run(f"run-{number}").records
        assert [int(record.event_log_entry.user_message) for record in records] == [n // 3 for n in range(120)]
        ids += [record.storage_id for record in records]
    assert sorted(ids) == list(range(1, 721))
    storage.dispose()


def test_cut_connections_are_made_again(server: PostgresServer, storage: PostgresStorage) -> None:
    """For whoever reads and whoever writes; nobody notices."""
    storage.store_entries([line("before")])
    storage.flush()
    server.cut_connections()
    assert messages(storage) == ["before"]
    server.cut_connections()
    storage.store_entries([line("after")])
    storage.flush()
    server.cut_connections()
    storage.add_run(Run(job_name=JOB, run_id="run-1"))
    assert storage.has_run("run-1")
    assert messages(storage) == ["before", "after"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_restarted_server_loses_and_doubles_nothing(
    server: PostgresServer, storage: PostgresStorage, how: signal.Signals
) -> None:
    """A run goes on writing while the server stops and comes back."""
    stop = threading.Event()
    written: list[int] = []
    failed: list[Exception] = []

    def write() -> None:
        try:
            while not stop.is_set():
                number = len(written)
                storage.store_entries([materialized("a", partition=str(number))])
                storage.flush()
                written.append(number)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    for _ in range(2):
        reached = len(written) + 20
        while len(written) < reached and thread.is_alive():
            stop.wait(0.01)
        server.stop(how)
        server.start()
    reached = len(written) + 20
    while len(written) < reached and thread.is_alive():
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert failed == []
    partitions = [int(record.partition_key or -1) for record in storage.get_records_for_run("run-1").records]
    assert partitions == written
    assert storage.get_materialized_partitions(AssetKey("a")) == set(map(str, written))


def test_a_transaction_that_a_crash_took_back_is_written_again(
    server: PostgresServer, storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the server, which knows nothing of it, gives its number to another transaction, which is committed."""
    from sqlalchemy.engine.default import DefaultDialect

    storage.store_entries([materialized("a", partition="first")])
    storage.flush()
    numbers: list[int] = []
    real: Callable[..., Any] = DefaultDialect.do_commit

    def number() -> int:
        return int(server.execute("SELECT pg_current_xact_id()::text")[0][0])

    def commit(dialect: Any, driver: Any) -> None:
        if not numbers:
            numbers.append(int(driver.execute("SELECT pg_current_xact_id()::text").fetchone()[0]))
            server.stop(signal.SIGQUIT)
            server.start()
            while number() < numbers[0]:
                continue
        real(dialect, driver)

    monkeypatch.setattr(DefaultDialect, "do_commit", commit)
    storage.store_entries([materialized("a", partition="second")])
    storage.flush()
    assert len(numbers) == 1
    assert [record.partition_key for record in storage.get_records_for_run("run-1").records] == ["first", "second"]


def test_writers_leave_nothing_of_themselves_behind(url: str) -> None:
    """Their own row goes when they close; one of a process that was killed, when another begins a week later."""
    first = PostgresStorage(url)
    first.add_run(Run(job_name=JOB, run_id="run-1"))
    assert _writers(first) == 1
    second = PostgresStorage(url)
    second.add_run(Run(job_name=JOB, run_id="run-2"))
    assert _writers(first) == 2
    second.dispose()
    assert _writers(first) == 1

    def lie_there(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO counters (name, value) VALUES ('writer:2020-01-01:killed', 7)")

    first._connections.write(lie_there, True)
    assert _writers(first) == 2
    third = PostgresStorage(url)
    third.add_run(Run(job_name=JOB, run_id="run-3"))
    assert _writers(first) == 2
    third.dispose()
    first.dispose()


def _writers(storage: PostgresStorage) -> int:
    ask = text("SELECT count(*) FROM counters WHERE name LIKE 'writer:%'")
    return storage._connections.read(lambda connection: int(connection.execute(ask).scalar_one()))


@pytest.mark.parametrize("arrives", [True, False])
def test_a_commit_whose_answer_is_lost_is_not_repeated_blindly(
    server: PostgresServer, storage: PostgresStorage, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """Whether it reached the server or not, its entries are there once, and its result is told."""
    storage.store_entries([line("first")])
    storage.flush()
    lost = _lose_one_commit(server, monkeypatch, arrives=arrives)
    storage.store_entries([line("second"), materialized("a")])
    storage.flush()
    assert lost == ["commit"]
    lost = _lose_one_commit(server, monkeypatch, arrives=arrives)
    tick = TickRow(selector_id="s", origin_id="o", status="STARTED", timestamp=1.0, body=b"{}")
    stored = storage.add_tick(tick)
    assert lost == ["commit"]
    assert [row.tick_id for row in storage.get_ticks("s")] == [stored.tick_id]
    storage.store_entries([line("third", "run-2")])
    assert messages(storage)[:2] == ["first", "second"]
    assert len(messages(storage)) == 3
    assert messages(storage, "run-2") == ["third"]


def _lose_one_commit(server: PostgresServer, monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> list[str]:
    """Cut the connection at the next commit: after it or instead of it; return a list that then has a member."""
    from sqlalchemy.engine.default import DefaultDialect

    lost: list[str] = []
    real: Callable[..., Any] = DefaultDialect.do_commit

    def commit(dialect: Any, driver: Any) -> None:
        if not lost:
            lost.append("commit")
            if arrives:
                real(dialect, driver)
            server.cut_connections()
            driver.execute("SELECT 1")  # what the driver finds out at once
        real(dialect, driver)

    monkeypatch.setattr(DefaultDialect, "do_commit", commit)
    return lost


def test_a_server_that_stays_away_is_told(server: PostgresServer, url: str) -> None:
    """After the time that was set; the next write works when it is back."""
    storage = PostgresStorage(url, wait_seconds=0.5)
    storage.store_entries([line("before")])
    storage.flush()
    server.stop()
    try:
        storage.store_entries([line("lost")])
        with pytest.raises(StorageUnavailableError, match="cannot be reached") as told:
            storage.flush()
        assert "127.0.0.1" in str(told.value)
        assert PASSWORD not in str(told.value)
        with pytest.raises(StorageUnavailableError, match="cannot be reached"):
            storage.get_run_records()
        with pytest.raises(StorageUnavailableError, match="cannot be reached"):
            PostgresStorage(url, wait_seconds=0.1)
    finally:
        server.start()
    storage.store_entries([line("after")])
    storage.flush()
    assert messages(storage) == ["before", "after"]
    storage.dispose()


def test_a_lock_that_stays_is_told_with_its_holder(storage: PostgresStorage, url: str) -> None:
    """By the number of the session."""
    held, release = threading.Event(), threading.Event()

    def hold(connection: Connection) -> int:
        held.set()
        release.wait(60)
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())

    holders: list[int] = []
    thread = threading.Thread(target=lambda: holders.append(storage._connections.write(hold, True)))
    thread.start()
    held.wait(60)
    other = PostgresStorage(url, wait_seconds=0.2)
    try:
        with pytest.raises(
            StorageUnavailableError, match=r"locked by another process for 0.2 seconds \(held by"
        ) as told:
            other.add_run(Run(job_name=JOB, run_id="run-1"))
    finally:
        release.set()
        thread.join()
    assert f"session {holders[0]} of 'orrery'" in str(told.value)
    other.add_run(Run(job_name=JOB, run_id="run-1"))
    other.dispose()


def test_a_wrong_password_is_told_at_once_and_not_shown(server: PostgresServer) -> None:
    """Neither it nor the right one."""
    wrong = server.url("postgres", password="hunter2")
    with pytest.raises(StorageError, match="lets nobody in") as told:
        PostgresStorage(wrong)
    assert "hunter2" not in _all_texts(told.value)


def test_a_database_that_is_not_there_is_told_at_once(server: PostgresServer) -> None:
    """By its name."""
    with pytest.raises(StorageError, match="lets nobody in") as told:
        PostgresStorage(server.url("nowhere"))
    assert "nowhere" in str(told.value)
    assert PASSWORD not in _all_texts(told.value)


def _all_texts(error: BaseException | None) -> str:
    texts = []
    while error is not None:
        texts.append(f"{error!r} {error}")
        error = error.__cause__ or error.__context__
    return " ".join(texts)


def test_a_read_only_server_is_told(server: PostgresServer, url: str) -> None:
    """A replica reads, and refuses to write."""
    PostgresStorage(url).dispose()
    server.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    storage = PostgresStorage(url)
    assert storage.get_run_records() == []
    with pytest.raises(StorageError, match="read-only"):
        storage.add_run(Run(job_name=JOB, run_id="run-1"))
    storage.dispose()


def test_a_forked_child_has_connections_of_its_own(storage: PostgresStorage) -> None:
    """Both go on."""
    storage.store_entries([line("parent")])
    storage.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            storage.store_entries([line("child", "run-2")])
            storage.flush()
            code = 0 if messages(storage, "run-2") == ["child"] else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    storage.store_entries([line("parent again")])
    assert messages(storage) == ["parent", "parent again"]


def test_a_database_in_another_encoding_is_refused(server: PostgresServer) -> None:
    """It cannot hold every key."""
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(StorageError, match="keeps text as LATIN1"):
        PostgresStorage(server.url("latin"))


def test_tables_of_another_program_are_refused(server: PostgresServer, url: str) -> None:
    """They are named and stay."""
    name = url.rpartition("/")[2]
    server.execute("CREATE TABLE runs (distance int)", name)
    with pytest.raises(StorageError, match=r"another program \(runs"):
        PostgresStorage(url)
    assert server.execute("SELECT count(*) FROM runs", name) == [(0,)]


def test_what_was_promised_waits_for_the_disk(storage: PostgresStorage) -> None:
    """A line of the log need not."""
    seen: list[str] = []

    def ask(connection: Connection) -> None:
        seen.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())

    storage._connections.write(ask, True)
    storage._connections.write(ask, False)
    assert seen == ["on", "off"]


def test_errors_that_are_no_loss_are_not_repeated(storage: PostgresStorage) -> None:
    """A statement that is refused is refused once."""
    calls: list[int] = []

    def wrong(connection: Connection) -> None:
        calls.append(1)
        connection.exec_driver_sql("SELECT nonsense")

    with pytest.raises(StorageError, match="refused"):
        storage._connections.write(wrong, True)
    with pytest.raises(StorageError, match="refused"):
        storage._connections.read(wrong)
    assert calls == [1, 1]
