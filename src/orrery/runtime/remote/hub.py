"""
Steps as tasks of an engine that has workers of its own: Dask, Ray, or another.

The run listens on a socket. A task that the engine starts somewhere connects, proves that it was sent by this run
(``handshake.py``), and asks for its step. The run hands each attempt out once: an engine that runs a task again, because
it lost a worker, is refused, and the step is lost as its retry policy says. Everything that happens comes back over the
same connection.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from selectors import EVENT_READ, DefaultSelector
from typing import Any, Protocol

import msgspec

from orrery.base.errors import SubprocessError
from orrery.model.events.event import Event
from orrery.plan.commands import LaunchStep
from orrery.runtime.instance.value_key import value_key_of
from orrery.runtime.processes.channel import Channel
from orrery.runtime.remote.dispatch import Dispatch
from orrery.runtime.remote.handshake import Errand, decode_hello, seal_secret
from orrery.runtime.remote.messages import LineTold, decode_from_worker, encode

__all__ = ["GRACE_SECONDS", "Engine", "Hub"]

GRACE_SECONDS = 10.0
"""How long a step that was interrupted has for its end, before its task is killed."""

_HELLO_SECONDS = 10.0


class Engine(Protocol):
    """Starts tasks."""

    @abstractmethod
    def submit(self, launch: LaunchStep, errand: Errand) -> None:
        """Let a task be started; what fails before it connects is told by :meth:`Hub.task_failed`."""
        ...

    @abstractmethod
    def cancel(self, key: str) -> None:
        """Forget the task of a step, if it is still there."""
        ...

    @abstractmethod
    def kill(self, key: str) -> None:
        """End the task of a step that was asked to stop and did not, with its process where the engine can."""
        ...


class _Line:
    """
    The connection of one task.

    Attributes:
        channel: The connection.
        key: The step, once it was handed out.
        place: Where the task runs.
    """

    __slots__ = ("channel", "key", "place")

    def __init__(self, channel: Channel, key: str, place: str) -> None:
        self.channel = channel
        self.key: str | None = key
        self.place = place


class Hub:
    """
    The run's end of the tasks of an engine.

    Args:
        dispatch: The state of the run.
        plan_context: The context of the run.
        preparation: What the process of a task prepares.
        host: Where to listen.
        max_concurrent: How many steps may be with the engine at once; None for any number.
        engine_name: For messages.
        import_path: Folders that imports may begin at in tasks, besides those that the engine gives them.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        plan_context: Any,
        preparation: bytes,
        *,
        host: str,
        max_concurrent: int | None,
        engine_name: str,
        import_path: Sequence[str] = (),
    ) -> None:
        self._dispatch = dispatch
        self._context = plan_context
        self._preparation = preparation
        self._max_concurrent = max_concurrent
        self._engine_name = engine_name
        self._import_path = tuple(os.path.abspath(each) for each in import_path)
        self._token = secrets.token_hex(16)
        self._listener = socket.create_server((host, 0))
        self._host = host
        self._bell, self._rung = socket.socketpair()
        self._failures: SimpleQueue[tuple[str, int, BaseException | None]] = SimpleQueue()
        self._claimed: set[tuple[str, int]] = set()
        self._lines: dict[int, _Line] = {}
        self._selector = DefaultSelector()
        self._selector.register(self._listener, EVENT_READ, None)
        self._selector.register(self._bell, EVENT_READ, None)
        self._bell.setblocking(False)

    def task_failed(self, key: str, turn: int, error: BaseException | None) -> None:
        """Take in that the engine gave a task up, from any thread; nothing happens if its step has ended."""
        self._failures.put((key, turn, error))
        with suppress(OSError):  # the run is over
            self._rung.send(b"!")

    def run(self, engine: Engine) -> Iterator[Event]:
        """Carry the run out and yield its events; whatever ends it early cancels what is under way."""
        dispatch, limits = self._dispatch, self._context.limits
        try:
            yield from dispatch.advance()
            while not dispatch.is_complete:
                if limits is not None:
                    limits.check_run()
                self._launch(engine)
                yield from self._listen(engine)
                yield from dispatch.advance()
        except BaseException:
            self._stop(engine)
            raise
        finally:
            self._close()

    def _launch(self, engine: Engine) -> None:
        while self._max_concurrent is None or len(self._dispatch.under_way) < self._max_concurrent:
            launch = self._dispatch.next_launch()
            if launch is None:
                return
            port = self._listener.getsockname()[1]
            engine.submit(
                launch,
                Errand(
                    host=self._host,
                    port=port,
                    token=self._token,
                    key=launch.step.key,
                    turn=launch.turn,
                    preparation=self._preparation,
                    import_path=self._import_path,
                ),
            )

    # -- listening -----------------------------------------------------------------------------

    def _listen(self, engine: Engine) -> Iterator[Event]:
        dispatch = self._dispatch
        seconds = dispatch.seconds_to_retry() if self._context.limits is None else dispatch.seconds_to_wait()
        for key, _mask in self._selector.select(seconds):
            if key.fileobj is self._listener:
                self._welcome()
            elif key.fileobj is self._bell:
                with suppress(BlockingIOError):
                    while self._bell.recv(4096):
                        pass
            elif key.data is not None:
                yield from self._hear(key.data, engine)
        yield from self._given_up(engine)

    def _welcome(self) -> None:
        """Hand a step out to the task that asks for it, unless another got it before."""
        connection, _address = self._listener.accept()
        connection.settimeout(_HELLO_SECONDS)
        channel = Channel(connection)
        try:
            frame = channel.receive()
            hello = decode_hello(frame.body) if frame is not None else None
        except (OSError, msgspec.DecodeError):  # a stranger
            hello = None
        connection.settimeout(None)
        launch = self._dispatch.under_way.get(hello.key) if hello is not None else None
        if (
            hello is None
            or launch is None
            or not hello.knows(self._token)
            or launch.turn != hello.turn
            or (hello.key, hello.turn) in self._claimed
        ):
            channel.close()
            return
        self._claimed.add((hello.key, hello.turn))
        try:
            channel.send(self._sealed_key())
            channel.send(encode(self._dispatch.order(launch)))
        except OSError:  # it is gone already, which is heard in a moment
            pass
        line = _Line(channel, hello.key, hello.place)
        self._lines[channel.fileno()] = line
        self._selector.register(channel, EVENT_READ, line)

    def _sealed_key(self) -> bytes:
        """Return the key that signs stored values, for a task to sign with."""
        key = value_key_of(self._context.instance)
        return seal_secret(b"" if key is None else key.secret, self._token)

    def _hear(self, line: _Line, engine: Engine) -> Iterator[Event]:
        for frame in line.channel.receive_ready():
            message = decode_from_worker(frame.body)
            if not isinstance(message, LineTold) and getattr(message, "kind", None) is not None:
                line.key = None
            yield from self._dispatch.told(message)
        if line.channel.is_over:
            self._forget(line)
            if line.key is not None:
                engine.cancel(line.key)
                error = SubprocessError(
                    f"The {self._engine_name} worker of step '{line.key}' ({line.place}) is gone.",
                    mend="look at its logs; give the step a retry policy if it may be tried again.",
                )
                yield from self._dispatch.lost(line.key, error)

    def _given_up(self, engine: Engine) -> Iterator[Event]:
        """Take in the tasks that the engine gave up before they asked for their step."""
        with suppress(Empty):
            while True:
                key, turn, error = self._failures.get_nowait()
                launch = self._dispatch.under_way.get(key)
                if launch is None or launch.turn != turn or (key, turn) in self._claimed:
                    continue
                told = SubprocessError(
                    f"{self._engine_name} could not start step '{key}': {error!r}.",
                    mend="see that its workers can import orrery and the code of the job, and reach "
                    f"{self._host} at the port of the run.",
                )
                told.__cause__ = error
                engine.cancel(key)
                yield from self._dispatch.lost(key, told)

    # -- the end -------------------------------------------------------------------------------

    def _forget(self, line: _Line) -> None:
        self._selector.unregister(line.channel)
        self._lines.pop(line.channel.fileno(), None)
        line.channel.close()

    def _stop(self, engine: Engine) -> None:
        """Interrupt what is under way; keep the lines that are logged while things are put away."""
        for key in list(self._dispatch.under_way):
            if not any(line.key == key for line in self._lines.values()):
                engine.cancel(key)
        for line in self._lines.values():
            line.channel.finish()  # the task sees it, and interrupts its step
        until = threading.Event()
        timer = threading.Timer(GRACE_SECONDS, until.set)
        timer.daemon = True
        timer.start()
        try:
            while self._lines and not until.is_set():
                for found, _mask in self._selector.select(0.1):
                    line = found.data
                    if line is None:
                        continue
                    for frame in line.channel.receive_ready():
                        message = decode_from_worker(frame.body)
                        if isinstance(message, LineTold):
                            self._dispatch.line(message)
                    if line.channel.is_over:
                        self._forget(line)
            for line in self._lines.values():
                if line.key is not None:
                    engine.kill(line.key)
        finally:
            timer.cancel()

    def _close(self) -> None:
        for line in list(self._lines.values()):
            self._forget(line)
        self._selector.close()
        for each in (self._listener, self._bell, self._rung):
            each.close()
