"""Messages between the lines of what a process prints: messages are taken, all else is passed on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from orrery.adapters.pipes.context_data import PipesParams
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.readers import NEGOTIATED, PipesMessageReader
from orrery.adapters.pipes.wire import BadMessage, LineSplitter, is_message

__all__ = ["OutputMessageReader"]


class OutputMessageReader(PipesMessageReader):
    """
    Reads messages from the output of a process, as its client brings it.

    Lines without a message go to the output of this process. A subclass names the place for
    :meth:`no_messages_debug_text`.

    Args:
        stream: To which stream the process writes messages.
    """

    def __init__(self, stream: Literal["stdout", "stderr"] = "stdout") -> None:
        self._stream = stream
        self._handler: PipesMessageHandler | None = None
        self._splitter = LineSplitter()

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Let the process write messages to its output, and take what the client brings."""
        with self.of(handler):
            yield {"stdio": self._stream, "orrery": NEGOTIATED}

    @contextmanager
    def of(self, handler: PipesMessageHandler) -> Iterator[None]:
        """Feed *handler* while the block runs."""
        self._handler, self._splitter = handler, LineSplitter()
        try:
            yield
            for line in self._splitter.end():
                self._take_line(line)
        finally:
            self._handler = None

    def take(self, data: bytes) -> None:
        """Take a piece of the output."""
        for line in self._splitter.feed(data):
            self._take_line(line)
        sys.stdout.flush()

    def _take_line(self, line: bytes | BadMessage) -> None:
        assert self._handler is not None
        if isinstance(line, BadMessage) or is_message(line):
            self._handler.handle_line(line)
        elif line:
            sys.stdout.write(line.decode("utf-8", "replace").rstrip("\r") + "\n")
