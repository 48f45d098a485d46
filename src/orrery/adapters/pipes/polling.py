"""Readers that look for messages from time to time, as in a store of blobs. A subclass says how to look."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from orrery.adapters.pipes.context_data import PipesLaunchedData, PipesParams
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.log_readers import PipesLogReader
from orrery.adapters.pipes.readers import NEGOTIATED, PipesMessageReader
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesBlobStoreMessageReader", "PipesThreadedMessageReader"]

_FIRST_PAUSE_SECONDS = 0.1
_ATTEMPTS_AT_THE_END = 3
_AGAIN_SECONDS = 0.5


class PipesThreadedMessageReader(PipesMessageReader):
    """
    Looks for messages from a thread of its own.

    It looks often at first and where messages come, and every *interval* seconds where none do. A look that
    fails is told and tried again; one that fails at the end, three times, fails the step, as messages may be missing.

    Args:
        interval: Seconds between two looks, at most.
        log_readers: Bring the output of the process, while the session is open.
    """

    def __init__(self, interval: float = 10, log_readers: Sequence[PipesLogReader] | None = None) -> None:
        self.interval = interval
        self.log_readers = tuple(log_readers or ())
        self.opened_payload: Mapping[str, Any] | None = None
        self.launched_payload: PipesLaunchedData | None = None
        self._is_reading = False

    def add_log_reader(self, log_reader: PipesLogReader) -> None:
        """
        Add a reader of the output of the process, for the sessions that are opened from now on.

        Raises:
            PipesExecutionError: A session is open, which would not start it.
        """
        if self._is_reading:
            raise PipesExecutionError(
                f"Log reader {log_reader.name} cannot be added while a session is open: its logs would not be read.",
                mend="add it before the session is opened.",
            )
        self.log_readers = (*self.log_readers, log_reader)

    @abstractmethod
    def get_params(self) -> AbstractContextManager[PipesParams]:
        """Give the params by which the process sends messages. To be a ``@contextmanager``; it cleans up."""

    @abstractmethod
    def messages_are_readable(self, params: PipesParams) -> bool:
        """Return whether there is something to look into yet."""

    @abstractmethod
    def download_messages(self, cursor: Any, params: PipesParams) -> tuple[Any, str] | None:
        """
        Return what came after *cursor*, as lines, and the cursor after it; or None.

        Args:
            cursor: What the last call gave; None at first.
            params: Those of :meth:`get_params`.
        """

    def on_opened(self, opened_payload: Mapping[str, Any]) -> None:
        """Keep what the process told, for log readers."""
        self.opened_payload = opened_payload

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Keep what the launcher told, for log readers."""
        self.launched_payload = launched_payload

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Look for messages while the block runs; at its end, all have been read."""
        self.opened_payload = self.launched_payload = None
        # Log readers end after the messages have been read: in these the process tells where its logs are.
        with (
            self.get_params() as params,
            _running(self._read_logs if self.log_readers else None, "pipes-logs", handler, params),
            _running(self._look, "pipes-reader", handler, params),
        ):
            self._is_reading = True
            try:
                yield {**params, "orrery": NEGOTIATED}
            finally:
                self._is_reading = False

    def _look(self, handler: PipesMessageHandler, params: PipesParams, closing: threading.Event) -> None:
        cursor, pause, failures = None, _FIRST_PAUSE_SECONDS, 0
        while True:
            last_round = closing.wait(min(pause, self.interval))
            pause *= 2
            try:
                while self.messages_are_readable(params) and (found := self.download_messages(cursor, params)):
                    cursor, text = found
                    pause, failures = _FIRST_PAUSE_SECONDS, 0
                    handler.handle_lines(text.encode("utf-8", "surrogateescape").split(b"\n"))
            except Exception as error:  # noqa: BLE001 - the client's own errors; told now or at the end
                failures += 1
                if last_round and failures >= _ATTEMPTS_AT_THE_END:
                    handler.reader_died(error)
                    return
                if failures == 1:
                    handler.tell(f"looking for messages failed and is tried again: {error!r}")
                if last_round:
                    threading.Event().wait(_AGAIN_SECONDS * failures)
                continue
            if last_round:
                return

    def _read_logs(self, handler: PipesMessageHandler, params: PipesParams, closing: threading.Event) -> None:
        waiting, running = list(self.log_readers), []
        while True:
            last_round = closing.wait(min(_FIRST_PAUSE_SECONDS, self.interval))
            known = self._known_params(params)
            for reader in [*waiting]:
                try:
                    if reader.target_is_readable(known):
                        waiting.remove(reader)
                        reader.start(known, closing)
                        running.append(reader)
                except Exception as error:  # noqa: BLE001 - output is lost, results are not: told, no failure
                    if reader in waiting:
                        waiting.remove(reader)
                    handler.tell(f"log reader {reader.name} cannot start: {error!r}")
            if last_round:
                break
        for reader in waiting:
            handler.tell(reader.with_debug_info(f"log reader {reader.name} found nothing to read."))
        for reader in running:
            try:
                reader.stop()
            except Exception as error:  # noqa: BLE001 - as above
                handler.tell(f"log reader {reader.name} ended before its time: {error!r}")

    def _known_params(self, params: PipesParams) -> PipesParams:
        """Return *params* with what was told since, once the process has opened."""
        if self.opened_payload is None:
            return params
        launched = self.launched_payload["extras"] if self.launched_payload else {}
        return {**params, "extras": {**launched, **(self.opened_payload.get("extras") or {})}}


@contextmanager
def _running(
    run: Callable[[PipesMessageHandler, PipesParams, threading.Event], None] | None,
    name: str,
    handler: PipesMessageHandler,
    params: PipesParams,
) -> Iterator[None]:
    """Run *run* in a thread while the block runs; tell it to close, and wait for it."""
    if run is None:
        yield
        return
    closing = threading.Event()
    thread = threading.Thread(target=run, args=(handler, params, closing), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        closing.set()
        thread.join()


class PipesBlobStoreMessageReader(PipesThreadedMessageReader):
    """
    Reads messages in numbered chunks, as the writers for stores of blobs make them: ``1``, ``2``, and so on.

    Args:
        interval: Seconds between two looks, at most.
        log_readers: Bring the output of the process, while the session is open.

    Attributes:
        counter: Number of the chunk that comes next; each session begins with 1.
    """

    counter: int = 1

    @abstractmethod
    def download_messages_chunk(self, index: int, params: PipesParams) -> str | None:
        """
        Return the messages of one chunk, one a line; or None if it is not there yet.

        Args:
            index: Number of the chunk, from 1 on.
            params: Those of :meth:`get_params`.
        """

    def download_messages(self, cursor: int | None, params: PipesParams) -> tuple[int, str] | None:
        """Return the next chunk."""
        index = self.counter = 1 if cursor is None else cursor + 1
        text = self.download_messages_chunk(index, params)
        if text is None:
            return None
        self.counter = index + 1
        return index, text
