"""Log readers: bring the output of a process that runs elsewhere to this one, beside its messages."""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from typing import IO

from orrery.adapters.pipes.context_data import PipesParams

__all__ = ["PipesChunkedLogReader", "PipesLogReader"]

_FIRST_PAUSE_SECONDS = 0.1


class PipesLogReader(ABC):
    """Brings the output of a process to this one while a session is open."""

    @abstractmethod
    def start(self, params: PipesParams, is_session_closed: threading.Event) -> None:
        """
        Begin to read, in a thread.

        Args:
            params: Those of the message reader; under ``extras`` what the process told when it opened.
            is_session_closed: Set once nothing more will be written.
        """

    @abstractmethod
    def stop(self) -> None:
        """Read what is left, and end."""

    @abstractmethod
    def is_running(self) -> bool:
        """Return whether it reads."""

    @abstractmethod
    def target_is_readable(self, params: PipesParams) -> bool:
        """Return whether there is something to read yet; it is asked until there is."""

    @property
    def name(self) -> str:
        """Name of the reader, for messages."""
        return type(self).__name__

    @property
    def debug_info(self) -> str | None:
        """Where the output was looked for."""
        return None

    def with_debug_info(self, message: str) -> str:
        """Return *message* with :attr:`debug_info` after it, if there is any."""
        return message if self.debug_info is None else f"{message} {self.debug_info}"


class PipesChunkedLogReader(PipesLogReader):
    """
    Brings output in chunks to a stream of this process; a subclass says how the next one is had.

    Args:
        interval: Seconds between two looks, at most.
        target_stream: Where the output goes; by default the output of this process.
        debug_info: Where the output is looked for, for messages.
    """

    def __init__(
        self, *, interval: float = 10, target_stream: IO[str] | None = None, debug_info: str | None = None
    ) -> None:
        self.interval = interval
        self._target_stream = target_stream
        self._debug_info = debug_info
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    @property
    def target_stream(self) -> IO[str]:
        """Where the output goes."""
        return self._target_stream or sys.stdout

    @property
    def debug_info(self) -> str | None:
        """Where the output is looked for."""
        return self._debug_info

    @abstractmethod
    def download_log_chunk(self, params: PipesParams) -> str | None:
        """Return what came since the last call, or None."""

    def start(self, params: PipesParams, is_session_closed: threading.Event) -> None:
        """Begin to read, in a thread."""
        self._error = None
        self._thread = threading.Thread(target=self._run, args=(params, is_session_closed), name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait until all has been read, which it is soon after the session is closed."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            raise self._error

    def is_running(self) -> bool:
        """Return whether it reads."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self, params: PipesParams, is_session_closed: threading.Event) -> None:
        pause = _FIRST_PAUSE_SECONDS
        try:
            while True:
                last_round = is_session_closed.wait(min(pause, self.interval))
                pause *= 2
                while chunk := self.download_log_chunk(params):
                    pause = _FIRST_PAUSE_SECONDS
                    self.target_stream.write(chunk)
                    self.target_stream.flush()
                if last_round:
                    return
        except Exception as error:  # noqa: BLE001 - told by who stops the reader
            self._error = error
