"""
What a run and its workers say to each other.

Everything is a value that msgpack can hold; exceptions of the user travel as records, and pickled beside it where they
can be.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

from orrery.base.wire import Decoder, from_wire, to_wire
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event
from orrery.model.records.run import Run
from orrery.plan.sources import StepOutputHandle
from orrery.runtime.engine.trace import TraceTold
from orrery.runtime.instance.ref import InstanceRef

__all__ = [
    "EventTold",
    "FromWorker",
    "JobOrigin",
    "LineTold",
    "RunDescription",
    "RunTold",
    "Source",
    "StepEnded",
    "StepOrder",
    "decode_description",
    "decode_from_worker",
    "decode_order",
    "describe_run",
    "encode",
    "record_of",
    "tell_run",
]


class JobOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """
    How to make a job again in another process.

    Attributes:
        function: ``module:name`` of a function ``(bytes) -> JobDefinition``.
        argument: Its argument.
    """

    function: str
    argument: bytes


class RunTold(msgspec.Struct, frozen=True, kw_only=True):
    """
    A run, as whoever carries its steps out needs to know it.

    Attributes:
        origin: How to make its job.
        run: The run, as it was recorded.
        step_keys: The steps that it executes, where it repeats a part of another; None for all.
        known_outputs: Outputs of earlier runs that its steps may load, each with its run; None if there are none.
        captures: Whether what steps write is captured.
        traces: Whether what is called is noted, and told at the end of each step.
    """

    origin: JobOrigin
    run: Run
    step_keys: tuple[str, ...] | None = None
    known_outputs: tuple[tuple[StepOutputHandle, str | None], ...] = ()
    captures: bool = False
    traces: bool = False


class RunDescription(RunTold, frozen=True, kw_only=True):
    """
    A run, as its workers need to know it.

    Attributes:
        instance: The instance that it is recorded in.
    """

    instance: InstanceRef


class Source(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Where an input comes from, where a run knows more than the plan.

    Attributes:
        kind: ``output``, ``collect``, ``several`` or ``default``.
        handles: The outputs.
        sources: Those of the members of ``several``.
    """

    kind: str
    handles: tuple[StepOutputHandle, ...] = ()
    sources: tuple[Source, ...] = ()


class StepOrder(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """
    Carry out one attempt at a step.

    Attributes:
        key: The step.
        attempt: 1 the first time.
        template_key: Its key in the plan, where a dynamic output multiplied it.
        mapping_keys: Which of the copies it is.
        sources: Where its inputs come from, by name, as far as the plan does not say it.
        run_seconds_left: How long the run may still take; None if nothing limits it.
        run_seconds: The limit of the run.
        skipped: Steps before it that were skipped: their values were stored before the run.
        may_make_again: Whether these values are made again if they are found damaged.
        may_reuse: Whether later runs may use the value of the step again.
    """

    key: str
    attempt: int = 1
    template_key: str = ""
    mapping_keys: tuple[str, ...] = ()
    sources: Mapping[str, Source] = {}
    run_seconds_left: float | None = None
    run_seconds: float | None = None
    skipped: tuple[str, ...] = ()
    may_make_again: bool = True
    may_reuse: bool = False


class EventTold(msgspec.Struct, frozen=True, gc=False, tag="event"):
    """Something happened in the step."""

    event: Event


class LineTold(msgspec.Struct, frozen=True, gc=False, tag="line", omit_defaults=True):
    """
    A line of the log.

    Attributes:
        level: Number of the level.
        message: The text.
        step_key: The step that said it, or None.
        error: The exception that was logged with it.
        fields: What else the record of :mod:`logging` says, as far as it is plain.
    """

    level: int
    message: str
    step_key: str | None = None
    error: ErrorInfo | None = None
    fields: Mapping[str, Any] = {}


class StepEnded(msgspec.Struct, frozen=True, gc=False, tag="ended", omit_defaults=True):
    """
    The attempt has ended; the worker is free.

    Attributes:
        key: The step.
        kind: ``success``, ``failure`` or ``retry``.
        wait_seconds: How long to wait before the retry.
        error: What was raised.
        pickled: The exception itself; None where it cannot be pickled.
        trace: What was called, if that was asked for.
    """

    key: str
    kind: str
    wait_seconds: float = 0.0
    error: ErrorInfo | None = None
    pickled: bytes | None = None
    trace: TraceTold | None = None


FromWorker: TypeAlias = EventTold | LineTold | StepEnded


def record_of(line: LineTold) -> logging.LogRecord:
    """Return the record of :mod:`logging` that another process told of."""
    record = logging.makeLogRecord({**line.fields, "msg": line.message, "args": None, "exc_info": None})
    record.error_info = line.error
    return record


def tell_run(plan_context: Any, origin: JobOrigin) -> RunTold:
    """Return what whoever carries steps of a run out needs to know of it."""
    known = plan_context.known_outputs
    owners = known if isinstance(known, Mapping) else dict.fromkeys(known)
    run = plan_context.run
    plan = plan_context.execution_plan
    return RunTold(
        origin=origin,
        run=run,
        step_keys=tuple(plan.step_keys_to_execute) if run.step_keys_to_execute is not None else None,
        known_outputs=tuple(owners.items()),
        captures=plan_context.capture is not None,
    )


def describe_run(plan_context: Any, origin: JobOrigin) -> RunDescription:
    """Return what the workers of a run need to know of it."""
    told = msgspec.structs.replace(tell_run(plan_context, origin), traces=plan_context.trace is not None)
    return RunDescription(**msgspec.structs.asdict(told), instance=plan_context.instance.get_ref())


_encode = msgspec.msgpack.Encoder(enc_hook=to_wire).encode
_descriptions = Decoder(RunDescription, "msgpack")
_orders = Decoder(StepOrder, "msgpack")
_from_workers: Decoder[FromWorker] = Decoder(FromWorker, "msgpack")  # type: ignore[arg-type]  # a union is no class

_BRACE = ord("{")
"""What a message in JSON begins with, and none in msgpack does: there it is the number 123."""


def encode(message: RunTold | StepOrder | FromWorker) -> bytes:
    """
    Return *message* as it is sent: msgpack.

    What msgpack cannot say is sent as JSON: text with lone surrogates, as in the names of some files, and numbers of more
    than 64 bits.
    """
    try:
        return _encode(message)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(msgspec.to_builtins(message, enc_hook=to_wire)).encode()


def decode_description(data: bytes | bytearray) -> RunDescription:
    """Return the description of a run."""
    return _from_json(data, RunDescription) if data[0] == _BRACE else _descriptions.decode(data)


def decode_order(data: bytes | bytearray) -> StepOrder:
    """Return the order for a step."""
    return _from_json(data, StepOrder) if data[0] == _BRACE else _orders.decode(data)


def decode_from_worker(data: bytes | bytearray) -> FromWorker:
    """Return what a worker tells."""
    return _from_json(data, FromWorker) if data[0] == _BRACE else _from_workers.decode(data)


def _from_json(data: bytes | bytearray, shape: Any) -> Any:
    return msgspec.convert(json.loads(data), shape, dec_hook=from_wire, str_keys=True)
