"""A spare child: it takes over what comes next, does it once, and never outstays its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orrery.runtime.processes.code_process import Child, CodeProcess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")

SOURCES = str(Path(__file__).parents[4] / "src")
WAIT = 60.0
CODE = """
    import os, time
    NOTES = os.path.join(os.path.dirname(__file__), "warm")

    def load(argument):
        return argument

    def warm():
        with open(NOTES, "a") as file:
            file.write(f"{os.getpid()}\\n")

    def fail():
        warm()
        raise OSError("no room for a rehearsal")

    def hang():
        warm()
        time.sleep(600)

    def answer(channel, argument, prepared):
        channel.send(f"{os.getpid()} {os.getsid(0)} {argument.decode()}".encode())
        return 3

    def wait(channel, argument, prepared):
        channel.send(str(os.getpid()).encode())
        time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spared_code.py").write_text(textwrap.dedent(CODE))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., CodeProcess]]:
    made: list[CodeProcess] = []

    def start_one(warms: str = "warm") -> CodeProcess:
        path = [str(folder), SOURCES, *sys.path]
        code = CodeProcess.start("spared_code:load", import_path=path, warms_spare=f"spared_code:{warms}")
        made.append(code)
        return code

    yield start_one
    for each in made:
        each.close()


def state_of(process: int) -> str:
    """Return the state of a process, as the system tells it: S sleeps; nothing if it is gone."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state == "Z" else state


def wait_until(found: Callable[[], object]) -> bool:
    until = time.monotonic() + WAIT
    while not found():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def spares(folder: Path) -> list[int]:
    """Return the spare children that began to make themselves warm."""
    notes = folder / "warm"
    return [int(each) for each in notes.read_text().split()] if notes.exists() else []


def spare_of(folder: Path, count: int = 1) -> int:
    """Wait until so many spare children were made, and the last one waits for what it is to do; return its process id."""
    assert wait_until(lambda: len(spares(folder)) == count)
    process = spares(folder)[-1]
    assert wait_until(lambda: state_of(process) == "S")
    return process


def answer_of(code: CodeProcess, *, outlives: bool = True, is_fresh: bool = False) -> tuple[int, int, str]:
    child = code.start_child("spared_code:answer", b"asked", outlives=outlives, is_fresh=is_fresh)
    frame = child.channel.receive()
    assert frame is not None
    end = code.wait(child, WAIT)
    assert end is not None
    assert end.exit_code == 3
    child.channel.close()
    process, session, said = frame.body.decode().split()
    assert int(process) == child.process
    return int(process), int(session), said


def hold(code: CodeProcess) -> Child:
    child = code.start_child("spared_code:wait", outlives=True)
    frame = child.channel.receive()
    assert frame is not None
    child.channel.close()
    assert code.wait_until_started(child) == int(frame.body)
    return child


def test_the_next_child_that_outlives_its_parent_is_the_spare_one(
    start: Callable[..., CodeProcess], folder: Path
) -> None:
    """It leads a session of its own, and another one is made for the next."""
    code = start()
    for count in (1, 2):
        code.ready(WAIT)
        spare = spare_of(folder, count)
        assert answer_of(code) == (spare, spare, "asked")


def test_others_leave_it_alone(start: Callable[..., CodeProcess], folder: Path) -> None:
    """A worker ends with its parent, and a fresh interpreter is none."""
    code = start()
    code.ready(WAIT)
    spare = spare_of(folder)
    assert answer_of(code, outlives=False)[0] != spare
    assert answer_of(code, is_fresh=True)[0] != spare
    assert state_of(spare) == "S"
    assert answer_of(code)[0] == spare


def test_nobody_waits_for_one_that_is_not_warm(start: Callable[..., CodeProcess], folder: Path) -> None:
    code = start("hang")
    code.ready(WAIT)
    spare = spare_of(folder)
    assert answer_of(code)[0] != spare
    code.close()
    assert wait_until(lambda: not state_of(spare))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_one_that_was_killed_is_not_missed(
    start: Callable[..., CodeProcess], folder: Path, number: signal.Signals
) -> None:
    code = start()
    code.ready(WAIT)
    spare = spare_of(folder)
    os.kill(spare, number)
    assert answer_of(code)[2] == "asked"
    assert wait_until(lambda: not state_of(spare))


def test_one_that_does_not_listen_is_killed_and_its_work_done_once(
    start: Callable[..., CodeProcess], folder: Path
) -> None:
    code = start()
    code.ready(WAIT)
    spare = spare_of(folder)
    os.kill(spare, signal.SIGSTOP)
    assert answer_of(code)[0] != spare
    assert not state_of(spare)


def test_where_none_can_be_made_warm_no_more_are_made(start: Callable[..., CodeProcess], folder: Path) -> None:
    code = start("fail")
    code.ready(WAIT)
    assert wait_until(lambda: spares(folder))
    assert wait_until(lambda: not state_of(spares(folder)[0]))
    for _ in range(3):
        assert answer_of(code)[2] == "asked"
    assert not wait_for_another(folder)


def wait_for_another(folder: Path) -> bool:
    """Give a second one the time that a first one took."""
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        if len(spares(folder)) > 1:
            return True
        time.sleep(0.01)
    return False


def test_what_was_handed_to_it_lives_on_when_the_parent_ends_at_once(
    start: Callable[..., CodeProcess], folder: Path
) -> None:
    code = start()
    code.ready(WAIT)
    spare = spare_of(folder)
    child = code.start_child("spared_code:wait", outlives=True)
    assert code.wait_until_started(child) == spare
    code.close()
    frame = child.channel.receive()
    child.channel.close()
    try:
        assert frame is not None
        assert state_of(spare)
    finally:
        os.kill(spare, signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_is_killed_and_what_it_took_over_does_not(
    start: Callable[..., CodeProcess], folder: Path, number: signal.Signals
) -> None:
    code = start()
    code.ready(WAIT)
    spare_of(folder)
    run = hold(code)
    spare = spare_of(folder, 2)
    os.kill(code.process, number)
    assert wait_until(lambda: not state_of(spare))
    assert run.process is not None
    assert state_of(run.process)
    os.kill(run.process, signal.SIGKILL)


def test_it_ends_with_the_owner_of_its_parent(folder: Path) -> None:
    program = f"""
        import sys, time
        sys.path[:0] = [{str(folder)!r}, {SOURCES!r}]
        from orrery.runtime.processes.code_process import CodeProcess
        code = CodeProcess.start("spared_code:load", warms_spare="spared_code:warm")
        code.ready()
        time.sleep(600)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    try:
        spare = spare_of(folder)
    finally:
        owner.kill()
        owner.wait()
    assert wait_until(lambda: not state_of(spare))
