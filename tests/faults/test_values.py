"""Stored values under faults: the old one or the new one, whole, and damage noticed."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
from orrery.adapters.io.formats import load_pickle
from orrery.adapters.io.upath import UPathIOManager
from orrery.base.errors import DamagedValueError, InvariantViolationError
from orrery.definitions.parts.io_manager import IOManager
from orrery.runtime.files import batch as batches
from orrery.runtime.files import sync
from orrery.runtime.files.atomic import open_whole, whole_path, write_whole
from orrery.runtime.files.batch import WriteBatch
from orrery.runtime.files.staged import held_bytes, is_stored, place_to_read
from orrery.runtime.ports.write_barrier import active
from orrery.testing.conformance.samples import ValueContext

ORDERS = ValueContext("orders")
OLD, NEW = ["old"] * 100, ["new"] * 5_000


class Text(UPathIOManager):
    """Text in files of a foreign format: their seals stand beside them."""

    extension = ".txt"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        path.write_text(repr(obj))

    def load_from_path(self, context: Any, path: Any) -> Any:
        return eval(path.read_text())


MANAGERS: dict[str, Callable[[Path], IOManager]] = {"pickle": PickledObjectFilesystemIOManager, "text": Text}


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> IOManager:
    return MANAGERS[request.param](tmp_path)


def value_file(folder: Path) -> Path:
    (found,) = [path for path in folder.iterdir() if path.name.startswith("orders.")]
    return found


def left_over(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


class _Failing:
    """Makes the n-th call of the functions that write raise."""

    NAMES = ("open", "write", "fsync", "replace", "mkdir", "rmdir")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, code: int) -> None:
        self.calls = 0
        self.at = at
        for name in self.NAMES:
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), code))

    def _failing(self, real: Callable[..., Any], code: int) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("batched", [False, True], ids=["at once", "batched"])
def test_an_error_at_any_write_keeps_the_old_value(
    manager: IOManager, tmp_path: Path, code: int, batched: bool
) -> None:
    """A full or broken disk, at the first call, the second, ... until the write gets through."""
    manager.handle_output(ORDERS, OLD)
    for at in range(1, 60):
        batch = WriteBatch() if batched else None
        raised = False
        with pytest.MonkeyPatch.context() as monkeypatch:
            failing = _Failing(monkeypatch, at, code)
            try:
                with active(batch):
                    manager.handle_output(ORDERS, NEW)
                if batch is not None:
                    batch.flush()
            except OSError:
                raised = True
        if batch is not None:
            batch.discard()
        assert manager.load_input(ORDERS) in (OLD, NEW)
        if failing.calls < at:
            assert not raised
            break
        assert left_over(tmp_path) == []
        manager.handle_output(ORDERS, OLD)
    else:
        pytest.fail("the write never got through")
    assert manager.load_input(ORDERS) == NEW


PROGRAM = """
    import os, signal, sys
    from pathlib import Path

    at, calls = int(sys.argv[2]), 0

    def deadly(real):
        def call(*args, **kwargs):
            global calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)
        return call

    from orrery.runtime.files.batch import WriteBatch
    from orrery.runtime.ports.write_barrier import active
    from orrery.testing.conformance.samples import ValueContext
    from tests.faults.test_values import MANAGERS, NEW

    manager = MANAGERS[sys.argv[3]](Path(sys.argv[1]))
    batch = WriteBatch() if sys.argv[4] == "batched" else None
    for name in ("open", "write", "fsync", "replace", "mkdir", "rmdir", "unlink"):
        setattr(os, name, deadly(getattr(os, name)))
    with active(batch):
        manager.handle_output(ValueContext("orders"), NEW)
    if batch is not None:
        batch.flush()
"""


def run(program: str, *args: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, args)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize("batched", ["at once", "batched"])
def test_a_kill_at_any_write_leaves_a_whole_value(tmp_path: Path, batched: str) -> None:
    """Kill -9 at the n-th call that writes; what the dead left behind is swept by the next write."""
    manager = PickledObjectFilesystemIOManager(tmp_path)
    killed = 0
    for at in range(1, 30):
        manager.handle_output(ORDERS, OLD)
        done = run(PROGRAM, tmp_path, at, "pickle", batched)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        assert manager.load_input(ORDERS) in (OLD, NEW)
        killed += done.returncode != 0
        if done.returncode == 0:
            break
    assert killed >= 3
    assert manager.load_input(ORDERS) == NEW
    done = run(PROGRAM, tmp_path, 2, "pickle", batched)
    assert left_over(tmp_path) != []
    run(PROGRAM, tmp_path, 1_000, "pickle", batched)
    assert left_over(tmp_path) == []


def test_a_file_that_may_not_grow_keeps_the_old_value(tmp_path: Path) -> None:
    """A limit of the system in the midst of a large write, as on a full disk."""
    program = """
        import resource, signal, sys
        from orrery.adapters.io.filesystem import PickledObjectFilesystemIOManager
        from orrery.testing.conformance.samples import ValueContext

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        manager = PickledObjectFilesystemIOManager(sys.argv[1])
        manager.handle_output(ValueContext("orders"), "old")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            manager.handle_output(ValueContext("orders"), "x" * 1_000_000)
        except OSError as error:
            print(type(error).__name__, manager.load_input(ValueContext("orders")), error.filename)
    """
    done = run(program, tmp_path)
    assert done.stdout == f"OSError old {tmp_path / 'orders.pickle'}\n", done.stderr
    assert left_over(tmp_path) == []


def test_a_value_that_cannot_be_pickled_keeps_the_old_one(tmp_path: Path) -> None:
    """And the error names the asset and the mend."""
    manager = PickledObjectFilesystemIOManager(tmp_path)
    manager.handle_output(ORDERS, OLD)
    with pytest.raises(InvariantViolationError, match="asset 'orders'") as told:
        manager.handle_output(ORDERS, lambda: 1)
    assert "mem_io_manager" in str(told.value)
    assert manager.load_input(ORDERS) == OLD
    assert left_over(tmp_path) == []


def test_a_dump_that_raises_half_way_keeps_the_old_value(tmp_path: Path) -> None:
    """The user's own code may fail after it wrote something."""

    class Breaking(Text):
        def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
            path.write_text("half of i")
            raise RuntimeError("the user's fault")

    Text(tmp_path).handle_output(ORDERS, OLD)
    with pytest.raises(RuntimeError, match="the user's fault"):
        Breaking(tmp_path).handle_output(ORDERS, NEW)
    assert Text(tmp_path).load_input(ORDERS) == OLD
    assert left_over(tmp_path) == []


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    place = len(data) - 10
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut, "bytes"),
        (flip, "not those that were written"),
        (lambda data: b"", "bytes"),
        (lambda data: data + b"x", "bytes"),
        (lambda data: pickle.dumps("foreign"), ""),
    ],
    ids=["cut", "one bit", "empty", "longer", "foreign"],
)
def test_damage_is_noticed(manager: IOManager, tmp_path: Path, damage: Callable[[bytes], bytes], words: str) -> None:
    """By name of the asset and of the file, with what to do; never a wrong value."""
    manager.handle_output(ORDERS, NEW)
    file = value_file(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(DamagedValueError, match="asset 'orders'") as told:
        manager.load_input(ORDERS)
    assert str(file) in str(told.value)
    assert words in str(told.value)
    assert "materialize asset 'orders' again" in str(told.value)
    manager.handle_output(ORDERS, NEW)
    assert manager.load_input(ORDERS) == NEW


def test_a_directory_in_the_place_of_a_value_is_damage(tmp_path: Path) -> None:
    (tmp_path / "value.pickle").mkdir()
    with pytest.raises(DamagedValueError, match=r"asset 'orders'.*: a directory stands in its place"):
        load_pickle(str(tmp_path / "value.pickle"), what=lambda: "asset 'orders'")


def test_a_cut_value_tells_how_much_is_left(tmp_path: Path) -> None:
    """In bytes, of how many."""
    manager = PickledObjectFilesystemIOManager(tmp_path)
    manager.handle_output(ORDERS, NEW)
    file = value_file(tmp_path)
    whole = len(file.read_bytes())
    os.truncate(file, whole - 1_000)
    with pytest.raises(DamagedValueError, match=r"[\d,]+ of [\d,]+ bytes"):
        manager.load_input(ORDERS)


def test_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    """Its bytes are not unpickled."""
    manager = PickledObjectFilesystemIOManager(tmp_path)
    manager.handle_output(ORDERS, OLD)
    file = value_file(tmp_path)
    data = bytearray(file.read_bytes())
    data[12] = 9
    file.write_bytes(data)
    with pytest.raises(DamagedValueError, match=r"format 9\.1"):
        manager.load_input(ORDERS)


def test_a_foreign_pickle_is_not_run(tmp_path: Path) -> None:
    """Who can write files into the directory cannot run code by that."""

    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "owned"),)

    (tmp_path / "orders.pickle").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DamagedValueError, match="not begin as a value that Orrery wrote"):
        PickledObjectFilesystemIOManager(tmp_path).load_input(ORDERS)
    assert not (tmp_path / "owned").exists()


def test_a_stored_pickle_is_one_for_everybody(tmp_path: Path) -> None:
    """The seal stands in it as opcodes that do nothing."""
    PickledObjectFilesystemIOManager(tmp_path).handle_output(ORDERS, OLD)
    with value_file(tmp_path).open("rb") as file:
        assert pickle.load(file) == OLD


def test_readers_and_two_writers_see_whole_values(manager: IOManager) -> None:
    """Every load returns one of the values, complete."""
    values = [[number] * 20_000 for number in range(6)]
    manager.handle_output(ORDERS, values[0])
    wrong: list[object] = []
    writing = threading.Event()

    def write(mine: list[list[int]]) -> None:
        for value in mine * 5:
            manager.handle_output(ORDERS, value)

    def read() -> None:
        while not writing.is_set():
            try:
                found = manager.load_input(ORDERS)
            except Exception as error:
                wrong.append(error)
                return
            if found not in values:
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(mine,)) for mine in (values[:3], values[3:])]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    writing.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert manager.load_input(ORDERS) in values


# -- many values, one sync ---------------------------------------------------------------------


@pytest.fixture
def batch() -> Iterator[WriteBatch]:
    batch = WriteBatch()
    yield batch
    batch.discard()


def test_a_staged_value_is_seen_here_and_the_old_one_stands_on_the_disk(tmp_path: Path, batch: WriteBatch) -> None:
    """Until the flush."""
    path = str(tmp_path / "value")
    write_whole(path, b"old")
    with active(batch):
        write_whole(path, b"new")
    assert Path(path).read_bytes() == b"old"
    assert Path(place_to_read(path)).read_bytes() == b"new"
    batch.flush()
    assert Path(path).read_bytes() == b"new"
    assert place_to_read(path) == path
    assert left_over(tmp_path) == []


def test_small_values_are_held_until_the_flush(tmp_path: Path, batch: WriteBatch) -> None:
    """Nothing is on the disk before it; a load of this process gets what is held."""
    path = str(tmp_path / "value")
    with active(batch):
        write_whole(path, b"two ", b"pieces")
    assert os.listdir(tmp_path) == []
    assert held_bytes(path) == b"two pieces"
    assert is_stored(path)
    batch.flush()
    assert held_bytes(path) is None
    assert Path(path).read_bytes() == b"two pieces"


def test_large_values_and_those_beyond_a_few_megabytes_are_written_at_once(tmp_path: Path, batch: WriteBatch) -> None:
    """To temporary files: what a run holds in memory is bounded, whatever it makes between two flushes."""
    with active(batch):
        write_whole(str(tmp_path / "large"), bytes(70_000))
        assert len(left_over(tmp_path)) == 1
        for number in range(80):
            write_whole(str(tmp_path / str(number)), bytes(65_000))
    held = sum(len(held_bytes(str(tmp_path / str(number))) or b"") for number in range(80))
    assert 3_000_000 < held <= 4 << 20
    batch.flush()
    assert {os.path.getsize(tmp_path / str(number)) for number in range(80)} == {65_000}
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(("free_bytes", "free_files"), [(1 << 20, 1 << 20), (1 << 40, 10)])
def test_nothing_is_held_for_a_disk_that_is_nearly_full(
    tmp_path: Path, batch: WriteBatch, monkeypatch: pytest.MonkeyPatch, free_bytes: int, free_files: int
) -> None:
    """So that whoever stores the value is told at once that it does not fit."""
    disk = os.statvfs(tmp_path)
    told = list(disk)
    told[1], told[4], told[5], told[7] = 1, free_bytes, 1 << 30, free_files
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(told))
    path = str(tmp_path / "value")
    with active(batch):
        write_whole(path, b"value")
    assert held_bytes(path) is None
    assert Path(place_to_read(path)).read_bytes() == b"value"


def test_a_directory_in_the_place_of_a_held_value_is_told_at_once(tmp_path: Path, batch: WriteBatch) -> None:
    """By the write, not by the flush."""
    (tmp_path / "value").mkdir()
    with active(batch), pytest.raises(IsADirectoryError, match="directory stands"):
        write_whole(str(tmp_path / "value"), b"value")
    assert left_over(tmp_path) == []


def test_a_held_value_that_cannot_be_written_leaves_the_old_ones(
    tmp_path: Path, batch: WriteBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all values of the batch: the events that tell of them are not stored either."""
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    write_whole(first, b"old")
    with active(batch):
        write_whole(first, b"new")
        write_whole(second, b"new")
    real, calls = os.write, []

    def write(fd: int, data: bytes) -> int:
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OSError, match="Input/output error"):
        batch.flush()
    assert Path(first).read_bytes() == b"old"
    assert not is_stored(second)
    assert left_over(tmp_path) == []


def test_a_discarded_batch_leaves_the_old_values(tmp_path: Path, batch: WriteBatch) -> None:
    """And no temporary file."""
    path, other = str(tmp_path / "value"), str(tmp_path / "other")
    write_whole(path, b"old")
    with active(batch):
        write_whole(path, b"new")
        write_whole(other, b"new")
    assert is_stored(other)
    batch.discard()
    assert Path(path).read_bytes() == b"old"
    assert not is_stored(other)
    assert left_over(tmp_path) == []


def test_the_last_of_several_values_for_one_name_is_published(tmp_path: Path, batch: WriteBatch) -> None:
    """In one batch."""
    path = str(tmp_path / "value")
    with active(batch):
        for number in range(5):
            write_whole(path, b"%d" % number)
    assert len(batch) == 1
    batch.flush()
    assert Path(path).read_bytes() == b"4"
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("many", [1, 50])
def test_values_of_a_batch_are_synced_before_they_are_renamed(
    tmp_path: Path, batch: WriteBatch, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """And their directories after that; few one by one, many at once."""
    order: list[str] = []
    real_sync, real_fs, real_rename = sync.sync_file, sync._sync_file_system, batches.name_finally
    assert real_fs is not None or sys.platform != "linux"
    monkeypatch.setattr(sync, "sync_file", lambda path: (order.append("sync"), real_sync(path)))
    if real_fs is not None:
        monkeypatch.setattr(sync, "_sync_file_system", lambda path: (order.append("sync"), real_fs(path)))
    monkeypatch.setattr(batches, "name_finally", lambda *names: (order.append("rename"), real_rename(*names)))
    with active(batch):
        for number in range(many):
            write_whole(str(tmp_path / str(number)), b"x")
    assert order == []
    batch.flush()
    assert order[0] == "sync"
    assert order[-1] == "sync"
    assert "sync" not in order[order.index("rename") : -1]
    assert order.count("rename") == many


def test_a_writer_by_path_writes_whole_too(tmp_path: Path, batch: WriteBatch) -> None:
    """With the name that it would have; what it does not write does not appear."""
    path = tmp_path / "table.parquet"
    with active(batch), whole_path(str(path)) as temporary:
        assert os.path.basename(temporary) == "table.parquet"
        Path(temporary).write_bytes(b"rows")
    with whole_path(str(tmp_path / "nothing")):
        pass
    batch.flush()
    assert path.read_bytes() == b"rows"
    assert sorted(os.listdir(tmp_path)) == ["table.parquet"]


def test_a_block_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    """Written in pieces or at once."""
    path = tmp_path / "value"
    write_whole(str(path), b"old")
    with pytest.raises(RuntimeError), open_whole(str(path)) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["value"]


def test_a_forked_child_publishes_nothing_of_its_parent(tmp_path: Path, batch: WriteBatch) -> None:
    """The batch is the parent's; what the child writes is durable by itself."""
    mine, childs = tmp_path / "mine", tmp_path / "childs"
    with active(batch):
        write_whole(str(mine), b"parent")
        child = os.fork()
        if child == 0:
            batch.flush()
            write_whole(str(childs), b"child")
            os._exit(0)
    os.waitpid(child, 0)
    assert not mine.exists()
    assert childs.read_bytes() == b"child"
    batch.flush()
    assert mine.read_bytes() == b"parent"


def test_a_directory_where_a_file_is_wanted_is_told(tmp_path: Path) -> None:
    """IO managers without extension cannot keep a key and one that it begins."""

    class Bare(Text):
        extension = None

    manager = Bare(tmp_path)
    manager.handle_output(ValueContext(["a", "b"]), OLD)
    with_file = Bare(tmp_path)
    with pytest.raises(InvariantViolationError, match="another"):
        with_file.handle_output(ValueContext(["a", "b", "c"]), NEW)
    assert manager.load_input(ValueContext(["a", "b"])) == OLD
