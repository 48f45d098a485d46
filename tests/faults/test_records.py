"""Records under faults: what was acknowledged is there, and errors name the file and the mend."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orrery import asset, materialize
from orrery.adapters.storage import sqlite
from orrery.adapters.storage.sqlite import SqliteStorage
from orrery.base.errors import StorageError
from orrery.model.events import build
from orrery.model.events.event import EventType
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.files.sync import sync_file
from orrery.runtime.instance import Instance
from orrery.testing.conformance.samples import JOB, entry_of, line, materialized

SOURCES = str(Path(__file__).parents[2] / "src")


def start(program: str, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "orrery.db"


@pytest.fixture
def storage(path: Path) -> Iterator[SqliteStorage]:
    storage = SqliteStorage(str(path))
    yield storage
    storage.dispose()


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def test_six_processes_open_a_fresh_home_at_once(path: Path) -> None:
    """The schema is made once and every process can write."""
    program = """
        import sys
        from orrery.adapters.storage.sqlite import SqliteStorage
        from orrery.testing.conformance.samples import line

        print("ready", flush=True)
        sys.stdin.readline()
        storage = SqliteStorage(sys.argv[1])
        storage.store_entries([line(sys.argv[2], sys.argv[2])])
        storage.flush()
        storage.dispose()
    """
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(path), f"run-{number}"],
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
    storage = SqliteStorage(str(path))
    assert storage.get_maximum_record_id() == 6
    storage.dispose()


def test_eight_processes_write_one_log(path: Path, storage: SqliteStorage) -> None:
    """Nothing is lost, and every entry has a storage id of its own."""
    program = """
        import sys
        from orrery.adapters.storage.sqlite import SqliteStorage
        from orrery.testing.conformance.samples import line

        storage = SqliteStorage(sys.argv[1])
        for number in range(50):
            storage.store_entries([line(str(number), sys.argv[2]) for _ in range(4)])
            if number % 10 == 0:
                storage.flush()
        storage.dispose()
    """
    processes = [start(program, path, f"run-{number}") for number in range(8)]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    ids = []
    for number in range(8):
        records = storage.get_records_for_run(f"run-{number}").records
        assert [int(record.event_log_entry.user_message) for record in records] == [n // 4 for n in range(200)]
        ids += [record.storage_id for record in records]
    assert sorted(ids) == list(range(1, 1601))


def test_acknowledged_events_survive_a_kill(path: Path) -> None:
    """Kill -9 in the midst of writing: what flush returned for is there, in a database without faults."""
    program = """
        import sys
        from orrery.adapters.storage.sqlite import SqliteStorage
        from orrery.model.records.run import Run
        from orrery.testing.conformance.samples import materialized

        storage = SqliteStorage(sys.argv[1])
        storage.add_run(Run(job_name="job", run_id="run-1"))
        for number in range(100_000):
            storage.store_entries([materialized("a", partition=str(number))])
            if number % 5 == 0:
                storage.flush()
                print(number, flush=True)
    """
    process = start(program, path)
    assert process.stdout is not None
    last = 0
    for _ in range(20):
        last = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    rest = process.communicate(timeout=60)[0].split()
    last = int(rest[-1]) if rest else last
    assert integrity(path) == "ok"
    storage = SqliteStorage(str(path))
    records = storage.get_records_for_run("run-1").records
    partitions = [int(record.partition_key or -1) for record in records]
    assert partitions == list(range(len(partitions)))
    assert len(partitions) > last
    assert len(storage.get_run_records()) == 1
    (state,) = storage.get_asset_states()
    assert state.last_materialization == records[-1]
    storage.dispose()


def test_a_locked_database_is_waited_for(path: Path, storage: SqliteStorage) -> None:
    """Another process holds it for a while; nothing is lost."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    storage.store_entries([line("late")])
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    storage.flush()
    release.join()
    other.close()
    assert len(storage.get_records_for_run("run-1").records) == 1


def test_a_database_that_stays_locked_is_told(path: Path) -> None:
    """By the names of the file and of the process that has it."""
    storage = SqliteStorage(str(path), wait_seconds=0.2)
    holder = start(
        """
        import sqlite3, sys, time
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("held", flush=True)
        time.sleep(60)
        """,
        path,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        storage.store_entries([line("lost")])
        with pytest.raises(StorageError, match="locked by another process") as told:
            storage.flush()
        assert str(path) in str(told.value)
        assert str(holder.pid) in str(told.value)
        with pytest.raises(StorageError, match="locked by another process"):
            storage.add_run(Run(job_name=JOB, run_id="run-1"))
    finally:
        holder.kill()
        holder.communicate()
    storage.store_entries([line("after")])
    storage.flush()
    log = storage.get_records_for_run("run-1").records
    assert [record.event_log_entry.user_message for record in log] == ["after"]
    storage.dispose()


def test_a_run_that_cannot_be_recorded_calls_no_more_functions(tmp_path: Path) -> None:
    """What they did would be known to nobody. Once the records can be written again, the run says why it failed."""
    called: list[str] = []
    locks: list[sqlite3.Connection] = []

    def function_of(name: str) -> Callable[[], None]:
        def function() -> None:
            called.append(name)
            if len(called) == 1:
                lock = sqlite3.connect(tmp_path / "orrery.db", isolation_level=None, check_same_thread=False)
                lock.execute("BEGIN IMMEDIATE")
                locks.append(lock)
                threading.Timer(3, lambda: lock.execute("ROLLBACK")).start()

        return function

    assets = [asset(name=f"a{number}")(function_of(f"a{number}")) for number in range(20)]
    with Instance.local_temp(str(tmp_path), overrides={"storage": {"wait_seconds": 2}}) as instance:
        with pytest.raises(StorageError, match="locked by another process"):
            materialize(assets, instance=instance)
        (run,) = instance.get_runs()
        (failure,) = instance.all_logs(run.run_id, of_type=EventType.RUN_FAILURE)
        data = failure.get_dagster_event().job_failure_data
    assert len(called) == 1
    assert run.status is RunStatus.FAILURE
    assert data.error is not None
    assert "locked by another process" in data.error.message
    locks[0].close()


@pytest.mark.parametrize("damage", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 4_000])
def test_a_damaged_database_is_told_at_opening(path: Path, damage: bytes) -> None:
    """With what to do; it is not overwritten."""
    path.write_bytes(damage)
    with pytest.raises(StorageError, match="damaged") as told:
        SqliteStorage(str(path))
    assert str(path) in str(told.value)
    assert "Try: restore it" in str(told.value)
    assert path.read_bytes() == damage


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands in its way."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made") as told:
        Instance.local_temp(str(tmp_path / "file" / "home"))
    assert "ORRERY_HOME" in str(told.value)


def test_a_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    """The database's own directory is not made here."""
    with pytest.raises(StorageError, match="cannot be opened"):
        SqliteStorage(str(tmp_path / "gone" / "orrery.db"))


def test_a_read_only_home_is_told() -> None:
    """Before anything is lost. Root may write everywhere, and asks as nobody."""
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o555)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                SqliteStorage(f"{home}/orrery.db")
            except BaseException as error:
                os.write(writing, f"{type(error).__name__}: {error}".encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        told = os.read(reading, 10_000).decode()
        os.close(reading)
        os.chmod(home, 0o755)
    assert told.startswith("StorageError: The d")
    assert home in told
    assert "cannot be" in told
    assert "ORRERY_HOME" in told


def test_a_database_that_is_deleted_in_use_is_told(path: Path, storage: SqliteStorage) -> None:
    """What was written to a file without a name would be lost; when it is back, all goes on."""
    storage.store_entries([line("before")])
    storage.flush()
    path.rename(path.with_name("moved.db"))
    storage.store_entries([line("lost")])
    with pytest.raises(StorageError, match="deleted or replaced while it was in use") as told:
        storage.flush()
    assert str(path) in str(told.value)
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="deleted or replaced"):
        storage.add_run(Run(job_name=JOB, run_id="run-1"))
    path.with_name("moved.db").rename(path)
    storage.store_entries([line("after")])
    storage.flush()
    log = storage.get_records_for_run("run-1").records
    assert [record.event_log_entry.user_message for record in log] == ["before", "after"]


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a file is made; its kind is named, and what to do."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:50 / {tmp_path} rw shared:1 - nfs4 server:/home rw\n")
    monkeypatch.setattr("orrery.adapters.storage.sqlite._MOUNTS", mounts)
    with pytest.raises(StorageError, match=r"network file system \(nfs4\)") as told:
        SqliteStorage(str(tmp_path / "orrery.db"))
    assert "PostgreSQL" in str(told.value)
    assert not (tmp_path / "orrery.db").exists()
    mounts.write_text(mounts.read_text().replace("nfs4", "xfs"))
    SqliteStorage(str(tmp_path / "orrery.db")).dispose()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of some megabytes of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_run_ends_and_says_so_on_a_full_disk(small_disk: Path) -> None:
    """Room was kept for its last event; the next run works when there is some again."""
    program = """
        import sys
        from pathlib import Path
        import orrery as og

        home, filler = sys.argv[1], Path(sys.argv[1]) / "filler"

        @og.asset
        def greedy(context):
            with filler.open("ab", buffering=0) as file:
                try:
                    while True:
                        file.write(b"x" * 4096)
                except OSError:
                    pass
            for number in range(200):
                context.log.info("y" * 20_000)

        with og.Instance.local_temp(home) as instance:
            try:
                og.materialize([greedy], instance=instance)
            except Exception as error:
                print("told", type(error).__name__, "is full" in str(error))
            filler.unlink()
            print(instance.get_runs()[0].status.value)

            @og.asset
            def modest():
                return 1

            print(og.materialize([modest], instance=instance).success)
    """
    process = start(program, small_disk)
    told, errors = process.communicate(timeout=120)
    assert "FAILURE" in told, told + errors
    assert told.splitlines()[-1] == "True", told + errors
    assert integrity(small_disk / "orrery.db") == "ok"


def test_a_full_disk_is_told_and_the_next_write_works(path: Path) -> None:
    """Files may not grow, then they may again."""
    program = """
        import resource, signal, sys
        from orrery.adapters.storage.sqlite import SqliteStorage
        from orrery.base.errors import StorageError
        from orrery.testing.conformance.samples import line

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        storage = SqliteStorage(sys.argv[1])
        storage.store_entries([line("before")])
        storage.flush()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
        storage.store_entries([line("x" * 1_000_000)])
        try:
            storage.flush()
        except StorageError as error:
            print(type(error).__name__, sys.argv[1] in str(error))
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        storage.store_entries([line("after")])
        storage.dispose()
    """
    process = start(program, path)
    told, errors = process.communicate(timeout=60)
    assert told == "StorageError True\n", errors
    storage = SqliteStorage(str(path))
    log = storage.get_records_for_run("run-1").records
    assert [record.event_log_entry.user_message for record in log] == ["before", "after"]
    storage.dispose()
    assert integrity(path) == "ok"


def test_a_forked_child_writes_its_own_entries_only(path: Path, storage: SqliteStorage) -> None:
    """What the parent had submitted is the parent's to write; both go on."""
    held = threading.Event()
    storage.store_entries([line("parent")], held.wait)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            storage.store_entries([line("child", "run-2")])
            storage.flush()
            code = 0 if len(storage.get_records_for_run("run-2").records) == 1 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    held.set()
    storage.flush()
    assert [record.event_log_entry.user_message for record in storage.get_records_for_run("run-1").records] == [
        "parent"
    ]
    assert len(storage.get_records_for_run("run-2").records) == 1


def test_what_fails_alone_is_lost_alone(storage: SqliteStorage) -> None:
    """A barrier that breaks takes its own entries with it, and is told in the name of their run."""
    held = threading.Event()

    def broken() -> None:
        raise OSError("the disk of the values is full")

    storage.store_entries([line("first", "run-0")], held.wait)
    storage.store_entries([materialized("a", "run-1")], broken)
    storage.store_entries([line("good", "run-2")])
    held.set()
    storage.flush("run-2")
    with pytest.raises(OSError, match="the disk of the values"):
        storage.flush("run-1")
    storage.flush()
    assert not storage.get_asset_keys()
    assert len(storage.get_records_for_run("run-2").records) == 1


def test_a_batch_is_stored_whole_or_not_at_all(storage: SqliteStorage) -> None:
    """An entry that cannot be stored takes back its batch, with what followed from it."""
    storage.add_run(Run(job_name=JOB, run_id="run-1"))
    impossible = line("x", at=[1.0])  # type: ignore[arg-type]  # wrong on purpose
    storage.store_entries([entry_of(build.run_started(JOB)), materialized("a"), impossible])
    with pytest.raises(StorageError, match="refused"):
        storage.flush()
    assert storage.get_run_records()[0].dagster_run.status is RunStatus.NOT_STARTED
    assert not storage.get_asset_keys()
    storage.store_entries([materialized("a")])
    storage.flush()
    assert storage.get_asset_states()[0].last_materialization is not None


def test_what_was_promised_waits_for_the_disk(path: Path) -> None:
    """A materialization is synced before flush returns; a line of the log need not be."""
    seen: list[int] = []
    storage = SqliteStorage(str(path))
    storage.store_entries([line("x")])
    storage.flush()
    seen.append(_synchronous(storage))
    storage.store_entries([materialized("a")])
    storage.flush()
    seen.append(_synchronous(storage))
    storage.dispose()
    assert seen == [1, 2]


def test_the_start_of_a_run_reaches_the_disk_at_rest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever stored it did not wait for the disk; a line of the log is not synced at all."""
    synced: list[str] = []
    told = threading.Event()

    def sync(file: str) -> None:
        sync_file(file)
        synced.append(file)
        told.set()

    monkeypatch.setattr(sqlite, "sync_file", sync)
    storage = SqliteStorage(str(path))
    storage.store_entries([line("x")])
    storage.flush()
    storage.store_entries([entry_of(build.run_started(JOB))])
    storage.flush()
    assert _synchronous(storage) == 1
    assert told.wait(60)
    storage.store_entries([line("y")])
    storage.dispose()
    assert synced == [f"{path}-wal"]


def _synchronous(storage: SqliteStorage) -> int:
    connection = storage._connections._connection
    assert connection is not None
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return int(driver.execute("PRAGMA synchronous").fetchone()[0])


def test_entries_are_written_when_the_interpreter_ends(path: Path) -> None:
    """Also by a program that forgot to flush."""
    program = """
        import sys
        from orrery.adapters.storage.sqlite import SqliteStorage
        from orrery.testing.conformance.samples import line

        SqliteStorage(sys.argv[1]).store_entries([line("forgotten")])
        kept = SqliteStorage(sys.argv[1])
        kept.store_entries([line("kept")])
    """
    process = start(program, path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    storage = SqliteStorage(str(path))
    found = {record.event_log_entry.user_message for record in storage.get_records_for_run("run-1").records}
    assert "kept" in found
    storage.dispose()
