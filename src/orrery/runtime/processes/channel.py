"""
Messages between two processes, over a pair of connected sockets.

A frame is a body (a message in msgpack, as a rule) and any number of buffers: large values that travel beside the
body without being copied into it. On the wire: the length of the body, the number of buffers, their lengths, then
the bytes of all. What arrives in part when the other side dies is dropped.
"""

from __future__ import annotations

import array
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from orrery.base.errors import InvariantViolationError
from orrery.runtime.processes.frames import HEAD, Buffer, hold_pieces, send_pieces

__all__ = ["BODY_LIMIT", "Channel", "Frame"]

BODY_LIMIT = 256 * 1024 * 1024
"""Most bytes of a body; what is larger goes into buffers."""

_CHUNK = 64 * 1024
_ROOM_FOR_DESCRIPTORS = socket.CMSG_SPACE(16 * array.array("i").itemsize)


class Frame(NamedTuple):
    """
    What arrives at once.

    Attributes:
        body: The message.
        buffers: What travelled beside it.
    """

    body: bytes | bytearray
    buffers: tuple[bytearray, ...] = ()


class Channel:
    """
    One end of a connection, for whole frames.

    Any thread may send. One at a time may receive. A copy of this process that was forked by the user's code sends
    nothing: what it says was said already.

    Args:
        connection: A connected stream socket; the channel owns it from here on.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._process = os.getpid()
        self._order = threading.Lock()
        self._held = bytearray()
        self._waiting = bytearray()
        self._lengths: list[int] | None = None
        self._parts: list[bytearray] = []
        self._filled = 0
        self._descriptors: list[int] = []
        self._is_over = False

    @staticmethod
    def pair() -> tuple[Channel, socket.socket]:
        """Return a channel, and the socket of its other end, to be handed to another process."""
        here, there = socket.socketpair()
        return Channel(here), there

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    # -- sending -------------------------------------------------------------------------------

    def send(self, body: Buffer, buffers: Sequence[Buffer] = (), *, descriptors: Sequence[int] = ()) -> None:
        """
        Send a frame; returns when the system has taken all of it.

        Args:
            body: The message.
            buffers: What travels beside it.
            descriptors: Open files to hand over with it (see :meth:`take_descriptor`).

        Raises:
            OSError: The other side is gone.
            InvariantViolationError: The body is too long.
        """
        if os.getpid() != self._process:
            return
        if len(body) > BODY_LIMIT:
            raise InvariantViolationError(
                f"A message of {len(body):,} bytes is too long; at most {BODY_LIMIT:,} pass.",
                mend="let large values pass through IO managers.",
            )
        views = [memoryview(each).cast("B") for each in buffers]
        head = HEAD.pack(len(body), len(views)) + b"".join([each.nbytes.to_bytes(8, "little") for each in views])
        pieces = [head, body, *views] if views else [head + body]
        send_pieces(self._socket, self._order, self._held, pieces, descriptors)

    def send_with_next(self, body: Buffer) -> None:
        """
        Let a frame go together with the one that is sent next, by whatever thread: the other side wakes up once.

        Only for what the next surely follows at once: until then it is nowhere but here.
        """
        if os.getpid() == self._process:
            hold_pieces(self._order, self._held, [HEAD.pack(len(body), 0), body])

    def flush(self) -> None:
        """
        Send what still waits for a next frame.

        Raises:
            OSError: The other side is gone.
        """
        if self._held and os.getpid() == self._process:
            send_pieces(self._socket, self._order, self._held, [])

    def finish(self) -> None:
        """Say that nothing more will be sent; what the other side sends can still be received."""
        with suppress(OSError):  # it is gone
            self.flush()
            self._socket.shutdown(socket.SHUT_WR)

    # -- receiving -----------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Tell whether the other side is gone, and all that it sent was received."""
        return self._is_over

    def receive(self) -> Frame | None:
        """Wait for the next frame and return it; None if the other side is gone."""
        while True:
            frame = self._next()
            if frame is not None:
                return frame
            if self._is_over or not self._read(0):
                return None

    def receive_ready(self) -> list[Frame]:
        """Return the frames that are there, without waiting; see :attr:`is_over` for whether more may come."""
        found: list[Frame] = []
        while True:
            frame = self._next()
            if frame is not None:
                found.append(frame)
                continue
            try:
                if self._is_over or not self._read(socket.MSG_DONTWAIT):
                    return found
            except BlockingIOError:
                return found

    def take_descriptor(self) -> int:
        """
        Return the first open file that was handed over and not taken yet.

        Raises:
            InvariantViolationError: There is none.
        """
        if not self._descriptors:
            raise InvariantViolationError("A message names an open file, and none came with it.")
        return self._descriptors.pop(0)

    def _read(self, flags: int) -> bool:
        """Take in what the system has; return False if the other side is gone."""
        part = self._parts[-1] if self._parts else None
        try:
            if part is not None and len(part) - self._filled >= _CHUNK and not self._waiting:
                count = self._socket.recv_into(memoryview(part)[self._filled :], 0, flags)
                self._filled += count
            else:
                data, beside, _flags, _from = self._socket.recvmsg(_CHUNK, _ROOM_FOR_DESCRIPTORS, flags)
                for level, kind, numbers in beside:
                    if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                        self._keep_descriptors(numbers)
                self._waiting += data
                count = len(data)
        except ConnectionError:
            count = 0
        if not count:
            self._is_over = True
        return bool(count)

    def _keep_descriptors(self, data: bytes) -> None:
        found = array.array("i", data[: len(data) - len(data) % array.array("i").itemsize])
        for each in found:
            os.set_inheritable(each, False)
        self._descriptors += found

    def _next(self) -> Frame | None:
        """Return the next frame, if it is complete."""
        if self._lengths is None and not self._begin():
            return None
        lengths = self._lengths or []
        while True:
            part = self._parts[-1]
            missing = len(part) - self._filled
            if missing and self._waiting:
                taken = self._waiting[:missing]
                part[self._filled : self._filled + len(taken)] = taken
                del self._waiting[: len(taken)]
                self._filled += len(taken)
                missing -= len(taken)
            if missing:
                return None
            if len(self._parts) == len(lengths):
                break
            self._parts.append(bytearray(lengths[len(self._parts)]))
            self._filled = 0
        parts, self._parts, self._lengths = self._parts, [], None
        return Frame(parts[0], tuple(parts[1:]))

    def _begin(self) -> bool:
        """Read the head of a frame, if it is there."""
        waiting = self._waiting
        if len(waiting) < HEAD.size:
            return False
        length, count = HEAD.unpack_from(waiting)
        end = HEAD.size + 8 * count
        if len(waiting) < end:
            return False
        self._lengths = [length, *(int.from_bytes(waiting[at : at + 8], "little") for at in range(HEAD.size, end, 8))]
        del waiting[:end]
        self._parts = [bytearray(length)]
        self._filled = 0
        return True
