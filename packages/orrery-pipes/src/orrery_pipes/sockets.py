"""
The local socket: what processes on the orchestrator's own machine send messages by, acknowledged.

Only our orchestrator offers one, beside the file that strangers use. What was sent is the orchestrator's at once, so that
a process that is killed afterwards loses nothing; what was not acknowledged when a connection broke is written to the
file, marked as sent again.
"""

from __future__ import annotations

# What `socket` is made of, in CPython and PyPy; the whole takes 3 ms to import, half of what a launch costs.
import _socket as socket
import json
import os
import struct
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Mapping, cast

from orrery_pipes.channels import PipesMessageWriterChannel

if TYPE_CHECKING:
    from orrery_pipes.shapes import PipesMessage

AGAIN_KEY = "again"
"""Key of a message that may have arrived already."""

_ACKNOWLEDGED = struct.Struct("!Q")
_WINDOW_MESSAGES = 512
_WINDOW_BYTES = 1 << 20


def connect(offered: Mapping[str, Any]) -> socket.socket | None:
    """
    Return a connection to the socket that the orchestrator offers, or None if it cannot be reached from here.

    Args:
        offered: ``{"path": ...}``.
    """
    path, family = offered.get("path"), getattr(socket, "AF_UNIX", None)
    if not isinstance(path, str) or family is None:
        return None
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:  # another machine or container: the file is the way that always is
        connection.close()
        return None
    return connection


class SocketChannel(PipesMessageWriterChannel):
    """
    Channel to the orchestrator's socket.

    The orchestrator answers with the number of messages of this connection that it has taken, eight bytes, big end
    first. A process that is far ahead of it waits.

    Args:
        connection: The connection.
        offered: Where another one is made, for forked children.
        fallback: Takes messages once the connection is broken.
    """

    def __init__(
        self, connection: socket.socket, offered: Mapping[str, Any], fallback: PipesMessageWriterChannel
    ) -> None:
        self._offered = offered
        self._fallback = fallback
        self._begin(connection)

    def _begin(self, connection: socket.socket | None) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._process_id = os.getpid()
        self._pending: deque[bytes] = deque()
        self._pending_bytes = 0
        self._acknowledged = 0
        self._rest = b""

    def write_message(self, message: PipesMessage) -> None:
        """Send *message*."""
        if os.getpid() != self._process_id:
            # A forked child: the connection is its parent's.
            self._begin(connect(self._offered))
        line = (self._encode(message) + "\n").encode("ascii")
        with self._lock:
            if self._connection is None:
                self._fallback.write_message(message)
                return
            self._pending.append(line)
            self._pending_bytes += len(line)
            try:
                self._connection.sendall(line)
                if len(self._pending) > _WINDOW_MESSAGES // 2 or self._pending_bytes > _WINDOW_BYTES:
                    self._read(self._connection, wait=False)
                while len(self._pending) > _WINDOW_MESSAGES or self._pending_bytes > _WINDOW_BYTES:
                    self._read(self._connection, wait=True)
            except OSError:
                self._fall_back()

    def close(self) -> None:
        """Wait until the orchestrator has taken all messages, and close the connection."""
        if os.getpid() != self._process_id:
            return
        with self._lock:
            connection = self._connection
            if connection is None:
                return
            try:
                connection.shutdown(socket.SHUT_WR)
                while self._pending:
                    self._read(connection, wait=True)
            except OSError:
                self._fall_back()
            else:
                self._connection = None
                connection.close()

    def _read(self, connection: socket.socket, *, wait: bool) -> None:
        """Read acknowledgements; forget what they are of."""
        try:
            data = connection.recv(1 << 14, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError("the orchestrator has closed the connection")
        data = self._rest + data
        whole = len(data) - len(data) % _ACKNOWLEDGED.size
        self._rest = data[whole:]
        if not whole:
            return
        (taken,) = _ACKNOWLEDGED.unpack(data[whole - _ACKNOWLEDGED.size : whole])
        while self._acknowledged < taken and self._pending:
            self._pending_bytes -= len(self._pending.popleft())
            self._acknowledged += 1

    def _fall_back(self) -> None:
        """Write to the file what may not have arrived; from now on, all goes there."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        while self._pending:
            message = json.loads(self._pending[0])
            message[AGAIN_KEY] = True
            self._fallback.write_message(cast("PipesMessage", message))
            self._pending.popleft()
