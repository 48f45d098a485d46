"""
Log writers: copy what the process writes to stdout and stderr, also from C code and child processes.

The streams keep going where they went; a copy is read alongside and passed on in chunks.
"""

from __future__ import annotations

import codecs
import os
import sys
import threading
from abc import ABC, abstractmethod
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ContextManager, Generic, Iterator, Literal, TextIO, TypeVar

from orrery_pipes.channels import PipesMessageWriterChannel
from orrery_pipes.messages import make_message

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesExtras, PipesLogWriterOpenedData, PipesParams

T_LogChannel = TypeVar("T_LogChannel", bound="PipesLogWriterChannel")

_DESCRIPTORS = {"stdout": 1, "stderr": 2}
_CHUNK_BYTES = 1 << 20


class ExcThread(threading.Thread):
    """Thread that keeps the exception that ended it, and tells it on stderr when it is joined."""

    exception: BaseException | None = None

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run the target; keep its exception."""
        try:
            super().run(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - told in `join`
            self.exception = error

    def join(self, *args: Any, **kwargs: Any) -> None:
        """Wait for the thread to end, and write its exception, if any, to stderr."""
        super().join(*args, **kwargs)
        error, self.exception = self.exception, None
        if error is not None:
            sys.stderr.write(f"Exception in thread {self.name}: {type(error).__name__}: {error}\n")


class PipesLogWriterChannel(ABC):
    """Object that collects logs and passes them on."""

    @abstractmethod
    def capture(self) -> ContextManager[None]:
        """Collect logs while the block runs. To be implemented as a ``@contextmanager``."""


class PipesLogWriter(ABC, Generic[T_LogChannel]):
    """Object that opens the channels through which logs go."""

    LOG_WRITER_KEY = "log_writer"

    @abstractmethod
    def open(self, params: PipesParams) -> ContextManager[None]:
        """Collect logs, as *params* say, while the block runs. To be implemented as a ``@contextmanager``."""

    def get_opened_payload(self) -> PipesLogWriterOpenedData:
        """Return what the orchestrator is told at the start; override :meth:`get_opened_extras` instead."""
        return {"extras": self.get_opened_extras()}

    def get_opened_extras(self) -> PipesExtras:
        """Return what else the orchestrator's log reader is to know."""
        return {}


class PipesStdioLogWriterChannel(PipesLogWriterChannel):
    """
    Log writer channel that collects one standard stream of the process; a subclass says where chunks go.

    Args:
        stream: ``stdout`` or ``stderr``.
        interval: Seconds between two chunks.
        name: Name of the channel, for threads and messages.
    """

    WAIT_FOR_TEE_SECONDS: float = 1.0

    def __init__(self, stream: Literal["stdout", "stderr"], interval: float, name: str):
        self.stream = stream
        self.interval = interval
        self._name = name

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self._name

    @property
    def stdio(self) -> TextIO:
        """The stream object of the process."""
        return sys.stdout if self.stream == "stdout" else sys.stderr

    @abstractmethod
    def write_chunk(self, chunk: str) -> None:
        """Pass *chunk* on."""

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Collect the stream while the block runs; at the end, all of it has been passed on."""
        # Not at the top: few processes collect their streams, and these take 6 ms to import.
        import subprocess
        import tempfile

        descriptor = _DESCRIPTORS[self.stream]
        with tempfile.TemporaryDirectory(prefix="pipes-") as folder, ExitStack() as stack:
            path = os.path.join(folder, self.stream)
            with open(path, "wb"):
                pass
            self.stdio.flush()
            original = os.dup(descriptor)
            stack.callback(os.close, original)
            # A process rather than a thread, which code that holds the interpreter lock could starve; of a session of
            # its own, so that it outlives a signal to the group and what was written last still gets through.
            tee = subprocess.Popen(
                ["tee", "-i", "-a", path],
                stdin=subprocess.PIPE,
                stdout=original,
                start_new_session=True,
            )
            assert tee.stdin is not None
            os.dup2(tee.stdin.fileno(), descriptor)
            tee.stdin.close()

            started, stop = threading.Event(), threading.Event()
            thread = ExcThread(target=self.handler, args=(path, started, stop), name=self.name, daemon=True)
            thread.start()
            started.wait()
            try:
                yield
            finally:
                self.stdio.flush()
                os.dup2(original, descriptor)
                try:
                    # Children that still hold the stream keep tee alive; what they write later is not waited for.
                    tee.wait(self.WAIT_FOR_TEE_SECONDS)
                except subprocess.TimeoutExpired:
                    tee.returncode = 0  # left to the init process: no warning about a child that was not waited for
                stop.set()
                thread.join()

    def handler(self, path: str, capturing_started: threading.Event, capturing_should_stop: threading.Event) -> None:
        """
        Pass on what arrives in the file at *path*, until told to stop and nothing is left.

        Args:
            path: File into which the stream is copied.
            capturing_started: Set here when reading begins.
            capturing_should_stop: Set by the caller when nothing more will be written.
        """
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        with open(path, "rb") as file:
            capturing_started.set()
            while True:
                last_round = capturing_should_stop.wait(self.interval)
                while True:
                    piece = file.read(_CHUNK_BYTES)
                    text = decoder.decode(piece, final=last_round and not piece)
                    if text:
                        self.write_chunk(text)
                    if not piece:
                        break
                if last_round:
                    return


class PipesStdioLogWriter(PipesLogWriter[T_LogChannel]):
    """Log writer for stdout and stderr of the process; a subclass makes the channel for each."""

    @abstractmethod
    def make_channel(self, params: PipesParams, stream: Literal["stdout", "stderr"]) -> T_LogChannel:
        """Return the channel for *stream*."""

    @contextmanager
    def open(self, params: PipesParams) -> Iterator[None]:
        """Collect both streams while the block runs."""
        with self.make_channel(params, "stdout").capture(), self.make_channel(params, "stderr").capture():
            yield


class PipesDefaultLogWriterChannel(PipesStdioLogWriterChannel):
    """
    Log writer channel that sends chunks as messages.

    Args:
        message_channel: Where messages go.
        stream: ``stdout`` or ``stderr``.
        name: Name of the channel.
        interval: Seconds between two chunks.
    """

    def __init__(
        self,
        message_channel: PipesMessageWriterChannel,
        stream: Literal["stdout", "stderr"],
        name: str,
        interval: float,
    ):
        super().__init__(stream=stream, interval=interval, name=name)
        self.message_channel = message_channel

    def write_chunk(self, chunk: str) -> None:
        """Send *chunk* as a message of its stream."""
        self.message_channel.write_message(
            make_message("log_external_stream", {"stream": self.stream, "text": chunk, "extras": {}})
        )


class PipesDefaultLogWriter(PipesStdioLogWriter[PipesDefaultLogWriterChannel]):
    """
    Log writer that sends stdout and stderr as messages.

    Args:
        message_channel: Where messages go.
        interval: Seconds between two chunks.
    """

    def __init__(self, message_channel: PipesMessageWriterChannel, interval: float = 1):
        self.interval = interval
        self._message_channel = message_channel

    @property
    def message_channel(self) -> PipesMessageWriterChannel:
        """Where messages go."""
        return self._message_channel

    def make_channel(self, params: PipesParams, stream: Literal["stdout", "stderr"]) -> PipesDefaultLogWriterChannel:
        """Return the channel for *stream*."""
        return PipesDefaultLogWriterChannel(
            message_channel=self.message_channel,
            stream=stream,
            name=f"PipesDefaultLogWriterChannel({stream})",
            interval=self.interval,
        )


class PipesStdioFileLogWriterChannel(PipesStdioLogWriterChannel):
    """
    Log writer channel that appends a stream to a file.

    Args:
        output_path: The file.
        stream: ``stdout`` or ``stderr``.
        name: Name of the channel.
        interval: Seconds between two chunks.
    """

    def __init__(self, output_path: str, stream: Literal["stdout", "stderr"], name: str, interval: float):
        super().__init__(stream=stream, interval=interval, name=name)
        self.output_path = output_path

    def write_chunk(self, chunk: str) -> None:
        """Append *chunk* to the file."""
        with open(self.output_path, "a", encoding="utf-8") as file:
            file.write(chunk)


class PipesStdioFileLogWriter(PipesStdioLogWriter[PipesStdioFileLogWriterChannel]):
    """
    Log writer that copies stdout and stderr to files of these names in a folder, such as a mounted store.

    The params name the folder under the key ``logs_dir``; it is made if it does not exist.

    Args:
        interval: Seconds between two chunks.
    """

    LOGS_DIR_KEY = "logs_dir"

    def __init__(self, interval: float = 1.0):
        self.interval = interval

    def make_channel(self, params: PipesParams, stream: Literal["stdout", "stderr"]) -> PipesStdioFileLogWriterChannel:
        """Return the channel for *stream*."""
        folder = params[self.LOGS_DIR_KEY]
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, stream)
        return PipesStdioFileLogWriterChannel(
            output_path=path,
            stream=stream,
            name=f"PipesStdioFileLogWriterChannel({stream}->{path})",
            interval=self.interval,
        )
