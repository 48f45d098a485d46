"""A real code process: it imports once, forks, tells how children ended, and takes them with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.living import gone_within, is_alive

from orrery.base.errors import CodeLocationLoadError
from orrery.runtime.processes.child import why_forking_is_unsafe
from orrery.runtime.processes.code_process import CodeProcess
from orrery.runtime.processes.endings import ProcessEnd

SOURCES = str(Path(__file__).parents[4] / "src")
WAIT = 60.0
CODE = """
    import os, signal, subprocess, sys, threading, time
    IMPORTED_BY = os.getpid()

    def load(argument):
        if argument == b"raise":
            raise ValueError("the code is broken")
        if argument == b"exit":
            os._exit(7)
        if argument == b"slow":
            time.sleep(0.3)
        if argument == b"again":
            from orrery.runtime.processes.code_process import CodeProcess
            CodeProcess.start("served_code:load", b"again")
        if argument == b"thread":
            threading.Thread(target=time.sleep, args=(60,), daemon=True, name="lingers").start()
        return argument.decode()

    def answer(channel, argument, prepared):
        channel.send(f"{argument.decode()} {prepared} {IMPORTED_BY} {os.getpid()} {os.getpgrp()}".encode())

    def die(channel, argument, prepared):
        how = argument.decode()
        if how == "exit":
            return 3
        if how == "raise":
            raise ValueError("not caught")
        if how == "system exit":
            sys.exit(4)
        os.kill(os.getpid(), int(how))
        time.sleep(600)

    def wait(channel, argument, prepared):
        signal.signal(signal.SIGTERM, signal.SIG_IGN if argument == b"stubborn" else lambda *_: sys.exit(5))
        below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        channel.send(f"{os.getpid()} {below.pid}".encode())
        time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "served_code.py").write_text(textwrap.dedent(CODE))
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., CodeProcess]]:
    made: list[CodeProcess] = []

    def start_one(argument: bytes = b"loaded", **options: object) -> CodeProcess:
        made.append(
            CodeProcess.start("served_code:load", argument, import_path=[str(folder), SOURCES, *sys.path], **options)  # type: ignore[arg-type]
        )
        return made[-1]

    yield start_one
    for each in made:
        each.close()


def answer_of(code: CodeProcess, **options: bool) -> list[str]:
    child = code.start_child("served_code:answer", b"asked", **options)
    frame = child.channel.receive()
    assert frame is not None
    assert code.wait(child, WAIT) is not None
    assert child.end is not None
    assert child.end.exit_code == 0
    child.channel.close()
    return frame.body.decode().split()


def test_children_are_forked_from_a_process_that_imported_once(start: Callable[..., CodeProcess]) -> None:
    """They get what was prepared, and a group of their own."""
    code = start()
    assert code.ready(WAIT).forks
    first, second = answer_of(code), answer_of(code)
    assert first[:3] == ["asked", "loaded", str(code.process)]
    assert first[3] == first[4] != second[3]
    assert second[2] == first[2]


@pytest.mark.parametrize("argument", [b"thread", b"loaded"])
def test_fresh_interpreters_are_started_where_forking_is_unsafe_or_unwanted(
    start: Callable[..., CodeProcess], argument: bytes
) -> None:
    code = start(argument, may_fork=argument == b"thread")
    readiness = code.ready(WAIT)
    assert not readiness.forks
    assert ("lingers" if argument == b"thread" else "asked not to") in readiness.why_not
    said = answer_of(code)
    assert said[2] == said[3] == said[4] != str(code.process)


def test_one_child_may_be_fresh(start: Callable[..., CodeProcess]) -> None:
    code = start()
    said = answer_of(code, is_fresh=True)
    assert said[2] == said[3]
    assert answer_of(code)[2] == str(code.process)


@pytest.mark.parametrize(
    ("how", "exit_code", "number"),
    [
        (b"exit", 3, None),
        (b"raise", 1, None),
        (b"system exit", 4, None),
        (b"9", None, signal.SIGKILL),
        (b"11", None, signal.SIGSEGV),
    ],
)
def test_the_end_of_a_child_is_told(
    start: Callable[..., CodeProcess], how: bytes, exit_code: int | None, number: int | None
) -> None:
    code = start()
    child = code.start_child("served_code:die", how)
    end = code.wait(child, WAIT)
    assert end is not None
    assert (end.exit_code, end.signal) == (exit_code, number)
    assert end.may_lack_memory is (number == signal.SIGKILL)
    assert end.peak_memory_bytes is not None
    assert end.peak_memory_bytes > 1024**2
    assert child.channel.receive() is None
    child.channel.close()


def test_a_child_that_is_stopped_may_put_its_things_away(start: Callable[..., CodeProcess]) -> None:
    """What it started and left behind is ended with it."""
    code = start()
    child = code.start_child("served_code:wait", b"")
    frame = child.channel.receive()
    assert frame is not None
    code.stop([child], WAIT)
    assert child.end is not None
    assert child.end.exit_code == 5
    assert gone_within(WAIT, *map(int, frame.body.split()))


def test_one_that_does_not_stop_is_killed_with_all_that_it_started(start: Callable[..., CodeProcess]) -> None:
    code = start()
    child = code.start_child("served_code:wait", b"stubborn")
    frame = child.channel.receive()
    assert frame is not None
    code.stop([child], 0.2)
    assert child.end is not None
    assert child.end.signal == signal.SIGKILL
    assert gone_within(WAIT, *map(int, frame.body.split()))


def test_code_that_raises_is_told_with_its_frames(start: Callable[..., CodeProcess]) -> None:
    with pytest.raises(CodeLocationLoadError, match=r"served_code.py(.|\n)*ValueError: the code is broken"):
        start(b"raise").ready(WAIT)


def test_code_that_starts_such_processes_while_it_is_imported_is_refused(start: Callable[..., CodeProcess]) -> None:
    """A script without a guard would start itself for ever."""
    with pytest.raises(CodeLocationLoadError, match=r"while it is imported(.|\n)*if __name__ == '__main__'"):
        start(b"again").ready(WAIT)


def test_code_that_ends_the_process_is_told(start: Callable[..., CodeProcess]) -> None:
    with pytest.raises(CodeLocationLoadError, match="ended with exit code 7"):
        start(b"exit").ready(WAIT)


def test_a_code_process_that_is_killed_takes_its_children_with_it(start: Callable[..., CodeProcess]) -> None:
    code = start()
    child = code.start_child("served_code:wait", b"stubborn")
    frame = child.channel.receive()
    assert frame is not None
    os.kill(code.process, signal.SIGKILL)
    assert code.wait(child, WAIT) == ProcessEnd()
    assert gone_within(WAIT, *map(int, frame.body.split()))


@pytest.mark.parametrize("outlives", [False, True])
def test_an_owner_that_is_killed_takes_them_along_or_leaves_them(folder: Path, outlives: bool) -> None:
    """Also those that do not react to SIGTERM, and what they started; a run may be meant to live on."""
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                f"""
                import sys, time
                sys.path[:0] = [{str(folder)!r}, {SOURCES!r}]
                from orrery.runtime.processes.code_process import CodeProcess
                code = CodeProcess.start("served_code:load", b"loaded")
                child = code.start_child("served_code:wait", b"stubborn", outlives={outlives})
                print(code.process, child.channel.receive().body.decode(), flush=True)
                time.sleep(600)
                """
            ),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    code, worker, below = map(int, owner.stdout.readline().split())
    owner.kill()
    owner.wait()
    owner.stdout.close()  # a child that lives on holds the other end
    try:
        assert gone_within(WAIT, code)
        if outlives:
            assert is_alive(worker)
            assert is_alive(below)
        else:
            assert gone_within(WAIT, worker, below)
    finally:
        for each in (worker, below):
            if is_alive(each):
                os.kill(each, signal.SIGKILL)


def test_an_owner_that_needs_nobody_before_all_is_imported_is_no_fault(folder: Path) -> None:
    """A run that skips everything is over before its code process is ready: nothing is printed about that."""
    program = f"""
        import os, sys
        from orrery.runtime.processes.code_process import CodeProcess
        code = CodeProcess.start("served_code:load", b"slow", import_path=[{str(folder)!r}, {SOURCES!r}, *sys.path])
        print(code.process, flush=True)
        os._exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    )
    assert gone_within(WAIT, int(done.stdout))
    assert done.stderr == ""


def test_its_end_warns_of_nothing_left_open(folder: Path) -> None:
    """Where Python shows such warnings, as in its development mode, they would stand among what the program prints."""
    program = f"""
        import sys, time
        from orrery.runtime.processes.code_process import CodeProcess
        code = CodeProcess.start("served_code:load", b"loaded", import_path=[{str(folder)!r}, {SOURCES!r}, *sys.path])
        child = code.start_child("served_code:answer", b"asked")
        assert child.channel.receive() is not None
        code.wait(child, {WAIT})
        child.channel.close()
        print(code.process, flush=True)
        code.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env={**os.environ, "PYTHONPATH": SOURCES, "PYTHONWARNINGS": "default::ResourceWarning"},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    )
    assert gone_within(WAIT, int(done.stdout))
    assert done.stderr == ""


def test_a_thread_makes_forking_unsafe() -> None:
    """The reason names it."""
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, threading, time; sys.path.insert(0, {SOURCES!r})\n"
            "from orrery.runtime.processes.child import why_forking_is_unsafe\n"
            "print(why_forking_is_unsafe())\n"
            "threading.Thread(target=time.sleep, args=(60,), daemon=True, name='lingers').start()\n"
            "print(why_forking_is_unsafe())",
        ],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    )
    if sys.platform == "linux":
        assert found.stdout.splitlines() == ["None", "the import of the code started the thread 'lingers'"]
    else:
        assert str(why_forking_is_unsafe()).startswith("forking is not safe on")
