"""
What a process does first that was started to work for another: it gets its place, and its end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = [
    "die_with_parent",
    "end_process",
    "importing",
    "is_importing",
    "leave_forked_copy",
    "take_place",
    "why_forking_is_unsafe",
]

_IMPORTING = "ORRERY_IMPORTING_PROCESS"
_SET_DEATH_SIGNAL = 1
_HARMLESS_THREADS = ("jemalloc_bg_thd",)
_LOOK_SECONDS = 1.0


@contextmanager
def importing() -> Iterator[None]:
    """Let :func:`is_importing` tell that this process imports the user's code while the block runs."""
    os.environ[_IMPORTING] = str(os.getpid())
    try:
        yield
    finally:
        os.environ.pop(_IMPORTING, None)


def is_importing() -> bool:
    """Tell whether this process was started to import the user's code, and is not done."""
    return os.environ.get(_IMPORTING) == str(os.getpid())


def take_place(parent: int, *, outlives: bool) -> None:
    """
    Make this new process the head of a group of its own, with the usual reactions to signals.

    Args:
        parent: Process id of its parent.
        outlives: Whether it lives on when its parent dies; else it is killed then.
    """
    signal.set_wakeup_fd(-1)
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGTERM, signal.SIG_DFL),
        (signal.SIGCHLD, signal.SIG_DFL),
    ):
        signal.signal(number, handler)
    if outlives:
        os.setsid()
        return
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    die_with_parent(parent)


def die_with_parent(parent: int) -> None:
    """
    Let this process be killed when its parent dies.

    On Linux the system does it; elsewhere a thread looks each second.
    """
    if sys.platform == "linux":
        from ctypes import CDLL  # 6 ms; a code process has it loaded

        CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), name="orrery-parent", daemon=True).start()
    if os.getppid() != parent:  # it died before
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        threading.Event().wait(_LOOK_SECONDS)
    os.killpg(0, signal.SIGKILL)


def end_process(work: Callable[[], int | None]) -> None:
    """
    Do *work* and end this process with the exit code that it returns, or 1 with the traceback of what it raised.

    Nothing is waited for: threads that were left running end with the process.
    """
    code = 1
    try:
        code = work() or 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  # the process ends, and says why
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def leave_forked_copy() -> None:
    """End a copy of this process that was forked by the user's code and came back to ours: it has no work here."""
    _flush()
    os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):  # nobody reads it any more
            continue


def why_forking_is_unsafe() -> str | None:
    """
    Return why a copy of this process might hang or be damaged; None if it may be forked.

    Locks that other threads hold are never freed in a copy. Libraries of numbers keep nameless threads that they start
    anew in a copy; pools that name their threads do not.
    """
    if sys.platform != "linux":
        return f"forking is not safe on {sys.platform}"
    threads = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if threads:
        return f"the import of the code started the thread '{threads[0]}'"
    own = _thread_names()
    main = own.pop(os.getpid(), "")
    for name in own.values():
        if name != main and not name.startswith(_HARMLESS_THREADS):
            return f"the import of the code started the native thread '{name}'"
    return None


def _thread_names() -> dict[int, str]:
    found: dict[int, str] = {}
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as file:
                found[int(task)] = file.read().strip()
        except FileNotFoundError:  # it ended meanwhile
            continue
    return found
