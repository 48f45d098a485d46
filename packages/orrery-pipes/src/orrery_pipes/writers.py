"""Message writers: open the way by which messages go back, as the orchestrator asked for it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ContextManager, Generic, Iterator, TextIO, TypeVar, cast

from orrery_pipes.channels import (
    PipesBlobStoreMessageWriterChannel,
    PipesBufferedStreamMessageWriterChannel,
    PipesFileMessageWriterChannel,
    PipesMessageWriterChannel,
    PipesStreamMessageWriterChannel,
)
from orrery_pipes.errors import PipesError, optional_int, require_bool, require_str
from orrery_pipes.logs import PipesDefaultLogWriter, PipesLogWriter
from orrery_pipes.messages import encode_message, make_message
from orrery_pipes.negotiation import negotiate

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesExtras, PipesMessage, PipesOpenedData, PipesParams

T_MessageChannel = TypeVar("T_MessageChannel", bound=PipesMessageWriterChannel)
T_BlobStoreMessageWriterChannel = TypeVar("T_BlobStoreMessageWriterChannel", bound=PipesBlobStoreMessageWriterChannel)


class PipesMessageWriter(ABC, Generic[T_MessageChannel]):
    """Object that opens a channel for messages to the orchestrator."""

    @abstractmethod
    def open(self, params: PipesParams) -> ContextManager[T_MessageChannel]:
        """
        Open a channel. To be implemented as a ``@contextmanager``.

        Args:
            params: What the message reader of the orchestrator handed over.

        Returns:
            A context manager that gives the channel; when it ends, all messages have left the process.
        """

    def get_opened_payload(self) -> PipesOpenedData:
        """
        Return what the orchestrator is told at the start.

        Not to be overridden: override :meth:`get_opened_extras` for data of your own.
        """
        return {"extras": self.get_opened_extras()}

    def get_opened_extras(self) -> PipesExtras:
        """Return what the orchestrator's message reader is to know that could not be known before the launch."""
        return {}


class PipesDefaultMessageWriter(PipesMessageWriter[PipesMessageWriterChannel]):
    """
    Message writer for a file or a standard stream.

    With the key ``path`` the params name a file; with the key ``stdio`` the stream ``stdout`` or ``stderr``; with
    ``buffered_stdio`` likewise, but all messages are written at the end. With ``include_stdio_in_messages``,
    which counts for files only, the output of the process is sent as messages as well.
    """

    FILE_PATH_KEY = "path"
    STDIO_KEY = "stdio"
    BUFFERED_STDIO_KEY = "buffered_stdio"
    STDERR = "stderr"
    STDOUT = "stdout"
    INCLUDE_STDIO_IN_MESSAGES_KEY: str = "include_stdio_in_messages"

    @contextmanager
    def open(self, params: PipesParams) -> Iterator[PipesMessageWriterChannel]:
        """Open the file or the stream that *params* name."""
        if self.FILE_PATH_KEY in params:
            file = PipesFileMessageWriterChannel(require_str(params, self.FILE_PATH_KEY, type(self)))
            try:
                with negotiate(file, params) as channel, _captured_stdio(
                    params, self.INCLUDE_STDIO_IN_MESSAGES_KEY, channel
                ):
                    yield channel
            finally:
                file.close()
        elif self.STDIO_KEY in params:
            with negotiate(PipesStreamMessageWriterChannel(self._stream(params, self.STDIO_KEY)), params) as channel:
                yield channel
        elif self.BUFFERED_STDIO_KEY in params:
            buffered = PipesBufferedStreamMessageWriterChannel(self._stream(params, self.BUFFERED_STDIO_KEY))
            try:
                with negotiate(buffered, params) as channel:
                    yield channel
            finally:
                buffered.flush()
        else:
            raise PipesError(
                f"Invalid params for {type(self).__name__}: expected key `{self.FILE_PATH_KEY}`, `{self.STDIO_KEY}` or "
                f"`{self.BUFFERED_STDIO_KEY}`, received {sorted(params)}. If the orchestrator's message reader reads "
                "elsewhere, pass the writer that fits it as `message_writer` to `open_pipes`."
            )

    def _stream(self, params: PipesParams, key: str) -> TextIO:
        name = params.get(key)
        if name == self.STDERR:
            return sys.stderr
        if name == self.STDOUT:
            return sys.stdout
        raise PipesError(
            f'Invalid value for key `{key}`: expected "{self.STDERR}" or "{self.STDOUT}", received {name!r}.'
        )


class PipesBlobStoreMessageWriter(PipesMessageWriter[T_BlobStoreMessageWriterChannel]):
    """
    Message writer that uploads messages in chunks to some store; a subclass makes the channel.

    Args:
        interval: Seconds between two uploads.
    """

    INCLUDE_STDIO_IN_MESSAGES_KEY: str = "include_stdio_in_messages"

    def __init__(self, *, interval: float = 10):
        self.interval = interval

    @contextmanager
    def open(self, params: PipesParams) -> Iterator[T_BlobStoreMessageWriterChannel]:
        """Open a channel that uploads in the background, and the rest at the end."""
        uploading = self.make_channel(params)
        with uploading.buffered_upload_loop(), negotiate(uploading, params) as channel, _captured_stdio(
            params, self.INCLUDE_STDIO_IN_MESSAGES_KEY, channel
        ):
            yield cast(T_BlobStoreMessageWriterChannel, channel)

    @abstractmethod
    def make_channel(self, params: PipesParams) -> T_BlobStoreMessageWriterChannel:
        """Return the channel for the place that *params* name."""


class PipesPrefectLogsMessageWriterChannel(PipesMessageWriterChannel):
    """
    Message writer channel that writes each message as one record to a logger.

    Prefect cuts long records, which would leave no JSON: a message that is too long is replaced by one that says so.

    Args:
        logger: Where records go, at the level INFO.
        max_message_bytes: Longest message that may be sent.
    """

    def __init__(self, logger: Any, max_message_bytes: int):
        self._logger = logger
        self._max_message_bytes = max_message_bytes

    def write_message(self, message: PipesMessage) -> None:
        """Write *message* as a record, or, if it is too long, a message that says so."""
        line = encode_message(message)
        if len(line) > self._max_message_bytes:
            text = (
                f"Dropped a `{message['method']}` Pipes message of {len(line)} bytes, over the "
                f"{self._max_message_bytes}-byte limit for Prefect logs. "
                "Use a blob store message writer for large payloads."
            )
            replacement = make_message("log", {"message": text, "level": "ERROR"})
            line = encode_message(cast("PipesMessage", {**message, **replacement}))
        self._logger.info("%s", line)


class PipesPrefectLogsMessageWriter(PipesMessageWriter[PipesPrefectLogsMessageWriterChannel]):
    """
    Message writer that sends messages through the log of the Prefect flow or task in which it runs.

    Prefect finds the run by itself, so that this needs no import of it. The params hold ``prefect_logs`` and, if they
    like, ``max_message_bytes``.
    """

    PREFECT_LOGS_KEY = "prefect_logs"
    MAX_MESSAGE_BYTES_KEY = "max_message_bytes"
    LOGGER_NAME = "prefect.flow_runs.dagster_pipes"
    DEFAULT_MAX_MESSAGE_BYTES = 900_000

    @contextmanager
    def open(self, params: PipesParams) -> Iterator[PipesPrefectLogsMessageWriterChannel]:
        """Open a channel over the logger of Prefect."""
        # Not at the top: logging takes 6 ms to import.
        import logging

        require_bool(params, self.PREFECT_LOGS_KEY, type(self))
        limit = optional_int(params, self.MAX_MESSAGE_BYTES_KEY, type(self))
        channel = PipesPrefectLogsMessageWriterChannel(
            logging.getLogger(self.LOGGER_NAME), self.DEFAULT_MAX_MESSAGE_BYTES if limit is None else limit
        )
        with negotiate(channel, params) as fitted:
            yield cast(PipesPrefectLogsMessageWriterChannel, fitted)


@contextmanager
def _captured_stdio(params: PipesParams, key: str, channel: PipesMessageWriterChannel) -> Iterator[None]:
    """Send the output of the process as messages while the block runs, if *params* ask for it."""
    if not params.get(key):
        yield
        return
    with PipesDefaultLogWriter(channel).open(params.get(PipesLogWriter.LOG_WRITER_KEY) or {}):
        yield
