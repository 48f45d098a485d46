"""
One run, from its first event to its last.

:func:`execute_run` opens the resources, lets the executor execute the plan, records every event as it
comes, closes the resources in reverse, always, and says how the run ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

from orrery.base.bulk import objects_settled
from orrery.base.errors import (
    ExecutionInterruptedError,
    InvariantViolationError,
    OrreryError,
    StorageError,
    TimeLimitExceededError,
    UserCodeExecutionError,
)
from orrery.base.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG, has_partition_tags
from orrery.definitions.parts.resource import ResourceDefinition
from orrery.model.events import build
from orrery.model.events.error_info import ErrorInfo, error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.payloads import RunFailureReason, StepFailureData
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.records.run import Run
from orrery.plan.discovering import discovering_steps
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.plan import PlanOrchestrationContext, StopRun
from orrery.runtime.engine.decisions import Decisions
from orrery.runtime.engine.executor import Executor
from orrery.runtime.engine.expiry import LimitReached
from orrery.runtime.engine.found_partitions import consult_found
from orrery.runtime.engine.interrupts import interruptible
from orrery.runtime.engine.limits import TimeLimits, limit_in
from orrery.runtime.engine.loop import RunLoop
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.engine.probing import Sighting
from orrery.runtime.engine.python_logs import captured_python_logs
from orrery.runtime.engine.record import Recorder
from orrery.runtime.engine.resources import open_resources
from orrery.runtime.engine.reuse import COMPLETED_KINDS, RunReuse, undecided_steps
from orrery.runtime.engine.slots import slots_for
from orrery.runtime.ports.compute_logs import StepCapture
from orrery.runtime.ports.write_barrier import active_barrier

__all__ = ["RunOutcome", "execute_run"]

_MANY_STEPS = 500
"""From so many steps on, walking over all definitions at each collection costs more than the steps."""


class RunOutcome:
    """
    How a run ended.

    Attributes:
        succeeded: Whether every step did.
        error: What ended the run, or what the first failed step raised.
        error_is_final: Whether *error* ended the run, rather than being that of a step.
        events: Its events, in order.
        values: Values of outputs that were kept.
        failed_steps: The steps that failed, in order.
        interrupted: Whether it was asked to stop.
    """

    __slots__ = ("error", "events", "failed_steps", "interrupted", "succeeded", "values")

    def __init__(self) -> None:
        self.succeeded = False
        self.error: BaseException | None = None
        self.events: list[Event] = []
        self.values: dict[tuple[str, str, str | None], Any] = {}
        self.failed_steps: list[str] = []
        self.interrupted = False


def execute_run(
    *,
    plan: ExecutionPlan,
    run: Run,
    instance: Any,
    executor: Executor,
    resource_defs: Mapping[str, ResourceDefinition],
    resource_keys: Iterable[str],
    recorder: Recorder,
    barrier: Any = None,
    keep_values: bool = False,
    raise_on_error: bool = False,
    known_outputs: Sequence[Any] = (),
    environment: Mapping[str, str] | None = None,
    trace: Any = None,
    make_logger: Callable[[Recorder], LogManager] | None = None,
    reuse: Reuse | None = None,
    is_kept: bool = True,
    origin: Any = None,
) -> RunOutcome:
    """
    Execute a run that was recorded before, and record how it goes.

    Args:
        plan: The plan.
        run: The run.
        instance: The instance it is recorded in.
        executor: Carries out the steps.
        resource_defs: Resources by key.
        resource_keys: Those to open.
        recorder: Writes the events.
        barrier: Publishes values together with the events that tell of them; None where each is durable
            by itself.
        keep_values: Keep the values of outputs for the result.
        raise_on_error: Stop at the first failed step.
        known_outputs: Outputs of an earlier run, for steps that are not executed again.
        environment: Variables by name; the process's own if None.
        trace: Notes what is called, if somebody asked for it.
        make_logger: Makes the logger of the run.
        reuse: Which stored values may be used instead of being made again; None if only the policies of the
            assets themselves say so.
        is_kept: Whether anybody can look at the records after the run; if not, they do not tell what values were
            made from.
        origin: How another process can make the job again; None if nobody knows.

    Returns:
        How it ended. A failure of a step, of a resource, or of the engine itself is in the outcome; only
        what stops the process (SystemExit of our own callers) is raised.
    """
    outcome = RunOutcome()
    outcome.events = recorder.events
    job_name = run.job_name
    pid = os.getpid()
    token = active_barrier.set(barrier)
    loop = RunLoop()
    try:
        with interruptible() as interrupts, objects_settled() if len(plan) > _MANY_STEPS else nullcontext():
            recorder.after_line = interrupts.deliver
            recorder.guards_functions = executor.uses_resources_of_run
            if any(_checks_what_it_makes(step) for step in plan.steps if len(step.outputs) > 1):
                recorder.pushed |= {"ASSET_MATERIALIZATION"}
            try:
                undecided = undecided_steps(plan, reuse) if is_kept else {}
                if not has_partition_tags(run.tags):
                    discovering = discovering_steps(plan)
                    undecided.update({step.key: step for step in plan.steps if step.key in discovering})
                _plan_events((step for step in plan.steps if step.key not in undecided), run, recorder)
                recorder.event(build.run_started(job_name, pid=pid))
                log = make_logger(recorder) if make_logger is not None else LogManager(sink=recorder)
                with captured_python_logs(instance.settings, log, run.run_id), _capture(instance, run, pid) as capture:
                    _execute(
                        outcome,
                        plan,
                        run,
                        instance,
                        executor,
                        resource_defs,
                        resource_keys,
                        recorder,
                        barrier,
                        keep_values,
                        raise_on_error,
                        known_outputs,
                        environment,
                        trace,
                        loop,
                        log,
                        capture,
                        reuse,
                        is_kept,
                        origin,
                        undecided,
                    )
            except (ExecutionInterruptedError, KeyboardInterrupt) as error:
                outcome.error, outcome.interrupted = error, True
            except LimitReached as error:
                outcome.error = error.told()
            except Exception as error:  # noqa: BLE001  # the run ends, and says why
                outcome.error = error
            except BaseException as error:  # it stops the process: the run is not left as if it went on
                outcome.error = error
                _end(outcome, recorder, job_name, pid)
                raise
            _end(outcome, recorder, job_name, pid)
    finally:
        active_barrier.reset(token)
        loop.close()
    instance.keep_retention()
    return outcome


def _checks_what_it_makes(step: ExecutionStep) -> bool:
    """Tell whether a step of several outputs evaluates checks, too: those ask which materialization they look at."""
    return any(output.check_spec is not None for output in step.outputs.values())


def _plan_events(
    steps: Iterable[ExecutionStep], run: Run, recorder: Recorder, found: Sequence[str] | None = None
) -> None:
    """Record which assets and checks the run is going to make by these steps; of assets the partitions that were *found*."""
    job_name = run.job_name
    partition = run.tags.get("orrery/partition") if run.tags else None
    in_range: dict[int, tuple[str, ...]] = {}
    for step in steps:
        if step.assets_def is None or step.assets_def.execution_type != "MATERIALIZATION":
            continue
        for output in step.outputs.values():
            if not output.is_selected:
                continue
            if output.asset_key is not None:
                keys = (
                    tuple(map(str, found))
                    if found is not None
                    else None
                    if partition is not None
                    else _keys_in_range(
                        step.assets_def._specs_by_key[output.asset_key].partitions_def, run, recorder, in_range
                    )
                )
                recorder.event(
                    build.asset_materialization_planned(job_name, step.key, output.asset_key, partition, keys),
                    keep=False,
                )
            if output.check_spec is not None:
                recorder.event(
                    build.asset_check_evaluation_planned(
                        job_name, step.key, output.check_spec.asset_key, output.check_spec.name
                    ),
                    keep=False,
                )


def _keys_in_range(
    definition: Any, run: Run, recorder: Recorder, known: dict[int, tuple[str, ...]]
) -> tuple[str, ...] | None:
    """Return the partitions that a run of a range makes of an asset; None if it is none, or the asset has none."""
    first, last = run.tags.get(ASSET_PARTITION_RANGE_START_TAG), run.tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if first is None or last is None or definition is None:
        return None
    keys = known.get(id(definition))
    if keys is None:
        with partition_loading_context(dynamic_partitions_store=recorder.instance):
            keys = tuple(map(str, definition.get_partition_keys_in_range(PartitionKeyRange(first, last))))
        known[id(definition)] = keys
    return keys


def _record(
    events: Iterable[Event],
    context: PlanOrchestrationContext,
    recorder: Recorder,
    made_from: RunReuse | None,
    undecided: dict[str, ExecutionStep],
) -> None:
    """
    Record what the executor tells.

    Of a step that may turn out to be current, the run plans to make the assets once it is decided that it runs; of one
    that finds its partitions on the way, once it runs: these.
    """
    for event in events:
        told = event
        if made_from is not None and event.event_type_value in COMPLETED_KINDS:
            told = made_from.completed(event)
        if undecided:
            key = told.step_key or ""
            step = undecided.get(key)
            if step is not None and not (made_from is not None and made_from.is_reused(key)):
                del undecided[key]
                if step.key not in context.discovering:
                    _plan_events((step,), context.run, recorder)
                elif event.event_type_value == "STEP_START":
                    _plan_events((step,), context.run, recorder, context.for_step(step).found_partitions)
        recorder.event(told)


def _record_sightings(found: Iterable[Sighting], job_name: str, recorder: Recorder, log: LogManager) -> None:
    """Record what was seen of the sources of the run."""
    for each in found:
        event = each.event(job_name)
        if event is not None:
            recorder.event(event)
        if each.trouble is not None:
            log.warning(each.trouble)


def _execute(
    outcome: RunOutcome,
    plan: ExecutionPlan,
    run: Run,
    instance: Any,
    executor: Executor,
    resource_defs: Mapping[str, ResourceDefinition],
    resource_keys: Iterable[str],
    recorder: Recorder,
    barrier: Any,
    keep_values: bool,
    raise_on_error: bool,
    known_outputs: Sequence[Any],
    environment: Mapping[str, str] | None,
    trace: Any,
    loop: RunLoop,
    log: LogManager,
    capture: StepCapture | None,
    reuse: Reuse | None,
    is_kept: bool,
    origin: Any,
    undecided: dict[str, ExecutionStep],
) -> None:
    span = trace.begin("execute", run.job_name, run_id=run.run_id) if trace is not None else None
    setup = trace.begin("resources", ", ".join(sorted(resource_keys))) if trace is not None else None
    limits = _limits(run)
    with limits or nullcontext():
        opened = open_resources(
            resource_defs,
            resource_keys if executor.uses_resources_of_run else _managers_of_assets(plan) & resource_defs.keys(),
            plan.resolved_run_config.resources,
            instance=instance,
            run=run,
            log=log,
            emit=recorder.event,
            job_name=run.job_name,
            step_key=plan.steps[0].key if len(plan) == 1 else None,
            environment=environment,
            run_async=loop.run,
        )
    if setup is not None:
        trace.end(setup)
    try:
        context = PlanOrchestrationContext(
            execution_plan=plan,
            run=run,
            instance=instance,
            log_manager=log,
            opened=opened,
            values=outcome.values if keep_values else None,
            loop=loop,
            raise_on_error=raise_on_error,
            trace=trace,
            barrier=barrier,
            known_outputs=known_outputs,
            limits=limits,
            capture=capture,
            settle=recorder.close,
            push=recorder.push,
        )
        context.origin = origin
        context.slots = slots_for(plan.steps, instance, run)
        if trace is not None:
            trace.note(
                "PlanOrchestrationContext",
                run.run_id,
                resources=sorted(opened.mapping),
                run_config=dict(run.run_config),
            )
        decisions = Decisions(context, reuse) if is_kept and plan.job.asset_layer is not None else None
        made_from = RunReuse(decisions) if decisions is not None else None
        if made_from is not None:
            context.consult = made_from.consult
            context.may_reuse = made_from.may_reuse
            context.known_contents = made_from.contents
        context.consult = consult_found(context, context.consult)
        try:
            if decisions is not None:
                found = decisions.look_at_sources(unseen=f"unseen by run {run.run_id}")
                _record_sightings(found, run.job_name, recorder, log)
            events: Any = executor.execute(context, plan)
            with closing(events) if hasattr(events, "close") else nullcontext():  # before what it uses is closed
                _record(events, context, recorder, made_from, undecided)
        except StopRun:
            pass  # the failure is noted below, and raised by whoever asked for it
        else:
            outdated = made_from.outdated() if made_from is not None else ()
            if outdated:
                log.warning(
                    "These were made, or used as they were stored, before an input of theirs was found damaged and made again "
                    f"with other content: {', '.join(outdated)}. The next run with reuse makes them."
                )
        finally:
            if made_from is not None:
                _look_back(made_from, recorder, log)
            if decisions is not None:
                decisions.close()
            late = [
                step
                for key, step in undecided.items()
                if key not in context.discovering and not (made_from is not None and made_from.is_reused(key))
            ]
            _plan_events(late, run, recorder)  # the run ends before it came to them
            outcome.failed_steps = list(context.failures)
            outcome.error = next(iter(context.failures.values()), None)
    finally:
        for error in opened.close():
            if isinstance(error, InvariantViolationError) and outcome.error is None:
                outcome.error = error  # the resource broke the rules; what merely raised is recorded, and no more
        if span is not None:
            trace.end(span)


def _look_back(made_from: RunReuse, recorder: Recorder, log: LogManager) -> None:
    """Record which values were made from what another run replaced meanwhile; the run ends as it does, if nobody can tell."""
    try:
        found = list(made_from.replaced())
    except StorageError as error:
        log.warning(f"It could not be looked up whether another run replaced meanwhile what this one took: {error}")
        return
    for event in found:
        recorder.event(event)


def _managers_of_assets(plan: ExecutionPlan) -> set[str]:
    """Return the keys of the IO managers that know whether a stored value of an asset is still there."""
    return {
        output.definition.io_manager_key
        for step in plan.steps
        for output in step.outputs.values()
        if output.asset_key is not None and output.check_spec is None
    }


def _capture(instance: Any, run: Run, pid: int) -> AbstractContextManager[StepCapture | None]:
    """Capture what steps write while the block runs, where the instance keeps it."""
    manager = instance.compute_logs
    if manager is None:
        return nullcontext()
    found: AbstractContextManager[StepCapture] = manager.capture_steps((run.run_id, "compute_logs", f"process-{pid}"))
    return found


def _limits(run: Run) -> TimeLimits | None:
    """Return how long the run may take, from now on; None if nothing says so."""
    seconds = limit_in(run.tags, "the run") if run.tags else None
    return TimeLimits(seconds) if seconds is not None else None


def _error_of_step(recorder: Recorder, step_key: str) -> ErrorInfo | None:
    """Return what is recorded as the error of a failed step."""
    for event in reversed(recorder.events):
        if event.step_key == step_key and isinstance(data := event.event_specific_data, StepFailureData):
            return data.error
    return None


def _end(outcome: RunOutcome, recorder: Recorder, job_name: str, pid: int) -> None:
    """Record how the run ended, and wait until that is durable."""
    if outcome.interrupted:
        error = error_info_from_exception(outcome.error) if outcome.error is not None else None
        recorder.event(build.run_canceled(job_name, error, pid=pid))
    elif outcome.failed_steps and not _is_time_limit_of_run(outcome.error):
        recorder.event(
            build.run_failed(
                job_name,
                _error_of_step(recorder, outcome.failed_steps[0]),
                reason=RunFailureReason.STEP_FAILURE,
                context_message=f"Steps failed: {sorted(outcome.failed_steps)}.",
                first_failed_step=outcome.failed_steps[0],
                pid=pid,
            )
        )
    elif outcome.error is not None:
        recorder.event(
            build.run_failed(
                job_name,
                error_info_from_exception(outcome.error),
                reason=RunFailureReason.RUN_EXCEPTION,
                context_message=_why(outcome.error),
                pid=pid,
            )
        )
    else:
        try:
            recorder.end(build.run_succeeded(job_name, pid=pid))
        except Exception as error:  # noqa: BLE001  # what was promised could not be kept: the run failed
            outcome.error = error
            recorder.event(
                build.run_failed(
                    job_name, error_info_from_exception(error), reason=RunFailureReason.RUN_EXCEPTION, pid=pid
                )
            )
        else:
            outcome.succeeded = True
            return
    recorder.close()


def _is_time_limit_of_run(error: BaseException | None) -> bool:
    return isinstance(error, TimeLimitExceededError) and error.scope == "run"


def _why(error: BaseException) -> str:
    if isinstance(error, TimeLimitExceededError) and error.scope == "run":
        return f"The run was stopped at its limit of {error.seconds:g} s."
    if isinstance(error, UserCodeExecutionError | OrreryError):
        return str(error.args[0]) if error.args else type(error).__name__
    return "An exception was thrown during execution."
