"""
Message writer channels: where messages go, one by one, once a writer has opened the way.

A message that was written to a file or a stream has left the process: whatever ends it afterwards, the message
counts. The buffered channels trade this for fewer, larger uploads.
"""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from contextlib import contextmanager
from io import StringIO
from typing import IO, TYPE_CHECKING, Any, Iterator, Sequence, TextIO, cast

from orrery_pipes.errors import PipesError, PipesMessageTooLongError, PipesSerializationError
from orrery_pipes.messages import encode_message

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesMessage


class PipesMessageWriterChannel(ABC):
    """
    Object that writes messages back to the orchestrator.

    Attributes:
        longest_message_bytes: The longest message that the orchestrator takes; None if it does not say.
    """

    longest_message_bytes: int | None = None

    @abstractmethod
    def write_message(self, message: PipesMessage) -> None:
        """
        Write *message* to the orchestrator.

        Args:
            message: The message; it is not kept, so that the caller may change it afterwards.
        """

    def _encode(self, message: PipesMessage) -> str:
        """Return *message* as one line, without its end; raise if the orchestrator would not take it."""
        line = encode_message(message)
        longest = self.longest_message_bytes
        if longest is not None and len(line) > longest:
            raise PipesMessageTooLongError(message["method"], len(line), longest)
        return line


class PipesFileMessageWriterChannel(PipesMessageWriterChannel):
    """
    Message writer channel that appends messages to a file, one a line.

    Each message is one write to a file opened for appending, so that threads and forked processes do not tear one
    another's lines, and a reader meets whole ones.

    Args:
        path: The file; it is made if it does not exist, its folder is not.
    """

    def __init__(self, path: str):
        self._path = path
        self._descriptor: int | None = None
        self._torn = False

    def write_message(self, message: PipesMessage) -> None:
        """Append *message* to the file."""
        line = (self._encode(message) + "\n").encode("ascii")
        if self._torn:
            # A full disk cut the last message short: end its line, so that it spoils this one not too.
            line = b"\n" + line
        if self._descriptor is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(self._path, flags, 0o666)
        written = 0
        try:
            written = os.write(self._descriptor, line)
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        finally:
            if written:
                self._torn = written < len(line)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class PipesStreamMessageWriterChannel(PipesMessageWriterChannel):
    """
    Message writer channel that writes messages to a stream, one a line, and flushes after each.

    Args:
        stream: The stream, as a rule ``sys.stdout`` or ``sys.stderr``. It is not closed.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write_message(self, message: PipesMessage) -> None:
        """Write *message* to the stream."""
        self._stream.write(self._encode(message) + "\n")
        self._stream.flush()


class PipesBufferedStreamMessageWriterChannel(PipesMessageWriterChannel):
    """
    Message writer channel that keeps messages and writes them to a stream all at once, at the end.

    For streams into which others write pieces of lines. Unlike with the other channels, nothing arrives of a
    process that is killed.

    Args:
        stream: The stream. It is not closed.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._buffer: list[str] = []

    def write_message(self, message: PipesMessage) -> None:
        """Keep *message* until the flush."""
        self._buffer.append(self._encode(message) + "\n")

    def flush(self) -> None:
        """Write all kept messages to the stream."""
        lines, self._buffer = self._buffer, []
        self._stream.writelines(lines)
        self._stream.flush()


class PipesBlobStoreMessageWriterChannel(PipesMessageWriterChannel):
    """
    Message writer channel that uploads messages in numbered chunks (``1``, ``2``, ...), as time goes by.

    A chunk that could not be uploaded is tried again, under its number, at the next round; a subclass only has to say
    how one is uploaded.

    Args:
        interval: Seconds between two uploads.
    """

    _ATTEMPTS_AT_THE_END = 3

    def __init__(self, *, interval: float = 10):
        self._interval = interval
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._pending = ""
        self._counter = 1

    def write_message(self, message: PipesMessage) -> None:
        """Keep *message* until the next upload."""
        line = self._encode(message)
        with self._lock:
            self._lines.append(line)

    def flush_messages(self) -> Sequence[PipesMessage]:
        """Return the messages that were not yet taken for an upload, and forget them."""
        return [cast("PipesMessage", json.loads(line)) for line in self._take_lines()]

    @abstractmethod
    def upload_messages_chunk(self, payload: StringIO, index: int) -> None:
        """
        Upload one chunk.

        Args:
            payload: The messages of the chunk, one a line.
            index: Number of the chunk, from 1 on, without gaps.
        """

    @contextmanager
    def buffered_upload_loop(self) -> Iterator[None]:
        """
        Upload messages in the background while the block runs, and the rest at its end.

        Raises:
            PipesError: At the end, if the last chunk could not be uploaded.
        """
        closing = threading.Event()
        # A daemon, so that a process that forgets to close can end.
        thread = threading.Thread(target=self._upload_loop, args=(closing,), name="pipes-upload", daemon=True)
        thread.start()
        try:
            yield
        finally:
            closing.set()
            thread.join()
            self._upload_rest()

    def _take_lines(self) -> list[str]:
        with self._lock:
            lines, self._lines = self._lines, []
        return lines

    def _upload_loop(self, closing: threading.Event) -> None:
        while not closing.wait(self._interval):
            try:
                self._upload()
            except Exception:  # noqa: BLE001 - the client's own; the chunk is kept, the last error raised
                continue

    def _upload_rest(self) -> None:
        pause = threading.Event()
        for attempt in range(1, self._ATTEMPTS_AT_THE_END + 1):
            try:
                self._upload()
            except Exception as error:
                if attempt == self._ATTEMPTS_AT_THE_END:
                    raise PipesError(
                        f"Cannot upload chunk {self._counter} of the messages, {len(self._pending)} bytes, in "
                        f"{attempt} attempts: {error}"
                    ) from error
                pause.wait(min(self._interval, 0.5 * attempt))
            else:
                return

    def _upload(self) -> None:
        """Upload what there is, as one chunk; a chunk that failed goes first, and under the number it had."""
        if self._pending:
            self._upload_pending()
        self._pending = "\n".join(self._take_lines())
        if self._pending:
            self._upload_pending()

    def _upload_pending(self) -> None:
        self.upload_messages_chunk(StringIO(self._pending), self._counter)
        self._pending = ""
        self._counter += 1


class PipesBufferedFilesystemMessageWriterChannel(PipesBlobStoreMessageWriterChannel):
    """
    Message writer channel that writes chunks of messages as files into a folder, such as a mounted store.

    A file has its final name only when it is whole.

    Args:
        path: The folder; it has to exist.
        interval: Seconds between two files.
    """

    def __init__(self, path: str, *, interval: float = 10):
        super().__init__(interval=interval)
        self._path = path

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Write *payload* as ``<index>.json``."""
        target = os.path.join(self._path, f"{index}.json")
        unfinished = target + ".tmp"
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(payload.read())
        os.replace(unfinished, target)


class NumberedChannel(PipesMessageWriterChannel):
    """
    Channel that numbers messages from 1 on, so that the orchestrator notices a lost one.

    Messages of forked children are not numbered: parent and child cannot count together.

    Args:
        channel: Where the numbered messages go.
    """

    def __init__(self, channel: PipesMessageWriterChannel):
        self._channel = channel
        self._lock = threading.Lock()
        self._number = 0
        self._process_id = os.getpid()

    def write_message(self, message: PipesMessage) -> None:
        """Write *message* with the next number; one that could not be written leaves a gap, one that cannot be sent none."""
        if os.getpid() != self._process_id:
            self._channel.write_message(message)
            return
        # Under the lock, so that numbers stand in the file in their order.
        with self._lock:
            self._number += 1
            try:
                self._channel.write_message(cast("PipesMessage", {**message, "number": self._number}))
            except (PipesSerializationError, PipesMessageTooLongError):
                self._number -= 1
                raise
