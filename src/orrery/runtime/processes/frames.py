"""
The sending of one frame, whole: a module of its own, so that whoever interrupts a process can see that it is not done.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Sequence
from typing import TypeAlias

__all__ = ["HEAD", "Buffer", "hold_pieces", "send_pieces"]

Buffer: TypeAlias = bytes | bytearray | memoryview

HEAD = struct.Struct("<II")
"""What a frame begins with: the length of its body, and how many buffers follow."""

_PIECES_AT_ONCE = 64


def send_pieces(
    connection: socket.socket,
    order: threading.Lock,
    held: bytearray,
    pieces: Sequence[Buffer],
    descriptors: Sequence[int] = (),
) -> None:
    """
    Send what was *held* and *pieces* one after the other, and nothing between them.

    Args:
        connection: Where to.
        order: Locked meanwhile.
        held: Whole frames that wait to go with the next; empty afterwards.
        pieces: What.
        descriptors: Open files to hand over with the first of them.

    Raises:
        OSError: The other side is gone.
    """
    waiting = [memoryview(each) for each in pieces if len(each)]
    with order:
        if held:
            waiting.insert(0, memoryview(bytes(held)))
            held.clear()
        if descriptors:
            sent = socket.send_fds(connection, [waiting[0]], list(descriptors))
            waiting[0] = waiting[0][sent:]
        while waiting:
            sent = connection.sendmsg(waiting[:_PIECES_AT_ONCE])
            while waiting and sent >= waiting[0].nbytes:
                sent -= waiting.pop(0).nbytes
            if sent:
                waiting[0] = waiting[0][sent:]


def hold_pieces(order: threading.Lock, held: bytearray, pieces: Sequence[Buffer]) -> None:
    """Let *pieces*, a whole frame, wait in *held* for what is sent next."""
    with order:
        held += b"".join(pieces)
