"""The thread that follows the messages of one process: in a file that grows, and at a socket beside it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.listening import Listener
from orrery.adapters.pipes.wire import LineSplitter

__all__ = ["Follower"]

_PIECE_BYTES = 1 << 20
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class Follower:
    """
    Feeds a handler what is appended to a file, and what arrives at a socket, from a thread of its own.

    Args:
        path: The file.
        listener: The socket, if there is one.
        handler: Takes the lines.
    """

    def __init__(self, path: str, listener: Listener | None, handler: PipesMessageHandler) -> None:
        self._path = path
        self._listener = listener
        self._handler = handler
        self._closing = threading.Event()
        self._splitter = LineSplitter()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow while the block runs; at its end, all that was written has been read."""
        thread = threading.Thread(target=self._run, name="pipes-reader", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._closing.set()
            if self._listener is not None:
                self._listener.wake()
            thread.join()

    def _run(self) -> None:
        try:
            with open(self._path, "rb") as file:
                self._follow(file)
        except BaseException as error:  # noqa: BLE001 - told by the handler: a reader that dies fails the step
            self._handler.reader_died(error)

    def _follow(self, file: BinaryIO) -> None:
        pause = _SHORTEST_PAUSE
        while not self._closing.is_set():
            if self._listener is None:
                self._closing.wait(pause)
            elif self._listener.read(self._handler, pause):
                # Who sends to the socket writes nothing to the file: it may wait.
                pause = _LONGEST_PAUSE
                continue
            pause = _SHORTEST_PAUSE if self._read_file(file) else min(pause * 2, _LONGEST_PAUSE)
        # The process has ended, so that all it sent is here; what it left running may go on sending without end.
        if self._listener is not None:
            self._listener.drain(self._handler)
        self._read_file(file, os.fstat(file.fileno()).st_size - file.tell())
        self._handler.handle_lines(self._splitter.end())

    def _read_file(self, file: BinaryIO, size_bytes: int = _PIECE_BYTES) -> bool:
        """Take what was appended to the file, at most *size_bytes*; return whether there was anything."""
        found = False
        while size_bytes > 0 and (piece := file.read(min(size_bytes, _PIECE_BYTES))):
            found = True
            size_bytes -= len(piece)
            self._handler.handle_lines(self._splitter.feed(piece))
        return found
