"""The process that is kept between runs: what is forked from it is as good as new, and it never outstays its owner."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.living import gone_within, is_alive

from orrery.base.errors import CodeLocationLoadError
from orrery.runtime.processes.code_process import CodeProcess
from orrery.runtime.processes.nursery import Nursery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are kept on Linux only")

SOURCES = str(Path(__file__).parents[4] / "src")
WAIT = 60.0
BASE = """
def warm(argument):
    return None

def rest():
    import late_module
"""
CODE = """
    import json, os, subprocess, sys, time
    VERSION = 1

    def load(argument):
        if argument == b"raise":
            raise ValueError("the code is broken")
        return argument.decode()

    def answer(channel, argument, prepared):
        found = [VERSION, os.getcwd(), os.environ.get("NURSERY_SAYS"), os.getppid()]
        channel.send(json.dumps(found).encode())

    def wait(channel, argument, prepared):
        below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        channel.send(f"{os.getppid()} {os.getpid()} {below.pid}".encode())
        time.sleep(600)

    def write(channel, argument, prepared):
        os.write(1, argument)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("nursery")
    (made / "nursed_code.py").write_text(textwrap.dedent(CODE))
    (made / "nursery_base.py").write_text(BASE)
    return made


@pytest.fixture
def path(folder: Path) -> list[str]:
    return [str(folder), SOURCES, *sys.path]


@pytest.fixture
def nursery(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    monkeypatch.syspath_prepend(str(folder))
    made = Nursery("nursery_base:warm")
    yield made
    made.close()


def start(nursery: Nursery, path: list[str], argument: bytes = b"") -> CodeProcess:
    return CodeProcess.start("nursed_code:load", argument, import_path=path, fork=nursery.fork)


def answer_of(nursery: Nursery, path: list[str]) -> list[object]:
    with start(nursery, path) as code:
        child = code.start_child("nursed_code:answer")
        frame = child.channel.receive()
        assert frame is not None
        child.channel.close()
        found: list[object] = json.loads(frame.body)
        assert found.pop() == code.process
        return found


def test_code_processes_are_forked_from_one_that_stays(nursery: Nursery, path: list[str]) -> None:
    """Each ends when it is closed, and the next is another one."""
    with start(nursery, path) as first:
        assert first.ready(WAIT).forks
        kept = nursery.process
        assert Path(f"/proc/{first.process}/stat").read_text().rpartition(")")[2].split()[1] == str(kept)
    assert not is_alive(first.process)
    with start(nursery, path) as second:
        second.ready(WAIT)
        assert nursery.process == kept
    assert second.process != first.process


def test_what_only_some_runs_need_is_imported_when_none_is_under_way(
    folder: Path, path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not keep the first run waiting; later ones find it there."""
    monkeypatch.syspath_prepend(str(folder))
    sign = folder / "imported"
    (folder / "late_module.py").write_text(f"open({str(sign)!r}, 'w').close()\n")
    nursery = Nursery("nursery_base:warm", "nursery_base:rest")
    with start(nursery, path) as code:
        code.ready(WAIT)
        child = code.start_child("nursed_code:wait")
        assert child.channel.receive() is not None
        child.channel.close()
        assert code.wait(child, 0.4) is None  # longer than what counts as rest
        assert not sign.exists()
    until = time.monotonic() + WAIT
    while not sign.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert sign.exists()
    assert answer_of(nursery, path)[0] == 1
    nursery.close()


def test_the_code_is_imported_anew_for_each(nursery: Nursery, path: list[str], tmp_path: Path) -> None:
    """What was edited between two runs counts for the second one."""
    (tmp_path / "nursed_code.py").write_text(textwrap.dedent(CODE))
    assert answer_of(nursery, [str(tmp_path), *path])[0] == 1
    kept = nursery.process
    (tmp_path / "nursed_code.py").write_text(textwrap.dedent(CODE).replace("VERSION = 1", "VERSION = 'two'"))
    assert answer_of(nursery, [str(tmp_path), *path])[0] == "two"
    assert nursery.process == kept


def test_it_works_where_its_owner_does(
    nursery: Nursery, path: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the owner's directory, with the owner's variables."""
    monkeypatch.setenv("NURSERY_SAYS", "one")
    assert answer_of(nursery, path)[1:] == [os.getcwd(), "one"]
    kept = nursery.process
    monkeypatch.chdir(tmp_path)
    assert answer_of(nursery, path)[1:] == [str(tmp_path), "one"]
    assert nursery.process == kept
    monkeypatch.setenv("NURSERY_SAYS", "two")
    assert answer_of(nursery, path)[1:] == [str(tmp_path), "two"]
    assert kept is not None
    assert gone_within(WAIT, kept)


def test_it_writes_where_its_owner_does_by_then(
    nursery: Nursery, path: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    for said in (b"first", b"second"):
        with start(nursery, path) as code:
            assert code.wait(code.start_child("nursed_code:write", said), WAIT) is not None
        assert capfd.readouterr().out == said.decode()


def test_code_that_cannot_be_imported_is_told_and_the_next_begins_afresh(nursery: Nursery, path: list[str]) -> None:
    with start(nursery, path, b"raise") as code, pytest.raises(CodeLocationLoadError, match="the code is broken"):
        code.ready(WAIT)
    assert answer_of(nursery, path)[0] == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_when_it_was_killed_another_is_started(nursery: Nursery, path: list[str], number: signal.Signals) -> None:
    answer_of(nursery, path)
    kept = nursery.process
    assert kept is not None
    os.kill(kept, number)
    assert gone_within(WAIT, kept)
    assert answer_of(nursery, path)[0] == 1
    assert nursery.process != kept


def test_when_it_is_killed_under_a_run_the_workers_go_with_it(nursery: Nursery, path: list[str]) -> None:
    code = start(nursery, path)
    child = code.start_child("nursed_code:wait")
    frame = child.channel.receive()
    assert frame is not None
    assert nursery.process is not None
    os.kill(nursery.process, signal.SIGKILL)
    assert code.wait(child, WAIT) is not None
    assert gone_within(WAIT, *map(int, frame.body.split()))
    code.close()


def test_it_ends_when_nobody_asks_for_long(folder: Path, path: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run under way keeps it; after its end the time begins anew, and whoever comes then gets another one."""
    monkeypatch.syspath_prepend(str(folder))
    nursery = Nursery("nursery_base:warm", idle_seconds=0.5)
    with start(nursery, path) as code:
        code.ready(WAIT)
        kept = nursery.process
        assert kept is not None
        assert not gone_within(1.5, kept)
    assert gone_within(WAIT, kept)
    assert answer_of(nursery, path)[0] == 1
    nursery.close()


def test_runs_of_several_threads_share_it(nursery: Nursery, path: list[str]) -> None:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(answer_of(nursery, path)[0])) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(WAIT)
    assert found == [1, 1, 1]


def test_one_that_no_longer_fits_is_kept_for_the_run_that_uses_it(
    nursery: Nursery, path: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start(nursery, path) as code:
        code.ready(WAIT)
        first = nursery.process
        monkeypatch.setenv("NURSERY_SAYS", "another")
        assert answer_of(nursery, path)[2] == "another"
        assert nursery.process != first
        child = code.start_child("nursed_code:answer")
        assert child.channel.receive() is not None
        child.channel.close()
    answer_of(nursery, path)
    assert first is not None
    assert gone_within(WAIT, first)


@pytest.mark.parametrize("has_run", [True, False])
def test_an_owner_that_is_killed_takes_it_along(folder: Path, has_run: bool) -> None:
    """With the workers of a run and what they started, or while it waits for the next run."""
    program = f"""
        import sys, time
        sys.path[:0] = [{str(folder)!r}, {SOURCES!r}]
        from orrery.runtime.processes.code_process import CodeProcess
        from orrery.runtime.processes.nursery import Nursery
        nursery = Nursery("nursery_base:warm")
        code = CodeProcess.start("nursed_code:load", fork=nursery.fork)
        child = code.start_child("nursed_code:wait")
        said = child.channel.receive().body.decode()
        if not {has_run}:
            code.stop([child])
            code.close()
        print(nursery.process, said, flush=True)
        time.sleep(600)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    processes = [int(each) for each in owner.stdout.readline().split()]
    if has_run:
        assert all(is_alive(each) for each in processes)
    else:
        assert is_alive(processes[0])
        assert gone_within(WAIT, *processes[1:])
    owner.kill()
    owner.wait()
    assert owner.stdout.read() == ""  # the kept process holds nothing open that was the owner's
    owner.stdout.close()
    assert gone_within(WAIT, *processes)


def test_a_copy_of_the_owner_that_was_forked_has_its_own(nursery: Nursery, path: list[str]) -> None:
    answer_of(nursery, path)
    kept = nursery.process
    copy = os.fork()
    if not copy:
        os._exit(int(answer_of(nursery, path)[0] != 1 or nursery.process == kept))
    assert os.waitpid(copy, 0)[1] == 0
    assert answer_of(nursery, path)[0] == 1
    assert nursery.process == kept
