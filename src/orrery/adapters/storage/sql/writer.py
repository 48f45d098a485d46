"""
One thread that writes: batches are grouped into transactions.

``submit`` returns at once. The thread lingers for a moment, unless somebody waits, then takes everything
that was submitted and stores it in one transaction: quick steps share transactions, and a slow disk makes
transactions larger, not runs slower. ``wait`` returns when all that was submitted before is durable.

Two threads that both compute in Python hinder each other: each system call of one lets the other have the interpreter,
and both work with cold caches. Whoever submits without pause therefore calls ``relieve``, which waits while the thread
writes once much has gathered - as long as writing is mostly work: where the disk is what is slow, both go on side by side.

The thread belongs to one process: in a forked child the first use starts another, with nothing waiting -
what the parent had submitted is the parent's to write. An error is kept for those whose entries it lost:
``wait`` raises it in their name. The thread goes on, whatever was raised: nobody waits for one that has ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from orrery.base.errors import StorageError
from orrery.model.events.entry import EventLogEntry
from orrery.model.records.lease import Lease
from orrery.model.records.run import Run
from orrery.runtime.processes.process_id import process_id

__all__ = ["LINGER_SECONDS", "MANY_ENTRIES", "Batch", "NewRun", "Writer"]

LINGER_SECONDS = 0.25
"""How long the thread lets batches gather: a transaction costs as much as the entries of some steps, and a sync more."""
MANY_ENTRIES = 4096
"""So many entries, of about 500 steps, are written while whoever submits them waits: quick steps make them in 0.1 s."""
_MOST_INCOMPLETE = 1_000
_SLOW_TIMES = 4.0
"""Writing that took so many times the time of the processor has waited for the disk, or for others who compute."""


class NewRun(NamedTuple):
    """A run, and the lease under which this process has it in hand."""

    run: Run
    lease: Lease


class Batch(NamedTuple):
    """
    What is stored together.

    Attributes:
        entries: The entries, in order.
        before: What is done before they become durable.
        after: What is done once they are stored.
        is_last: Whether it is lost if anything of its runs was.
        new_run: A run that is recorded before the entries.
    """

    entries: Sequence[EventLogEntry]
    before: Callable[[], None] | None
    after: Callable[[], None] | None = None
    is_last: bool = False
    new_run: NewRun | None = None

    def run_ids(self) -> frozenset[str]:
        """Return the runs of which something is stored; what is no entry, which the store refuses, is of none."""
        given: Sequence[object] = self.entries
        found = {entry.run_id for entry in given if isinstance(entry, EventLogEntry)}
        if self.new_run is not None:
            found.add(self.new_run.run.run_id)
        return frozenset(found)


class _Failure(NamedTuple):
    run_ids: frozenset[str]
    error: Exception


class Writer:
    """
    Writes batches in a thread of its own.

    Args:
        store: Stores batches in one transaction, durably; all or none.
        fails_for_all: Tells whether an error of *store* says nothing about the batches: none would fare better alone,
            but those for which *store* keeps room.
        has_room: Tells whether *store* keeps room for a batch that comes alone.
        at_rest: Called in the thread when nothing came for a moment after it stored something, and at its end.
    """

    def __init__(
        self,
        store: Callable[[Sequence[Batch]], None],
        fails_for_all: Callable[[Exception], bool] = lambda error: False,
        has_room: Callable[[Batch], bool] = lambda batch: False,
        at_rest: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._fails_for_all = fails_for_all
        self._has_room = has_room
        self._at_rest = at_rest
        self._begin()

    def _begin(self) -> None:
        self._pid = process_id()
        self._change = threading.Condition()
        self._waiting: list[Batch] = []
        self._failures: list[_Failure] = []
        self._incomplete: dict[str, Exception] = {}
        self._submitted = 0
        self._done = 0
        self._awaited = 0
        self._entries = 0
        self._is_slow = False
        self._closing = False
        self._thread: threading.Thread | None = None

    def submit(self, batch: Batch) -> None:
        """Take a batch; it will be stored after all that were taken before."""
        if process_id() != self._pid:
            self._begin()
        with self._change:
            self._waiting.append(batch)
            self._entries += len(batch.entries)
            self._submitted += 1
            if self._thread is None:
                self._start()
            elif len(self._waiting) == 1:
                self._change.notify_all()

    def _start(self) -> None:
        """Start the thread for the one batch that waits; a batch that no thread will write is not taken."""
        self._closing = False
        thread = threading.Thread(target=self._run, name="orrery-writer", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._waiting.pop()
            self._submitted -= 1
            raise StorageError(
                f"Cannot start the thread that writes the records: {error}.",
                mend="raise the limit of threads of this process, or start fewer.",
            ) from error
        self._thread = thread

    def relieve(self) -> None:
        """Wait if much is to be written, and writing is quick; the module says why."""
        if self._entries >= MANY_ENTRIES and not self._is_slow:
            self.settle()

    def settle(self) -> None:
        """Wait until all that was submitted before is stored, or was lost by an error."""
        if self._done == self._submitted or process_id() != self._pid:
            return
        if threading.current_thread() is self._thread:  # asked by somebody who is told of what is stored by now
            return
        with self._change:
            target = self._awaited = self._submitted
            self._change.notify_all()
            while self._done < target:
                self._change.wait()

    def wait(self, run_id: str | None = None) -> None:
        """
        Wait until all that was submitted before is durable.

        Args:
            run_id: Raise only what lost entries of this run.

        Raises:
            Exception: What happened to a batch that could not be stored; told once.
        """
        self.settle()
        self.raise_lost(run_id)

    def raise_lost(self, run_id: str | None = None) -> None:
        """Raise what happened to a batch that could not be stored, as ``wait`` does, and wait for nothing."""
        if not self._failures or process_id() != self._pid:
            return
        with self._change:
            for failure in self._failures:
                if run_id is None or run_id in failure.run_ids:
                    self._failures.remove(failure)
                    raise failure.error

    def close(self) -> None:
        """Wait for all that was submitted and stop the thread."""
        if process_id() != self._pid:
            return
        with self._change:
            thread, self._thread = self._thread, None
            self._closing = True
            self._change.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        rests = True
        while True:
            with self._change:
                while not self._waiting and not self._closing:
                    if not self._change.wait(None if rests else LINGER_SECONDS):
                        break
                is_due = not rests and not self._waiting
            if is_due:
                rests = True
                with suppress(OSError):  # of the disk, which tells it those who store next, too: they can be told
                    self._at_rest()
                continue
            with self._change:
                if self._awaited <= self._done and not self._closing:
                    self._change.wait(LINGER_SECONDS)
                batches, self._waiting = self._waiting, []
                self._entries = 0
                if not batches:
                    return
            rests = False
            began, worked = time.perf_counter(), time.thread_time()
            try:
                failures = self._write(batches)
            except BaseException as error:  # noqa: BLE001  # raised into the thread from outside: told all the same
                failures = [self._lost(batch, error) for batch in batches]
            worked, taken = time.thread_time() - worked, time.perf_counter() - began
            with self._change:
                self._is_slow = taken > _SLOW_TIMES * worked
                self._failures.extend(failures)
                self._done += len(batches)
                self._change.notify_all()

    def _write(self, batches: Sequence[Batch]) -> list[_Failure]:
        """Store *batches*; what fails alone is lost alone."""
        failures: list[_Failure] = []
        ready: list[Batch] = []
        broken: dict[Callable[[], None], BaseException] = {}
        called: set[Callable[[], None]] = set()
        for batch in batches:
            before = batch.before
            if before is not None and before not in called:
                called.add(before)
                try:
                    before()
                except BaseException as error:  # noqa: BLE001  # told to those who wait for these entries
                    broken[before] = error
            if before in broken:
                failures.append(self._lost(batch, broken[before]))
            elif batch.is_last and (missing := self._missing_of(batch)) is not None:
                failures.append(_failure(batch, missing))
            else:
                ready.append(batch)
        if not ready:
            return failures
        try:
            self._store(ready)
        except Exception as error:  # noqa: BLE001  # told to those who wait for these entries
            if len(ready) == 1:
                return [*failures, self._lost(ready[0], error)]
            fails_for_all = self._fails_for_all(error)
            for batch in ready:
                if fails_for_all and not self._has_room(batch):
                    failures.append(self._lost(batch, error))
                    continue
                missing = self._missing_of(batch) if batch.is_last else None
                if missing is not None:
                    failures.append(_failure(batch, missing))
                    continue
                try:
                    self._store([batch])
                except Exception as alone:  # noqa: BLE001  # as above
                    failures.append(self._lost(batch, alone))
                else:
                    failures += _told([batch])
            return failures
        return failures + _told(ready)

    def _lost(self, batch: Batch, error: BaseException) -> _Failure:
        """Return the failure of a batch that is lost, and note of which runs it was."""
        failure = _failure(batch, error)
        for run_id in failure.run_ids:
            if batch.is_last:
                self._incomplete.pop(run_id, None)
            else:
                if len(self._incomplete) >= _MOST_INCOMPLETE:  # runs that ended badly, which nobody asks about
                    del self._incomplete[next(iter(self._incomplete))]
                self._incomplete[run_id] = failure.error
        return failure

    def _missing_of(self, batch: Batch) -> Exception | None:
        """Return what lost something of the runs of the last batch, if anything was lost; it is the end of what is noted."""
        found = [self._incomplete.pop(run_id, None) for run_id in batch.run_ids()]
        return next((error for error in found if error is not None), None)


def _told(batches: Sequence[Batch]) -> list[_Failure]:
    """Tell that *batches* are stored; return what those who are told raised."""
    failures = []
    for batch in batches:
        if batch.after is not None:
            try:
                batch.after()
            except BaseException as error:  # noqa: BLE001  # told to those who wait for these entries
                failures.append(_failure(batch, error))
    return failures


def _failure(batch: Batch, error: BaseException) -> _Failure:
    if not isinstance(error, Exception):
        # Such as SystemExit of a listener: raised by `wait`, it would end a program that did not ask for it.
        ended = StorageError(
            f"Writing the records was broken off by {type(error).__name__}: {error}.",
            mend="see whether a logger or a listener for events ends the process.",
        )
        ended.__cause__ = error
        error = ended
    return _Failure(batch.run_ids(), error)
