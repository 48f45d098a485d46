"""
The local socket: where processes of this machine send messages, each acknowledged once it has been taken.

Each line of a connection is answered by counting: eight bytes, big end first, say how many lines were taken so
far. A forked child makes a connection of its own.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.wire import LineSplitter

__all__ = ["Listener", "listening"]

_TAKEN = struct.Struct("!Q")
_PIECE_BYTES = 1 << 18
_LAST_ROUNDS = 64
"""More than enough for what a socket holds of a process that has ended."""


class _Connection:
    """One connection: what is left of a line, and how many lines were taken."""

    def __init__(self, peer: socket.socket) -> None:
        self.peer = peer
        self._splitter = LineSplitter()
        self._taken = 0

    def read(self, handler: PipesMessageHandler) -> bool:
        """Take what has arrived; return whether more may come."""
        try:
            piece = self.peer.recv(_PIECE_BYTES)
        except (BlockingIOError, InterruptedError):
            return True
        except ConnectionError:
            piece = b""
        if not piece:
            self.end(handler)
            return False
        lines = list(self._splitter.feed(piece))
        if lines:
            # Before they are judged: whoever closes waits for this, and is gone while its lines are stored.
            self._taken += len(lines)
            self._acknowledge()
            handler.handle_lines(lines)
        return True

    def end(self, handler: PipesMessageHandler) -> None:
        """Take the last line, which lacks its end."""
        handler.handle_lines(self._splitter.end())

    def _acknowledge(self) -> None:
        try:
            self.peer.send(_TAKEN.pack(self._taken))
        except (BlockingIOError, ConnectionError):
            # A process that does not read its acknowledgements, or has ended: the next one says as much.
            return


class Listener:
    """
    Takes connections and what they send.

    Args:
        path: Of the socket.
        server: Listens there.
    """

    def __init__(self, path: str, server: socket.socket) -> None:
        self.path = path
        self._server = server
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, selectors.EVENT_READ)
        self._alarm, self._bell = socket.socketpair()
        self._selector.register(self._alarm, selectors.EVENT_READ)

    def wake(self) -> None:
        """End the wait of :meth:`read`, from another thread."""
        self._bell.send(b"!")

    def read(self, handler: PipesMessageHandler, wait_seconds: float) -> bool:
        """
        Wait for something to arrive, and feed it to *handler*.

        Returns:
            Whether there was anything.
        """
        ready = self._selector.select(wait_seconds)
        for key, _ in ready:
            if key.fileobj is self._server:
                self._accept()
            elif key.fileobj is self._alarm:
                self._alarm.recv(1 << 10)
            elif not key.data.read(handler):
                self._selector.unregister(key.fileobj)
                key.data.peer.close()
        return bool(ready)

    def drain(self, handler: PipesMessageHandler) -> None:
        """Feed all that has arrived to *handler*; what is sent meanwhile may be left."""
        for _ in range(_LAST_ROUNDS):
            if not self.read(handler, 0):
                break
        for key in self._selector.get_map().values():
            if key.data is not None:
                key.data.end(handler)

    def close(self) -> None:
        """Close all connections."""
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
        self._bell.close()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                peer, _ = self._server.accept()
                peer.setblocking(False)
                self._selector.register(peer, selectors.EVENT_READ, _Connection(peer))


@contextmanager
def listening(path: str) -> Iterator[Listener | None]:
    """
    Listen at *path* while the block runs.

    Gives None where it cannot be: this machine has no such sockets, or the path is too long for one.
    """
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        yield None
        return
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        try:
            server.bind(path)
        except OSError as error:
            # "AF_UNIX path too long" has no number; some file systems hold no sockets.
            if error.errno is None or not os.path.exists(path):
                yield None
                return
            raise
        server.listen(128)
        server.setblocking(False)
        listener = Listener(path, server)
        try:
            yield listener
        finally:
            listener.close()
    finally:
        server.close()
