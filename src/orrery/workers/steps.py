"""
A worker for the steps of one run: it is forked when the job is made and planned, and waits for orders.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from orrery.api.verbs.execute import resources_for
from orrery.api.wiring.instance import instance_for_steps
from orrery.base.errors import ExecutionInterruptedError
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.plan.compile import compile_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import resolve_run_config
from orrery.runtime.engine.interrupts import interruptible
from orrery.runtime.processes.channel import Channel
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.messages import FromWorker, RunDescription, decode_description, decode_order, encode
from orrery.runtime.remote.session import WorkSession

__all__ = ["PreparedRun", "main", "prepare", "warm", "warm_records"]

_NEEDED_LATER = ("orrery.adapters.io.pickled", "orrery.adapters.compute_logs.local")
_STOPPED = 143


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRun:
    """
    What all workers of a run share.

    Attributes:
        description: The run.
        plan: Its plan.
        resource_defs: Resources by key.
    """

    description: RunDescription
    plan: ExecutionPlan
    resource_defs: Mapping[str, ResourceDefinition]


def warm(_argument: bytes) -> None:
    """Import what workers need, and nothing of the user's, in a process that is kept for the runs to come."""
    for name in _NEEDED_LATER:
        importlib.import_module(name)


def warm_records() -> None:
    """Import what a worker needs whose steps ask for records, there too: it takes 0.2 s, and hardly a run has such steps."""
    importlib.import_module("orrery.adapters.storage.sqlite")


def prepare(argument: bytes) -> PreparedRun:
    """Make the job of a run and its plan; *argument* is modules to import first, and the description of the run."""
    preload, told = msgspec.msgpack.decode(argument, type=tuple[list[str], bytes])
    for name in preload:
        importlib.import_module(name)
    warm(b"")
    description = decode_description(told)
    job: JobDefinition = function_named(description.origin.function)(description.origin.argument)
    run = description.run
    plan = compile_plan(
        job,
        resolve_run_config(job, run.run_config, os.environ),
        description.step_keys,
        run.parent_run_id if description.step_keys is not None else None,
    )
    resource_defs, _needed = resources_for(job)
    return PreparedRun(description=description, plan=plan, resource_defs=resource_defs)


def main(channel: Channel, _argument: bytes, prepared: PreparedRun) -> int:
    """Carry orders out until the run has no more; then close the resources."""

    def tell(message: FromWorker) -> None:
        with suppress(OSError):  # the run is gone, and this process will be stopped
            channel.send(encode(message))

    def tell_with_next(message: FromWorker) -> None:
        channel.send_with_next(encode(message))

    instance: Any = instance_for_steps(prepared.description.instance)
    try:
        with (
            interruptible(),
            WorkSession(
                prepared.description,
                prepared.plan,
                prepared.resource_defs,
                instance,
                tell,
                tell_with_next=tell_with_next,
            ) as session,
        ):
            while (frame := channel.receive()) is not None:
                tell(session.carry_out(decode_order(frame.body)))
    except (ExecutionInterruptedError, KeyboardInterrupt):
        return _STOPPED
    finally:
        with suppress(OSError):  # as above
            channel.flush()
        instance.dispose()
    return 0
