"""
Steps told to other processes: what a step launcher sends there, and how the step is carried out from it.

The launcher makes a :class:`StepRunRef` of the step's context and sends it, pickled, wherever it likes. There,
:func:`run_step_from_ref` makes the job again and carries the step out; its events go back by whatever way the launcher
has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from orrery.api.verbs.execute import resources_for
from orrery.api.verbs.origins import find_origin, in_package
from orrery.base.errors import InvariantViolationError
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.events.entry import EventLogEntry
from orrery.model.events.event import Event
from orrery.model.records.run import Run
from orrery.plan.compile import compile_plan
from orrery.plan.run_config import resolve_run_config
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.executor import RetryMode
from orrery.runtime.engine.record import Recorder
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.value_key import KeyPlace, find_key_at, place_of_key
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.messages import (
    EventTold,
    FromWorker,
    JobOrigin,
    LineTold,
    RunTold,
    StepOrder,
    record_of,
    tell_run,
)
from orrery.runtime.remote.orders import order_for
from orrery.runtime.remote.session import WorkSession

__all__ = [
    "KnownExecutionState",
    "StepRunRef",
    "external_instance_from_step_run_ref",
    "run_step_from_ref",
    "step_context_to_step_run_ref",
    "step_run_ref_to_step_context",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownExecutionState:
    """
    What a run has learned by the time it launches a step, and its plan does not say.

    Attributes:
        order: The attempt at the step: its number, and where its inputs come from.
        told: The run.
        key_place: Where the key is found that signs the values of the run; None where nobody signs them.
    """

    order: StepOrder
    told: RunTold
    key_place: KeyPlace | None = None


class StepRunRef(NamedTuple):
    """
    One attempt at a step, as another process needs to know it; it can be pickled.

    Made by :func:`step_context_to_step_run_ref`, as a rule, and not by hand.

    Attributes:
        run_config: Run config, as it was given.
        dagster_run: The run.
        run_id: Its id.
        retry_mode: Whether failed steps are tried again; the run where the step comes from does that.
        step_key: The step.
        recon_job: How to make the job again.
        known_state: What the run has learned so far.
    """

    run_config: Mapping[str, Any]
    dagster_run: Run
    run_id: str
    retry_mode: RetryMode
    step_key: str
    recon_job: JobOrigin
    known_state: KnownExecutionState


def step_context_to_step_run_ref(step_context: StepExecutionContext, package_dir: str | None = None) -> StepRunRef:
    """
    Return what another process needs to carry out the step of *step_context*.

    Args:
        step_context: The context that the step launcher was given.
        package_dir: The folder that the job's file lies below: the other process imports it as a module from there,
            as its own copy may lie elsewhere.

    Raises:
        InvariantViolationError: The job cannot be made again in another process, or its file lies elsewhere.
    """
    plan_context = step_context.plan_context
    job: JobDefinition = plan_context.job
    origin = plan_context.origin or find_origin(job)
    if origin is None:
        raise InvariantViolationError(
            f"The step '{step_context.step.key}' cannot be told to another process: nobody can make the job "
            f"'{job.name}' again there, as it does not stand at the top of a module.",
            mend="run it with execute_job(reconstructable(job), instance), or with `orrery`.",
        )
    if package_dir is not None:
        origin = in_package(origin, package_dir)
    limits = plan_context.limits
    step, was_skipped = step_context.step, plan_context.was_skipped
    order = order_for(
        step,
        step_context.previous_attempt_count + 1,
        plan=plan_context.execution_plan,
        was_given=(plan_context.given_outputs or _Everything()).__contains__,
        limits=limits,
        run_seconds=limits.run_seconds if limits is not None else None,
        skipped=tuple(key for key in step.parent_keys if was_skipped is not None and was_skipped(step.key, key)),
        may_make_again=plan_context.may_make_again is not None,
        may_reuse=plan_context.may_reuse,
    )
    return StepRunRef(
        run_config=plan_context.run_config,
        dagster_run=plan_context.run,
        run_id=plan_context.run_id,
        retry_mode=RetryMode.ENABLED,
        step_key=step_context.step.key,
        recon_job=origin,
        known_state=KnownExecutionState(
            order=order, told=tell_run(plan_context, origin), key_place=place_of_key(plan_context.instance)
        ),
    )


class _Everything:
    """Holds any output: in a worker, the order named those alone that were given."""

    def __contains__(self, _handle: object) -> bool:
        return True


def external_instance_from_step_run_ref(
    step_run_ref: StepRunRef, event_listener_fn: Callable[[EventLogEntry], object] | None = None
) -> Instance:
    """
    Return an ephemeral instance that a step can be carried out in, away from the run's own.

    Args:
        step_run_ref: The step.
        event_listener_fn: Called with each entry, log lines included; as a rule it sends them back.
    """
    instance = Instance.ephemeral()
    instance.add_run(step_run_ref.dagster_run)
    if event_listener_fn is not None:

        def tell(entry: EventLogEntry, _cursor: str) -> None:
            event_listener_fn(entry)

        instance.add_event_listener(step_run_ref.run_id, tell)
    return instance


def run_step_from_ref(step_run_ref: StepRunRef, instance: Instance) -> Iterator[Event]:
    """
    Carry out the step that *step_run_ref* tells, and yield its events.

    All that happens is recorded in *instance*, too: log lines, and what opening the resources tells. A failure of the
    step is its last event, and is not raised. Hooks are run where the step comes from.

    Args:
        step_run_ref: The step.
        instance: Where it is recorded, as a rule of :func:`external_instance_from_step_run_ref`.

    Example::

        reference = pickle.loads(data)
        instance = external_instance_from_step_run_ref(reference, event_listener_fn=send_back)
        events = list(run_step_from_ref(reference, instance))
    """
    recorder = Recorder(instance, step_run_ref.dagster_run)
    try:
        with _session(step_run_ref, instance, recorder) as session:
            for event in session.attempt(step_run_ref.known_state.order):
                recorder.event(event, keep=False)
                yield event
    finally:
        recorder.close()


def step_run_ref_to_step_context(step_run_ref: StepRunRef, instance: Instance) -> StepExecutionContext:
    """
    Return the context that the step is carried out in, in this process.

    The resources that it needs are opened, and stay open as long as the process lives.
    """
    session = _session(step_run_ref, instance, Recorder(instance, step_run_ref.dagster_run))
    return session.context_of(step_run_ref.known_state.order)


def _session(reference: StepRunRef, instance: Instance, recorder: Recorder) -> WorkSession:
    told = reference.known_state.told
    find_key_at(instance, reference.known_state.key_place)
    run = reference.dagster_run
    job: JobDefinition = function_named(reference.recon_job.function)(reference.recon_job.argument)
    plan = compile_plan(
        job,
        resolve_run_config(job, reference.run_config, os.environ),
        told.step_keys,
        run.parent_run_id if told.step_keys is not None else None,
    )
    resource_defs, _needed = resources_for(job)

    def tell(message: FromWorker) -> None:
        if isinstance(message, EventTold):
            recorder.event(message.event, keep=False)
        elif isinstance(message, LineTold):
            recorder.log(message.level, message.message, message.step_key, record_of(message))

    return WorkSession(told, plan, resource_defs, instance, tell, is_launched=True)
