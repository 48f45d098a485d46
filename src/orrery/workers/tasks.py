"""
One step as a task of an engine that has workers of its own: it asks the run for its step, and tells it everything.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any

import msgspec

from orrery.api.wiring.instance import instance_for_steps
from orrery.base.errors import ExecutionInterruptedError
from orrery.runtime.instance.value_key import take_key
from orrery.runtime.processes.channel import Channel
from orrery.runtime.remote.handshake import Errand, Hello, open_secret
from orrery.runtime.remote.messages import FromWorker, decode_order, encode
from orrery.runtime.remote.session import WorkSession
from orrery.workers.steps import PreparedRun, prepare

__all__ = ["carry_out"]

_AGAIN_SECONDS = 5.0
_prepared = lru_cache(maxsize=2)(prepare)


def carry_out(told: bytes) -> None:
    """Carry out the step that an errand names; nothing is done if the run handed it out before."""
    errand = msgspec.msgpack.decode(told, type=Errand)
    sys.path.extend([each for each in errand.import_path if each not in sys.path])
    prepared: PreparedRun = _prepared(errand.preparation)
    channel = Channel(socket.create_connection((errand.host, errand.port)))
    try:
        place = f"{socket.gethostname()}, process {os.getpid()}"
        channel.send(msgspec.msgpack.encode(Hello.of(errand, place)))
        sealed, frame = channel.receive(), channel.receive()
        if sealed is None or frame is None:
            return
        _work(channel, bytes(frame.body), prepared, open_secret(bytes(sealed.body), errand.token))
    finally:
        channel.close()


def _work(channel: Channel, order: bytes, prepared: PreparedRun, secret: bytes) -> None:
    def tell(message: FromWorker) -> None:
        with suppress(OSError):  # the run is gone, and the watch interrupts the step
            channel.send(encode(message))

    over = threading.Event()
    instance: Any = instance_for_steps(prepared.description.instance)
    if secret:
        take_key(instance, secret)
    try:
        with (
            _plain_streams(),
            WorkSession(prepared.description, prepared.plan, prepared.resource_defs, instance, tell) as session,
        ):
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


@contextmanager
def _plain_streams() -> Iterator[None]:
    """Let standard output and error be what Python makes of their descriptors, where the engine put its own there."""
    before = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    try:
        for number, (name, stream) in enumerate(before.items(), start=1):
            if stream is not None and type(stream) is not TextIOWrapper and _descriptor_of(stream) == number:
                raw = FileIO(number, "w", closefd=False)
                plain = TextIOWrapper(BufferedWriter(raw), "utf-8", "backslashreplace", line_buffering=True)
                setattr(sys, name, plain)
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)


def _descriptor_of(stream: Any) -> int | None:
    try:
        number: int = stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None
    return number


def _watch(channel: Channel, session: WorkSession, worker: threading.Thread, over: threading.Event) -> None:
    """Interrupt the step when the run says nothing more, or is gone; again later, as its function may have caught it."""
    while channel.receive() is not None:
        continue
    while not over.is_set():
        session.interrupt(worker)
        over.wait(_AGAIN_SECONDS)
