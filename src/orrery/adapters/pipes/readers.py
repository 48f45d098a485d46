"""Readers: how messages come back. Each feeds a handler from a thread of its own while the session is open."""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

from orrery.adapters.pipes.context_data import PipesLaunchedData, PipesParams
from orrery.adapters.pipes.following import Follower
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.listening import listening
from orrery.adapters.pipes.wire import LONGEST_LINE_BYTES
from orrery.base.errors import InvalidDefinitionError

__all__ = [
    "NEGOTIATED",
    "WRITERS_KEY",
    "PipesCompositeMessageReader",
    "PipesFileMessageReader",
    "PipesMessageReader",
    "PipesTempFileMessageReader",
]

_SENT_AGAIN_BYTES = 1000
"""More than a message grows by when it is sent again."""

NEGOTIATED: Mapping[str, Any] = {
    "numbers": True,
    "progress": True,
    "longest_message_bytes": LONGEST_LINE_BYTES - _SENT_AGAIN_BYTES,
}
"""What our side offers beyond the protocol; it stands under the key ``orrery`` of the params, where strangers do not look."""


WRITERS_KEY = "dagster_pipes_composite_writers"
"""Key of the params that a composite reader gives: those of each process."""


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

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:  # noqa: B027 - a hook
        """Take note of what the launcher told of the launch: ``{"extras": ...}``."""

    @property
    def expected_writer_count(self) -> int:
        """How many processes report through this reader."""
        return 1

    @property
    def is_local(self) -> bool:
        """Whether the process sees the temporary files of this machine, so that values go by reference."""
        return False


class PipesFileMessageReader(PipesMessageReader):
    """
    Reads messages from the end of a file that the process appends to.

    Args:
        path: The file; it is made before the launch.
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
        cleanup_file: Whether the file is deleted when the session is closed.
        socket_path: Where processes that know of it find a socket, which takes the place of the file.
    """

    def __init__(
        self,
        path: str,
        include_stdio_in_messages: bool = False,
        cleanup_file: bool = True,
        *,
        socket_path: str | None = None,
    ) -> None:
        self._path = os.fspath(path)
        self._socket = socket_path
        self.launched_payload: PipesLaunchedData | None = None
        self._include_stdio = include_stdio_in_messages
        self._cleanup = cleanup_file

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Read what is appended to the file while the block runs."""
        offered: Mapping[str, Any] = NEGOTIATED
        with open(self._path, "ab"):
            pass
        with ExitStack() as stack:
            socket = stack.enter_context(listening(self._socket)) if self._socket else None
            if socket is not None:
                offered = {**NEGOTIATED, "socket": {"path": socket.path}}
            follower = Follower(self._path, socket, handler)
            try:
                with follower.following():
                    yield {"path": self._path, "include_stdio_in_messages": self._include_stdio, "orrery": offered}
            finally:
                if self._cleanup:
                    with suppress(FileNotFoundError):
                        os.remove(self._path)

    def on_launched(self, params: PipesLaunchedData) -> None:
        """Keep what the launcher told of the launch, as ``launched_payload``."""
        self.launched_payload = params

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return f"Messages were looked for in the file {self._path}."


class PipesTempFileMessageReader(PipesMessageReader):
    """
    Reads messages from a file of its own, which nobody else may write to, or from a socket beside it.

    Processes that use ``orrery_pipes`` on this machine take the socket: each message is acknowledged, and none waits
    for the next look into the file. All others take the file.

    Args:
        include_stdio_in_messages: Whether the process is to send its output as messages as well.
    """

    def __init__(self, include_stdio_in_messages: bool = False) -> None:
        self._include_stdio = include_stdio_in_messages

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Read what is appended to a new file while the block runs."""
        # The folder of the session, if it has one already: on a disk that is at work, a folder more takes a millisecond.
        own = (
            tempfile.TemporaryDirectory(prefix="orrery-pipes-")
            if handler.folder is None
            else nullcontext(handler.folder)
        )
        with own as folder:
            reader = PipesFileMessageReader(
                os.path.join(folder, "messages"),
                self._include_stdio,
                cleanup_file=False,
                socket_path=os.path.join(folder, "socket"),
            )
            with reader.read_messages(handler) as params:
                yield params

    @property
    def is_local(self) -> bool:
        """Whether the process sees the temporary files of this machine: it does, as its messages go to one."""
        return True

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in a temporary file."


class PipesCompositeMessageReader(PipesMessageReader):
    """
    Reads the messages of several processes, each by a reader of its own.

    Launch each with its own variables: :meth:`PipesSession.get_per_writer_bootstrap_env_vars` has one mapping for each
    reader. The session is whole when all of them have opened and closed.

    Args:
        readers: One for each process.
    """

    def __init__(self, readers: Sequence[PipesMessageReader]) -> None:
        if not readers:
            raise InvalidDefinitionError(
                "A composite message reader was given no readers.", mend="give it one for each process."
            )
        nested = [reader for reader in readers if reader.expected_writer_count != 1]
        if nested:
            raise InvalidDefinitionError(
                f"A composite message reader cannot hold {nested[0]!r}, which reads of several processes itself.",
                mend="give it the readers that are inside.",
            )
        self._readers = tuple(readers)

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Feed *handler* from all readers while the block runs."""
        with ExitStack() as stack:
            yield {
                WRITERS_KEY: [
                    stack.enter_context(reader.read_messages(handler.of_writer(number, reader)))
                    for number, reader in enumerate(self._readers)
                ]
            }

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Tell all readers of the launch."""
        for reader in self._readers:
            reader.on_launched(launched_payload)

    @property
    def expected_writer_count(self) -> int:
        """How many processes report through this reader."""
        return len(self._readers)

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for, process by process."""
        return "\n".join(
            f"[writer {number}] {reader.no_messages_debug_text()}" for number, reader in enumerate(self._readers)
        )
