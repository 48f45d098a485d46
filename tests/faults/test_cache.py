"""Two processes that need the same value, and one that is killed while it fetches."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.stored import BlobIOManager
from orrery.definitions.parts.io_manager import IOManager
from orrery.testing.conformance.samples import ValueContext

FETCH = """
import sys, time
from orrery.adapters.cache.cached import CachedIOManager
from orrery.definitions.parts.io_manager import IOManager
from orrery.testing.conformance.samples import ValueContext

folder = sys.argv[1]

class Slow(IOManager):
    def handle_output(self, context, obj):
        raise NotImplementedError

    def load_input(self, context):
        with open(f"{folder}/fetches", "a") as file:
            file.write("fetch\\n")
        time.sleep(float(sys.argv[2]))
        return b"x" * 1_000_000

value = CachedIOManager(Slow(), f"{folder}/local").load_input(ValueContext("a"))
print(len(value))
"""


def start(folder: Path, seconds: float) -> "subprocess.Popen[str]":
    """Start a process that needs the value."""
    return subprocess.Popen([sys.executable, "-c", FETCH, str(folder), str(seconds)], stdout=subprocess.PIPE, text=True)


def fetches(folder: Path) -> int:
    """Return how often the remote place was asked."""
    path = folder / "fetches"
    return len(path.read_text().splitlines()) if path.exists() else 0


def until_fetching(folder: Path) -> None:
    """Wait until a process is in the middle of a fetch."""
    end = time.monotonic() + 60
    while not fetches(folder):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_processes_fetch_a_missing_value_once(tmp_path: Path) -> None:
    """The second waits for the first, and takes its copy."""
    first = start(tmp_path, 2.0)
    until_fetching(tmp_path)
    second = start(tmp_path, 0.0)
    for each in (first, second):
        out, _ = each.communicate(timeout=120)
        assert out == "1000000\n"
    assert fetches(tmp_path) == 1


def test_a_process_that_is_killed_while_it_fetches_holds_nobody_up_and_leaves_nothing_that_is_read(
    tmp_path: Path,
) -> None:
    """The next one fetches the whole."""
    first = start(tmp_path, 3_600.0)
    until_fetching(tmp_path)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    second = start(tmp_path, 0.0)
    out, _ = second.communicate(timeout=120)
    assert out == "1000000\n"
    assert fetches(tmp_path) == 2


KEEP = """
import sys
from orrery.adapters.cache.stored import BlobIOManager

manager = BlobIOManager(sys.argv[1])
print("begin", flush=True)
number = 0
while True:
    number += 1
    manager.keep("a", bytes([number % 256]) * 300_000, "bytes", run_id=None)
"""


@pytest.mark.parametrize("attempt", range(5))
def test_a_kill_in_the_middle_of_a_write_leaves_a_whole_value(tmp_path: Path, attempt: int) -> None:
    """The former one, or the new one."""
    writer = subprocess.Popen([sys.executable, "-c", KEEP, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    manager = BlobIOManager(tmp_path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "begin\n"
    end = time.monotonic() + 60
    while len(manager.store.blobs()) < 2 + attempt:
        assert time.monotonic() < end
        time.sleep(0.001)
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate(timeout=60)
    pointer, data = manager.fetch("a", what=lambda: "a")
    assert len(data) == pointer.length == 300_000
    assert len(set(data)) == 1
    assert list(manager.store.faults()) == []


class Nothing(IOManager):
    """A remote place that tells that it was asked."""

    def handle_output(self, context: object, obj: object) -> None:
        """Keep nothing."""

    def load_input(self, context: object) -> object:
        """Fail."""
        raise AssertionError("the remote place was asked")


def test_a_full_disk_fails_no_step_and_the_former_copy_does_not_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remote place has the value, and is asked for it; nothing half written is left."""
    manager = CachedIOManager(Nothing(), tmp_path)
    context = ValueContext("a")
    manager.handle_output(context, "former")
    assert manager.load_input(context) == "former"

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        manager.handle_output(context, "latter")
    with pytest.raises(AssertionError, match="the remote place was asked"):
        manager.load_input(context)
    assert not list(tmp_path.rglob("*.tmp"))
