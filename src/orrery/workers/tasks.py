"""
One step as a task of an engine that has workers of its own: it asks the run for its step, and tells it everything.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from orrery.api.wiring.instance import instance_from_ref
from orrery.base.errors import ExecutionInterruptedError
from orrery.runtime.processes.channel import Channel
from orrery.runtime.remote.hub import Errand, Hello
from orrery.runtime.remote.messages import FromWorker, decode_order, encode
from orrery.runtime.remote.session import WorkSession
from orrery.workers.steps import PreparedRun, prepare

__all__ = ["carry_out"]

_AGAIN_SECONDS = 0.5
_prepared = lru_cache(maxsize=2)(prepare)


def carry_out(told: bytes) -> None:
    """Carry out the step that an errand names; nothing is done if the run handed it out before."""
    errand = msgspec.msgpack.decode(told, type=Errand)
    prepared: PreparedRun = _prepared(errand.preparation)
    channel = Channel(socket.create_connection((errand.host, errand.port)))
    try:
        place = f"{socket.gethostname()}, process {os.getpid()}"
        channel.send(msgspec.msgpack.encode(Hello(errand.token, errand.key, errand.attempt, place)))
        frame = channel.receive()
        if frame is None:
            return
        _work(channel, bytes(frame.body), prepared)
    finally:
        channel.close()


def _work(channel: Channel, order: bytes, prepared: PreparedRun) -> None:
    def tell(message: FromWorker) -> None:
        with suppress(OSError):  # the run is gone, and the watch interrupts the step
            channel.send(encode(message))

    over = threading.Event()
    instance: Any = instance_from_ref(prepared.description.instance)
    try:
        with WorkSession(prepared.description, prepared.plan, prepared.resource_defs, instance, tell) as session:
            threading.Thread(
                target=_watch,
                args=(channel, session, threading.current_thread(), over),
                name="orrery-watch",
                daemon=True,
            ).start()
            try:
                ended = session.carry_out(decode_order(order))
            finally:
                over.set()
        tell(ended)
    except ExecutionInterruptedError:
        return
    finally:
        instance.dispose()


def _watch(channel: Channel, session: WorkSession, worker: threading.Thread, over: threading.Event) -> None:
    """Interrupt the step when the run says nothing more, or is gone."""
    while channel.receive() is not None:
        continue
    while not over.wait(_AGAIN_SECONDS):
        session.interrupt(worker)
