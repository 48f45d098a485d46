"""
Standard output and error of this process, led into a file while steps run.

A plain function gets the file as its file descriptors 1 and 2, so that what C code and child processes write
is captured, too, in the order in which it was written. Asynchronous functions overlap, so theirs is told apart
by the context of :mod:`contextvars`: what they print is captured. Everything still goes to where it went before, at the
latest a tenth of a second later.

Most runs write nothing. Their files wait in a folder that all runs share, and get one of their own with the first byte: to make
folders and to take them away again costs a disk more than the files, and more than a quick run.

From one step to the next the descriptors stay led away, as taking them back and leading them away again costs more than
a quick step; what is written in between belongs to no step, and is shown as ever.

Descriptors belong to the whole process: only one thread at a time leads them elsewhere; a run in another
thread captures what is printed.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from orrery.runtime.processes.process_id import process_id

__all__ = ["ENDINGS", "Capture", "rest", "take_place"]

_TICK_SECONDS = 0.1
_CHUNK = 1 << 16
_STREAMS = ("stdout", "stderr")
ENDINGS = ("out", "err")

_ASYNC_STEP: ContextVar[tuple[Capture, str] | None] = ContextVar("orrery_captured_step", default=None)
_LEADERS: list[Capture] = []
_RUNNING: list[int] = []
_TABLE_LOCK = threading.Lock()
_PAST = threading.local()
"""Set in a thread, not that of the run, that writes past the capture."""


class _Stream:
    """
    One of the two streams of a capture.

    Args:
        name: ``stdout`` or ``stderr``.
        descriptor: 1 or 2.
        path: The file it is led into.
    """

    def __init__(self, name: str, descriptor: int, path: str) -> None:
        self.name = name
        self.descriptor = descriptor
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.size = os.lseek(self.file, 0, os.SEEK_END)
        self.echoed = self.size
        self.noted = self.size
        self.before: Any = getattr(sys, name)
        bottom = self.before
        while isinstance(bottom, _Router):  # of a run around this one
            bottom = bottom.before
        self.is_plain = type(bottom) is io.TextIOWrapper and _descriptor_of(bottom) == descriptor
        try:
            self.saved: int | None = os.dup(descriptor)
            os.set_inheritable(self.saved, False)
        except OSError:  # the process has none: a service whose streams are closed
            self.saved = None

    def look(self) -> int:
        """Return how far the file has grown."""
        self.size = os.lseek(self.file, 0, os.SEEK_END)
        return self.size

    def flush(self) -> None:
        """Hand on what Python holds back."""
        if self.before is not None:
            try:
                self.before.flush()
            except (OSError, ValueError):  # closed, or nobody reads it: not for us to tell
                return

    def echo(self) -> None:
        """Send what came since to where it went before."""
        while self.echoed < self.size:
            data = os.pread(self.file, min(_CHUNK, self.size - self.echoed), self.echoed)
            if not data:
                return
            self.echoed += len(data)
            try:
                if self.is_plain or self.before is None:
                    if self.saved is not None:
                        _write_all(self.saved, data)
                else:
                    self.before.write(data.decode("utf-8", "backslashreplace"))
            except (OSError, ValueError):  # nobody reads it any more; the file has it
                continue

    def close(self) -> bool:
        """Close the files; return whether anything was captured."""
        grown = self.look() > 0
        os.close(self.file)
        if self.saved is not None:
            os.close(self.saved)
        return grown


class _Router:
    """
    Stands for ``sys.stdout`` or ``sys.stderr`` while a capture goes on: notes what is printed, and prints it.

    Args:
        capture: The capture.
        stream: Which of the two.
    """

    def __init__(self, capture: Capture, stream: _Stream) -> None:
        self._capture: Capture | None = capture
        self._stream = stream
        self.before = stream.before

    def write(self, text: str) -> int:
        """Print *text*."""
        capture = self._capture
        if capture is not None:
            if capture.is_past():
                return capture.write_past(self._stream, text)
            step = capture.step_of_print(self._stream)
            if step is not None:
                capture.note_print(self._stream, step, text)
                if self._stream.is_plain and show_past_others(self._stream.name, text):
                    return len(text)
        written: int = self.before.write(text)
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        """Print *lines* as they are."""
        for line in lines:
            self.write(line)

    def release(self) -> None:
        """Only print from here on."""
        self._capture = None

    def behind(self) -> Any:
        """Return the stream behind it, and behind those of runs that have ended."""
        found = self.before
        while isinstance(found, _Router) and found._capture is None:
            found = found.before
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.before, name)


class Capture:
    """
    The capture of one process's steps, in a pair of files.

    Args:
        stem: Path of the files without their endings.
        waiting: The same of where they wait until something is written; None if they do not.
    """

    def __init__(self, stem: str, waiting: str | None = None) -> None:
        self.file_key = os.path.basename(stem)
        self._stem = stem
        self._waiting = waiting
        self._process = process_id()
        self._thread = threading.get_ident()
        self._lock = threading.RLock()
        self._notes: int | None = None
        self._mark: int | None = None
        self._has_begun = False
        self._step: str | None = None
        self._is_led = False
        with _TABLE_LOCK:  # whoever begins meanwhile in another thread has to find these routers, and stand before them
            self._streams = tuple(
                _Stream(name, number, f"{waiting or stem}.{ending}")
                for name, number, ending in zip(_STREAMS, (1, 2), ENDINGS, strict=True)
            )
            self._may_lead = self._take_descriptors()
            self._routers = [_Router(self, stream) if stream.before is not None else None for stream in self._streams]
            for name, router in zip(_STREAMS, self._routers, strict=True):
                if router is not None:
                    setattr(sys, name, router)
        self._is_closed = False
        self._is_followed = False

    def _take_descriptors(self) -> bool:
        """Take the descriptors for this thread, unless another has them, or there are none."""
        _RUNNING.append(self._thread)
        if any(stream.saved is None for stream in self._streams):
            return False
        if any(each._thread != self._thread for each in _LEADERS):
            return False
        _LEADERS.append(self)
        return True

    def show(self, name: str, text: str) -> bool:
        """Show what another run prints where this one leads the descriptors away; return whether it was shown."""
        with self._lock:
            if not self._is_led:
                return False
            saved = self._streams[_STREAMS.index(name)].saved
            if saved is not None:
                with suppress(OSError):  # nobody reads it
                    _write_all(saved, text.encode("utf-8", "backslashreplace"))
            return True

    # -- steps ---------------------------------------------------------------------------------

    def begin(self, step_key: str) -> None:
        """What this thread, and the processes it starts, write from here on belongs to the step."""
        with self._lock:
            self._step = step_key
            if not self._is_led:
                self._lead()
            if self._has_begun:  # the first one is known: the run waits until it is recorded
                self._leave_word(step_key)
            self._has_begun = True
        if not self._is_followed:
            self._is_followed = True
            _FOLLOWER.add(self)

    def end(self) -> None:
        """What follows belongs to no step."""
        with self._lock:
            for stream in self._streams:
                stream.flush()
            self._catch_up()
            self._step = None

    @contextmanager
    def asynchronous(self, step_key: str) -> Iterator[None]:
        """What is printed in this context belongs to the step."""
        token = _ASYNC_STEP.set((self, step_key))
        try:
            yield
        finally:
            _ASYNC_STEP.reset(token)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Write past the capture: to where output went before, after all that was written before."""
        if process_id() != self._process:
            yield
            return
        if threading.get_ident() != self._thread:  # the descriptors stay with the step that runs in the other thread
            _PAST.capture = self
            try:
                yield
            finally:
                del _PAST.capture
            return
        if not self._is_led:
            yield
            return
        with self._lock:
            self._unlead()
            self._catch_up()
            step, self._step = self._step, None
        try:
            yield
        finally:
            if step is not None:
                with self._lock:
                    for stream in self._streams:
                        stream.flush()
                    self._step = step
                    self._lead()

    def is_past(self) -> bool:
        """Tell whether this thread writes past the capture."""
        return getattr(_PAST, "capture", None) is self

    def write_past(self, stream: _Stream, text: str) -> int:
        """Write to where output went before, after all that was written before."""
        with self._lock:
            stream.flush()
            if not self._is_closed:
                self._catch_up()
                if stream.is_plain and stream.saved is not None:
                    _write_all(stream.saved, text.encode("utf-8", "backslashreplace"))
                    return len(text)
        written: int = stream.before.write(text)
        return written

    def _lead(self) -> None:
        if self._may_lead:
            self._is_led = True  # first, and taken back last: an interruption in between is mended by the next call
            for stream in self._streams:
                stream.flush()
                os.dup2(stream.file, stream.descriptor)

    def _unlead(self) -> None:
        if self._is_led:
            for stream in self._streams:
                stream.flush()
                if stream.saved is not None:
                    os.dup2(stream.saved, stream.descriptor)
            self._is_led = False

    # -- what was written ----------------------------------------------------------------------

    def step_of_print(self, stream: _Stream) -> str | None:
        """Return the step that prints here, where its print does not reach the file by itself."""
        if process_id() != self._process:
            return None
        found = _ASYNC_STEP.get()
        if found is not None:
            return found[1] if found[0] is self else None
        if self._step is None or (self._is_led and stream.is_plain):
            return None
        here = threading.get_ident()
        return self._step if here == self._thread or here not in _RUNNING else None

    def note_print(self, stream: _Stream, step_key: str, text: str) -> None:
        """Keep what a step prints; it is shown by whoever calls."""
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            if self._is_closed:
                return
            self._catch_up()
            _write_all(stream.file, data)
            stream.look()
            stream.echoed = stream.size
            self._note(step_key)

    def _catch_up(self) -> None:
        """Show and note what the step that is under way has written."""
        grown = False
        for stream in self._streams:
            size = stream.size = os.lseek(stream.file, 0, os.SEEK_END)
            if size > stream.echoed:
                stream.echo()
            if size > stream.noted:
                grown = True
        if grown:
            self._note(self._step)

    def _leave_word(self, step_key: str) -> None:
        """Leave word which step is under way, for who finds that this process died: its events may have died with it."""
        try:
            if self._mark is None:
                self._mark = os.open(
                    f"{self._waiting or self._stem}.now", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644
                )
            os.pwrite(self._mark, f"{step_key}\n".encode(), 0)
        except OSError:  # the disk is full: what the step itself writes says so
            return

    def _note(self, step_key: str | None) -> None:
        """Note whose the bytes are that came since the last note; of no step, too: else they seemed to be the next one's."""
        self._take_place()
        out, err = self._streams
        line = {"step": step_key, "out": [out.noted, out.size], "err": [err.noted, err.size]}
        out.noted, err.noted = out.size, err.size
        if self._notes is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._notes = os.open(f"{self._stem}.steps", flags, 0o644)
        _write_all(self._notes, (json.dumps(line, separators=(",", ":")) + "\n").encode())

    def _take_place(self) -> None:
        """Put the files where they belong, as there is something in them."""
        if self._waiting is not None:
            os.makedirs(os.path.dirname(self._stem), exist_ok=True)
            take_place(self._waiting, self._stem)
            self._waiting = None

    @property
    def is_in_place(self) -> bool:
        """Tell whether the files are where they belong, rather than where they wait."""
        return self._waiting is None

    def follow(self) -> None:
        """Show what a long step has written by now."""
        with self._lock:
            if self._is_led:
                for stream in self._streams:
                    stream.flush()
                self._catch_up()

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        """Give the streams back, and mark the files complete; empty ones are removed."""
        with _TABLE_LOCK:
            for name, router in zip(_STREAMS, self._routers, strict=True):
                if router is not None:
                    router.release()
                    if getattr(sys, name) is router:
                        setattr(sys, name, router.behind())
        with self._lock:
            self._unlead()
            self._catch_up()
            self._is_closed = True
            grown = [stream.close() for stream in self._streams]
            has_grown = any(grown)
            if has_grown:
                self._take_place()
            stem = self._waiting or self._stem
            if self._notes is not None:
                os.close(self._notes)
            if self._mark is not None:
                os.close(self._mark)
                with suppress(FileNotFoundError):  # who thought that this process was gone took it away
                    os.unlink(f"{stem}.now")
        if self._is_followed:
            _FOLLOWER.remove(self)
        with _TABLE_LOCK:
            _RUNNING.remove(self._thread)
            if self._may_lead:
                _LEADERS.remove(self)
        if has_grown:
            open(f"{stem}.complete", "wb").close()
        else:
            for ending in ENDINGS:
                with suppress(FileNotFoundError):  # the same
                    os.unlink(f"{stem}.{ending}")


class _Follower:
    """
    Shows ten times a second what long steps write while they run.

    One thread for all captures of a process, which stays between the runs of an instance: to start one costs more than a
    quick step.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = process_id()
        self._change = threading.Condition()
        self._captures: list[Capture] = []
        self._sleeps = False
        self._thread: threading.Thread | None = None

    def add(self, capture: Capture) -> None:
        """Follow *capture* from here on."""
        if process_id() != self._process:  # a fork, to which the thread did not come along
            self._begin()
        with self._change:
            self._captures.append(capture)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="orrery-output", daemon=True)
                thread.start()
                self._thread = thread
            elif self._sleeps:
                self._change.notify()

    def remove(self, capture: Capture) -> None:
        """Follow *capture* no more."""
        if process_id() != self._process:
            return
        with self._change:
            self._captures.remove(capture)

    def rest(self) -> None:
        """End the thread, if nothing is followed: who forks from this process wants no other thread in it."""
        if process_id() != self._process:
            return
        with self._change:
            if self._captures or self._thread is None:
                return
            thread, self._thread = self._thread, None
            self._change.notify_all()
        thread.join()

    def _run(self) -> None:
        here = threading.current_thread()
        while True:
            with self._change:
                self._sleeps = not self._captures  # since the last look; one that is added before the next wakes nobody
                while self._thread is here and self._sleeps:
                    self._change.wait()
                    self._sleeps = not self._captures
                if self._thread is here:
                    self._change.wait(_TICK_SECONDS)
                if self._thread is not here:
                    return
                followed = tuple(self._captures)
            for capture in followed:
                with suppress(OSError):  # of the disk: whoever ends the step meets it, too, and is told
                    capture.follow()


_FOLLOWER = _Follower()


def take_place(waiting: str, stem: str) -> None:
    """Put files that wait where they belong; those are left out that are there, as another did so, or are nowhere."""
    for ending in (*ENDINGS, "now"):
        with suppress(FileNotFoundError):
            os.replace(f"{waiting}.{ending}", f"{stem}.{ending}")


def rest() -> None:
    """End the thread that shows what long steps write, if no capture goes on; the next one starts it again."""
    _FOLLOWER.rest()


def show_past_others(name: str, text: str) -> bool:
    """Show *text* where output went before any run led it away; return False if none does."""
    return bool(_LEADERS) and _LEADERS[0].show(name, text)


def _descriptor_of(stream: Any) -> int | None:
    try:
        number: int = stream.fileno()
    except (OSError, ValueError):
        return None
    return number


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
