"""Readers: how messages come back. Each feeds a handler from a thread of its own while the session is open."""

from __future__ import annotations

import os
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from orrery.adapters.pipes.context_data import PipesParams
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.wire import LineSplitter

__all__ = [
    "NEGOTIATED",
    "PipesFileMessageReader",
    "PipesMessageReader",
    "PipesTempFileMessageReader",
]

NEGOTIATED: Mapping[str, Any] = {"numbers": True}
"""What our side offers beyond the protocol; it stands under the key ``orrery`` of the params, where strangers do not look."""

_PIECE_BYTES = 1 << 20
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.002, 0.1


class PipesMessageReader(ABC):
    """Reads the messages of an external process."""

    @abstractmethod
    def read_messages(self, handler: PipesMessageHandler) -> AbstractContextManager[PipesParams]:
        """
        Feed *handler* while the block runs, and give the params by which the process sends messages.

        To be a ``@contextmanager``. When it ends, all messages have been read.
        """

    @abstractmethod
    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for, for the error that says that none came."""

    def on_opened(self, opened_payload: Mapping[str, Any]) -> None:  # noqa: B027 - a hook
        """Take note of what the process told when it opened: ``{"extras": ...}``."""

    def on_launched(self, launched_payload: Mapping[str, Any]) -> None:  # noqa: B027 - a hook
        """Take note of what the launcher told of the launch: ``{"extras": ...}``."""

    @property
    def expected_writer_count(self) -> int:
        """How many processes report through this reader."""
        return 1


class PipesFileMessageReader(PipesMessageReader):
    """
    Reads messages from the end of a file that the process appends to.

    Args:
        path: The file; it is made before the launch.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        cleanup_file: Whether the file is deleted when the session is closed.
    """

    def __init__(self, path: str, include_stdio_in_messages: bool = False, cleanup_file: bool = True) -> None:
        self._path = os.fspath(path)
        self._include_stdio = include_stdio_in_messages
        self._cleanup = cleanup_file

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Read what is appended to the file while the block runs."""
        with open(self._path, "ab"):
            pass
        closing = threading.Event()
        thread = threading.Thread(target=self._follow, args=(handler, closing), name="pipes-reader", daemon=True)
        thread.start()
        try:
            yield {
                "path": self._path,
                "include_stdio_in_messages": self._include_stdio,
                "orrery": NEGOTIATED,
            }
        finally:
            closing.set()
            thread.join()
            if self._cleanup:
                with suppress(FileNotFoundError):
                    os.remove(self._path)

    def _follow(self, handler: PipesMessageHandler, closing: threading.Event) -> None:
        splitter, pause = LineSplitter(), _SHORTEST_PAUSE
        try:
            with open(self._path, "rb") as file:
                while True:
                    last_round = closing.wait(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
                    while piece := file.read(_PIECE_BYTES):
                        pause = _SHORTEST_PAUSE
                        for line in splitter.feed(piece):
                            handler.handle_line(line)
                    if last_round:
                        break
            for line in splitter.end():
                handler.handle_line(line)
        except BaseException as error:  # noqa: BLE001 - told by the handler: a reader that dies fails the step
            handler.reader_died(error)

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return f"Messages were looked for in the file {self._path}."


class PipesTempFileMessageReader(PipesMessageReader):
    """
    Reads messages from a file of its own, which nobody else may write to.

    Args:
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
    """

    def __init__(self, include_stdio_in_messages: bool = False) -> None:
        self._include_stdio = include_stdio_in_messages

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Read what is appended to a new file while the block runs."""
        with tempfile.TemporaryDirectory(prefix="orrery-pipes-") as folder:
            reader = PipesFileMessageReader(os.path.join(folder, "messages"), self._include_stdio, cleanup_file=False)
            with reader.read_messages(handler) as params:
                yield params

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in a temporary file."
