"""
A child that was forked before anybody asked for it.

A fork copies the table of pages, and a new child then copies each page that it writes to: more than half of what a run takes
to its first event. A spare child has both behind it. It has made itself warm, and waits, in a session of its own, until its
parent hands it what it is to do; it ends when the parent is gone. The parent asks for one while it has nothing else to do.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress

import msgspec

from orrery.runtime.processes.channel import Channel
from orrery.runtime.processes.child import take_place
from orrery.runtime.processes.endings import has_ended
from orrery.runtime.processes.messages import Start

__all__ = ["Spare", "wait_as_spare"]

_TAKEN_SECONDS = 3.0
_READY, _TAKEN, _GO = b"ready", b"taken", b"go"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Start).decode


class Spare:
    """
    A spare child, as its parent sees it.

    Args:
        process: Its process id.
        channel: The connection to it.
    """

    def __init__(self, process: int, channel: Channel) -> None:
        self.process = process
        self._channel = channel
        self._is_ready = False

    def close(self) -> None:
        """Let go of the connection: the spare child ends. So does a copy of the parent, which has no business with it."""
        self._channel.close()

    @property
    def is_ready(self) -> bool:
        """Tell whether it waits for what it is to do."""
        if not self._is_ready:
            self._is_ready = any(frame.body == _READY for frame in self._channel.receive_ready())
        return self._is_ready

    @property
    def has_ended(self) -> bool:
        """Tell whether it is no more."""
        try:
            return has_ended(self.process)
        except ChildProcessError:  # the user's code waited for it
            return True

    def hand_over(self, request: Start, connection: int) -> bool:
        """
        Let it do what is asked for; tell whether it does. If not, it is no more, and has done nothing.

        Args:
            request: What is asked for.
            connection: The socket of its channel to the owner; the spare child gets a copy.
        """
        try:
            self._channel.send(_encode(request), descriptors=[connection])
            is_told = bool(select.select([self._channel], [], [], _TAKEN_SECONDS)[0])
            is_taken = is_told and any(frame.body == _TAKEN for frame in self._channel.receive_ready())
            if is_taken:  # it begins now, and not before: nothing is done twice where its answer comes too late
                self._channel.send(_GO)
        except OSError:
            is_taken = False
        if not is_taken:
            self.end()
        return is_taken

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):  # the user's code waited for it
            os.waitpid(self.process, 0)
        self.close()


def wait_as_spare(channel: Channel, parent: int, become_warm: Callable[[], object]) -> tuple[Start, int] | None:
    """
    Be a spare child: return what is to be done in the end, and the socket of the channel for it; None for nothing.

    Args:
        channel: The connection to the parent.
        parent: Its process id.
        become_warm: Called before all.
    """
    take_place(parent, outlives=True)
    become_warm()
    try:
        channel.send(_READY)
        frame = channel.receive()
        if frame is None:
            return None
        connection = channel.take_descriptor()
        channel.send(_TAKEN)
        if channel.receive() is None:
            return None
    except OSError:  # the parent is gone
        return None
    channel.close()
    return _decode(frame.body), connection
