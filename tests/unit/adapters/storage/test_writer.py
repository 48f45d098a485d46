"""The thread that writes outlives whatever is raised in it: who waits is told, and nobody waits for ever."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from orrery.adapters.storage.sql.writer import LINGER_SECONDS, MANY_ENTRIES, Batch, Writer
from orrery.base.errors import StorageError
from orrery.testing.conformance.samples import materialized

WAIT_SECONDS = 60.0


def batch(run_id: str = "run-1", **options: Any) -> Batch:
    return Batch((materialized("a", run_id=run_id),), options.get("before"), options.get("after"))


def within(seconds: float, act: Callable[[], Any]) -> BaseException | None:
    """Return what *act* raises, or None; fail if it does not return."""
    raised: list[BaseException | None] = []

    def try_it() -> None:
        try:
            act()
        except BaseException as error:  # the answer
            raised.append(error)
        else:
            raised.append(None)

    thread = threading.Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(seconds)
    assert raised, "it waits for ever"
    return raised[0]


def leave() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("place", ["before", "after"])
def test_listener_that_ends_its_thread_is_told_and_the_next_batch_is_stored(place: str) -> None:
    stored: list[Batch] = []
    writer = Writer(stored.extend)
    writer.submit(batch(**{place: leave}))
    error = within(WAIT_SECONDS, writer.wait)
    assert isinstance(error, StorageError)
    assert "broken off by SystemExit: 3" in str(error)
    assert isinstance(error.__cause__, SystemExit)
    told: list[str] = []
    writer.submit(batch(after=lambda: told.append("stored")))
    assert within(WAIT_SECONDS, writer.wait) is None
    assert told == ["stored"]
    assert len(stored) == (1 if place == "before" else 2)
    assert within(WAIT_SECONDS, writer.close) is None


def test_listener_that_ends_its_thread_costs_the_others_of_the_transaction_nothing() -> None:
    free, told = threading.Event(), []
    writer = Writer(lambda batches: None)
    writer.submit(batch(before=free.wait))  # the others gather meanwhile
    writer.submit(batch("run-1", after=leave))
    writer.submit(batch("run-2", after=lambda: told.append("run-2")))
    free.set()
    assert within(WAIT_SECONDS, lambda: writer.wait("run-2")) is None
    assert told == ["run-2"]
    assert isinstance(within(WAIT_SECONDS, lambda: writer.wait("run-1")), StorageError)
    writer.close()


def test_store_that_is_broken_off_is_told_to_all_whose_entries_it_lost() -> None:
    tries: list[int] = []

    def store(batches: Sequence[Batch]) -> None:
        tries.append(len(batches))
        if len(tries) == 1:
            raise KeyboardInterrupt

    writer = Writer(store)
    writer.submit(batch())
    assert isinstance(within(WAIT_SECONDS, writer.wait), StorageError)
    writer.submit(batch())
    assert within(WAIT_SECONDS, writer.wait) is None
    writer.close()


@pytest.mark.parametrize("is_last", [False, True])
def test_what_is_no_entry_is_told_to_who_waits_and_the_next_batch_is_stored(is_last: bool) -> None:
    stored: list[Batch] = []

    def store(batches: Sequence[Batch]) -> None:
        for each in batches:
            assert all(hasattr(entry, "run_id") for entry in each.entries), "no entry"
        stored.extend(batches)

    writer = Writer(store)
    writer.submit(Batch(("x",), None, None, is_last))  # type: ignore[arg-type]  # what is refused
    assert isinstance(within(WAIT_SECONDS, writer.wait), AssertionError)
    writer.submit(batch())
    assert within(WAIT_SECONDS, writer.wait) is None
    assert len(stored) == 1


def test_exception_raised_into_the_thread_from_outside_is_told() -> None:
    """As by a debugger, or by a library that stops threads."""
    inside, raised = threading.Event(), threading.Event()

    def store(_batches: Sequence[Batch]) -> None:
        inside.set()
        while not raised.is_set():
            raised.wait(0.01)

    writer = Writer(store)
    writer.submit(batch())
    assert inside.wait(WAIT_SECONDS)
    assert writer._thread is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(writer._thread.ident or 0), ctypes.py_object(SystemExit))
    assert isinstance(within(WAIT_SECONDS, writer.wait), StorageError)
    raised.set()
    writer.submit(batch())
    assert within(WAIT_SECONDS, writer.wait) is None
    writer.close()


def test_thread_that_cannot_be_started_is_told_to_who_appends(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a container allows no more threads."""
    stored: list[Batch] = []
    writer = Writer(stored.extend)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "orrery-writer":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as limit:
        limit.setattr(threading.Thread, "start", refuse)
        with pytest.raises(StorageError, match="Cannot start the thread that writes the records: can't start"):
            writer.submit(batch())
        assert within(WAIT_SECONDS, writer.wait) is None
    writer.submit(batch())
    assert within(WAIT_SECONDS, writer.wait) is None
    assert len(stored) == 1  # who was told of the first may try again: it is not stored behind their back
    writer.close()


def test_whoever_submits_much_waits_while_it_is_written() -> None:
    stored: list[Batch] = []
    writer = Writer(stored.extend)
    entries = tuple(materialized("a", run_id="run-1") for _ in range(MANY_ENTRIES))
    writer.submit(Batch(entries[:10], None))
    writer.relieve()
    assert stored == [], "a little is left to gather"
    writer.submit(Batch(entries, None))
    writer.relieve()
    assert [len(each.entries) for each in stored] == [10, MANY_ENTRIES]
    writer.close()


def test_nobody_waits_for_a_disk_that_is_slow() -> None:
    free = threading.Event()
    entries = tuple(materialized("a", run_id="run-1") for _ in range(MANY_ENTRIES))

    def store(batches: Sequence[Batch]) -> None:
        time.sleep(0.5)  # a disk that takes its time, and no time of the processor
        if len(batches[0].entries) > 1:
            assert free.wait(WAIT_SECONDS)

    writer = Writer(store)
    writer.submit(batch())
    writer.wait()
    writer.submit(Batch(entries, None))
    assert within(WAIT_SECONDS / 2, writer.relieve) is None, "it is still being written"
    free.set()
    assert within(WAIT_SECONDS, writer.wait) is None
    writer.close()


def test_it_rests_once_after_it_stored_something_and_at_its_end() -> None:
    told: list[str] = []
    rested = threading.Event()

    def rest() -> None:
        told.append("rest")
        rested.set()

    writer = Writer(lambda batches: told.append("store"), at_rest=rest)
    writer.submit(batch())
    assert rested.wait(WAIT_SECONDS)
    assert not (rested.clear() or rested.wait(3 * LINGER_SECONDS)), "once is enough"
    writer.submit(batch())
    writer.close()
    assert told == ["store", "rest", "store", "rest"]


def test_what_fails_at_rest_does_not_end_it() -> None:
    failed = threading.Event()

    def rest() -> None:
        failed.set()
        raise OSError("the disk does not answer")

    stored: list[Batch] = []
    writer = Writer(stored.extend, at_rest=rest)
    writer.submit(batch())
    assert failed.wait(WAIT_SECONDS)
    writer.submit(batch())
    writer.wait()
    assert len(stored) == 2
    writer.close()


def test_the_end_of_a_run_is_stored_only_if_nothing_of_the_run_was_lost() -> None:
    """However the batches fall into transactions; the ends of other runs are none the worse."""

    def refuse() -> None:
        raise OSError("the disk is full")

    stored: list[Batch] = []
    writer = Writer(stored.extend)
    writer.submit(batch("run-1", before=refuse))
    writer.settle()
    writer.submit(batch("run-1")._replace(is_last=True))
    writer.submit(batch("run-2")._replace(is_last=True))
    error = within(WAIT_SECONDS, lambda: writer.wait("run-1"))
    assert isinstance(error, OSError)
    assert within(WAIT_SECONDS, lambda: writer.wait("run-2")) is None
    assert [each.entries[0].run_id for each in stored] == ["run-2"]
    writer.submit(batch("run-3", before=refuse))
    writer.submit(batch("run-3")._replace(is_last=True))
    assert isinstance(within(WAIT_SECONDS, lambda: writer.wait("run-3")), OSError)
    assert len(stored) == 1
    writer.close()


def test_the_end_of_a_run_is_lost_with_what_a_store_refuses_alone() -> None:
    stored: list[Batch] = []

    def store(batches: Sequence[Batch]) -> None:
        if any(each.after is leave for each in batches):
            raise ValueError("not this one")
        stored.extend(batches)

    writer = Writer(store)
    free = threading.Event()
    writer.submit(batch("run-0", before=free.wait))
    writer.submit(batch("run-1", after=leave))
    writer.submit(batch("run-1")._replace(is_last=True))
    free.set()
    assert isinstance(within(WAIT_SECONDS, lambda: writer.wait("run-1")), ValueError)
    assert [each.entries[0].run_id for each in stored] == ["run-0"]
    writer.close()


def test_what_room_is_kept_for_is_tried_alone_when_the_disk_is_full() -> None:
    """So that the end of a run is told, whatever gathered with it."""
    stored: list[Batch] = []

    def store(batches: Sequence[Batch]) -> None:
        if len(batches) > 1 or batches[0].after is not leave:
            raise StorageError("the disk is full")
        stored.extend(batches)

    free = threading.Event()
    writer = Writer(store, fails_for_all=lambda error: True, has_room=lambda each: each.after is leave)
    writer.submit(batch("run-0", before=free.wait))
    writer.submit(batch("run-1"))
    writer.submit(batch("run-1", after=leave))
    free.set()
    assert isinstance(within(WAIT_SECONDS, lambda: writer.wait("run-0")), StorageError)
    assert len(stored) == 1
    writer.close()
