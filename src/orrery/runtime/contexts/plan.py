"""The context of one run: what all its steps share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.keys import AssetKey
from orrery.base.tags import PARTITION_NAME_TAG, has_partition_tags
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.events.build import StepRef
from orrery.model.records.run import Run
from orrery.plan.commands import DecideLater, SkipStep
from orrery.plan.discovering import discovering_steps
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import ResolvedRunConfig
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.init_resource import ScopedResources
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.processes.process_id import process_id

__all__ = ["PlanOrchestrationContext", "StopRun"]


_NO_STEPS: frozenset[str] = frozenset()


class StopRun(Exception):
    """The run stops at the first failed step, as was asked; never shown to anybody."""


class PlanOrchestrationContext:
    """
    What all steps of one run share.

    Attributes:
        execution_plan: The plan.
        run: The run.
        instance: The instance that the run is recorded in.
        log_manager: The logger of the run.
        opened: The resources of the run, set up.
        values: Values of outputs that are kept for the result, by (step key, output name, mapping key);
            None if nobody wants them.
        loop: The event loop of the run; made when something is awaited.
        barrier: Publishes values together with the events that tell of them, or None.
        known_outputs: Outputs of an earlier run, for steps that are not executed again.
        limits: How long the run may take, or None.
        capture: Captures what steps write, or None.
        settle: Makes what was recorded so far visible to other processes; None where nothing is recorded.
        push: Hands over what was recorded so far and waits to be stored; an executor calls it before it waits itself.
        consult: Says before a step is launched whether its stored values may be used instead, or None.
        active: The state of the run; kept by the executor.
        slots: Claims slots of pools for steps (``runtime/engine/slots.py``), or None where no step wants any.
        failures: What each failed step raised, in the order they failed.
        raise_on_error: Whether a failure is raised, and not only recorded.
        trace: Notes what is called, if somebody asked for it.
        given_outputs: (step key, output name) of every output given so far; kept by the executor.
        executed_keys: The steps that this run executes, where it repeats a part of another.
        known_contents: Gives, of an asset and its partitions, the names of the bytes that were stored before the run; None
            where nobody has them at hand.
        was_skipped: Tells whether a step takes from another one that was skipped, whose value was stored before the run.
        may_make_again: Tells whether a step may have the value of another made again that it finds damaged.
        may_reuse: Tells whether the value of a step may be used again by later runs; None if nobody may.
        origin: How another process can make the job again; None if it cannot, or nobody asked so far.
        is_launched: Whether a step launcher sent the step here: it goes no further, and its hooks run where it came from.
    """

    __slots__ = (
        "_discovering",
        "_producers",
        "active",
        "barrier",
        "capture",
        "consult",
        "executed_keys",
        "execution_plan",
        "failures",
        "given_outputs",
        "instance",
        "is_launched",
        "known_contents",
        "known_outputs",
        "limits",
        "log_manager",
        "loop",
        "may_make_again",
        "may_reuse",
        "opened",
        "origin",
        "output_metadata",
        "push",
        "raise_on_error",
        "run",
        "settle",
        "slots",
        "trace",
        "values",
        "was_skipped",
    )

    def __init__(
        self,
        *,
        execution_plan: ExecutionPlan,
        run: Run,
        instance: Any,
        log_manager: LogManager,
        opened: Any,
        values: dict[tuple[str, str, str | None], Any] | None = None,
        loop: Any = None,
        raise_on_error: bool = False,
        trace: Any = None,
        barrier: Any = None,
        known_outputs: Sequence[Any] = (),
        limits: Any = None,
        capture: Any = None,
        settle: Callable[[], None] | None = None,
        push: Callable[[], None] | None = None,
    ) -> None:
        self.execution_plan = execution_plan
        self.run = run
        self.instance = instance
        self.log_manager = log_manager
        self.opened = opened
        self.values = values
        self.loop = loop
        self.raise_on_error = raise_on_error
        self.trace = trace
        self.barrier = barrier
        self.known_outputs = known_outputs
        self.limits = limits
        self.capture = capture
        self.settle = settle
        self.push = push or _nothing_to_push
        self.consult: Callable[[ExecutionStep], SkipStep | DecideLater | None] | None = None
        self._discovering: frozenset[str] | None = None
        self.active: Any = None
        self.known_contents: Callable[[AssetKey, Sequence[str | None]], Mapping[str | None, str]] | None = None
        self.was_skipped: Callable[[str, str], bool] | None = None
        self.may_make_again: Callable[[str, str], bool] | None = None
        self.may_reuse: Callable[[ExecutionStep], bool] | None = None
        self.slots: Any = None
        self.failures: dict[str, BaseException | None] = {}
        self.executed_keys = set(execution_plan.step_keys_to_execute) if execution_plan.parent_run_id else frozenset()
        self.given_outputs: Any = None
        self.origin: Any = None
        self.is_launched = False
        self.output_metadata: dict[tuple[str, str, str | None], Mapping[str, Any]] = {}
        self._producers: dict[tuple[str, ...], tuple[str, str]] | None = None

    @property
    def job(self) -> JobDefinition:
        """Return the job that runs."""
        job: JobDefinition = self.execution_plan.job
        return job

    @property
    def job_def(self) -> JobDefinition:
        """Return the job that runs."""
        return self.job

    @property
    def job_name(self) -> str:
        """Return the name of the job that runs."""
        return self.run.job_name

    @property
    def plan(self) -> ExecutionPlan:
        """Return the plan."""
        return self.execution_plan

    @property
    def dagster_run(self) -> Run:
        """Return the run."""
        return self.run

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self.run.run_id

    @property
    def run_config(self) -> Mapping[str, Any]:
        """Return the run config as the user gave it."""
        return self.run.run_config

    @property
    def resolved_run_config(self) -> ResolvedRunConfig:
        """Return the run config, checked and with defaults."""
        return self.execution_plan.resolved_run_config

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the tags of the run."""
        return self.run.tags

    @property
    def log(self) -> LogManager:
        """Return the logger of the run."""
        return self.log_manager

    @property
    def resources(self) -> ScopedResources:
        """Return all resources of the run, as attributes."""
        scoped: ScopedResources = self.opened.scoped(self.opened.mapping.keys())
        return scoped

    @property
    def resource_keys(self) -> Iterable[str]:
        """Return the keys of the resources that were set up."""
        keys: Iterable[str] = self.opened.mapping.keys()
        return keys

    def has_tag(self, key: str) -> bool:
        """Tell whether the run bears the tag."""
        return key in self.run.tags

    def get_tag(self, key: str) -> str | None:
        """Return the value of the run's tag, or None."""
        return self.run.tags.get(key)

    @property
    def partition_key(self) -> str | None:
        """Return the partition of the run, if it has exactly one."""
        return self.run.tags.get(PARTITION_NAME_TAG)

    def note_failure(self, step_key: str, error: BaseException | None) -> None:
        """
        Note that a step failed for good.

        Raises:
            StopRun: The run stops at the first failure.
        """
        self.failures[step_key] = error
        if self.raise_on_error:
            raise StopRun(step_key)

    def run_awaitable(self, awaitable: Any) -> Any:
        """Await something in the loop of the run, from outside of it, and return the result."""

        async def wait() -> Any:
            return await awaitable

        return self.loop.run(awaitable if inspect.iscoroutine(awaitable) else wait())

    @property
    def discovering(self) -> frozenset[str]:
        """Return the keys of the steps that find their partitions on the way; none in a run that was given some."""
        found = self._discovering
        if found is None:
            found = self._discovering = (
                _NO_STEPS if has_partition_tags(self.run.tags) else discovering_steps(self.execution_plan)
            )
        return found

    def for_step(self, step: ExecutionStep, previous_attempts: int = 0) -> StepExecutionContext:
        """Return the context of one attempt at a step."""
        if self.trace is not None:
            self.trace.note("for_step", step.key)
        return StepExecutionContext(self, step, previous_attempts)

    def ref_of(self, step: ExecutionStep) -> StepRef:
        """Return what the events of a step begin with: they tell of this process."""
        handle = step._handle
        where = handle.to_string() if handle is not None else step.template_key
        return StepRef(self.run.job_name, step.key, where, pid=process_id())

    def producer_of(self, asset_parts: tuple[str, ...]) -> tuple[str, str] | None:
        """Return (step key, output name) of the step of this run that makes the asset, if one does."""
        producers = self._producers
        if producers is None:
            producers = {
                output.asset_key.parts: (step.key, name)
                for step in self.execution_plan.steps
                for name, output in step.outputs.items()
                if output.asset_key is not None
            }
            self._producers = producers
        return producers.get(asset_parts)


def _nothing_to_push() -> None:
    """Do nothing: nothing is recorded here."""
