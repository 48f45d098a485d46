"""
Run a job whose values stay where its IO managers put them, whole or in part.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from orrery.api.verbs.execute import execute_job_in_process, resources_for
from orrery.api.verbs.origins import find_origin, origin_of_reconstructable
from orrery.api.verbs.reconstruct import ReconstructableJob
from orrery.api.verbs.reexecution import ReexecutionOptions, decide
from orrery.api.verbs.results import JobExecutionResult
from orrery.base.errors import InvalidInvocationError, InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.records.run import Run
from orrery.plan.compile import compile_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import ResolvedRunConfig, resolve_run_config
from orrery.runtime.contexts.input import InputContext
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.plan import PlanOrchestrationContext
from orrery.runtime.engine.inputs import upstream_context
from orrery.runtime.engine.resources import OpenResources, open_resources, raise_if_not_closed

__all__ = ["execute_job", "validate_run_config"]


def execute_job(
    job: ReconstructableJob | JobDefinition,
    instance: Any,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Sequence[AssetKey] | None = None,
    *,
    trace: bool = False,
    trace_out: str | None = None,
) -> JobExecutionResult:
    """
    Run a job, and keep its values where its IO managers put them.

    Args:
        job: The job, as :func:`reconstructable` names it.
        instance: Where the run is recorded and values are kept.
        run_config: Run config; that of the run that is repeated, or the job's own, if not given.
        tags: Tags of the run, beside those of the job.
        raise_on_error: Raise the first failure.
        op_selection: Ops to execute (``["*clean", "plot+"]``); all if not given.
        reexecution_options: Which run to repeat, and which of its steps.
        asset_selection: Assets to make; all if not given.
        trace: Print the tree of what was really called, with durations, in worker processes too.
        trace_out: Write the same to this file in the Chrome trace format.

    Returns:
        A :class:`JobExecutionResult`; open it in a ``with`` statement to load values.

    Raises:
        InvalidConfigError: The run config does not fit.
        RunNotFoundError: The run that is to be repeated is not recorded.
        Exception: What the first failed step raised, under *raise_on_error*.

    Example::

        with execute_job(reconstructable(my_job), Instance.get()) as result:
            print(result.output_for_node("plot"))
    """
    definition: Any = job.get_definition() if hasattr(job, "get_definition") else job
    if isinstance(definition, GraphDefinition):
        definition = definition.to_job()
    if not isinstance(definition, JobDefinition):
        raise InvalidInvocationError(
            f"execute_job takes a job, not {job!r}.", mend="write execute_job(reconstructable(my_job), instance)."
        )
    keys = [AssetKey.from_coercible(each) for each in asset_selection] if asset_selection is not None else None
    ops = list(op_selection) if op_selection else None
    origin = (
        origin_of_reconstructable(job, ops=ops, assets=keys)
        if isinstance(job, ReconstructableJob)
        else find_origin(definition, ops=ops, assets=keys)
        if definition.executor is not None or run_config is not None
        else None
    )
    if op_selection or keys is not None:
        definition = definition.get_subset(
            op_selection=op_selection, asset_selection=set(keys) if keys is not None else None
        )
    options: dict[str, Any] = {}
    if reexecution_options is not None:
        parent = instance.get_run_by_id(reexecution_options.parent_run_id)
        if run_config is None and parent is not None:
            run_config = parent.run_config
        whole = compile_plan(definition, resolve_run_config(definition, run_config, os.environ))
        repetition = decide(whole, reexecution_options, instance)
        options = {
            "parent_run": repetition.parent,
            "step_keys": repetition.step_keys,
            "known_outputs": repetition.known_outputs,
        }
    result = execute_job_in_process(
        definition,
        run_config=run_config,
        instance=instance,
        keep_values=False,
        raise_on_error=raise_on_error,
        tags=tags,
        origin=origin,
        in_this_process=False,
        op_selection=ops,
        asset_selection=frozenset(keys) if keys is not None else None,
        trace=trace,
        trace_out=trace_out,
        **options,
    )
    run, config = result.dagster_run, run_config
    return JobExecutionResult(definition, lambda: _values(definition, config, run, instance), result.all_events, run)


@contextmanager
def _values(
    job: JobDefinition, run_config: Any, run: Run, instance: Any
) -> Iterator[Callable[[str, str, str | None], Any]]:
    """Give a function that loads outputs of a run; the resources it opens are closed at the end."""
    resolved = resolve_run_config(job, run_config, os.environ)
    loader = _OutputLoader(job, resolved, compile_plan(job, resolved), run, instance)
    try:
        yield loader.load
    finally:
        loader.close()


class _OutputLoader:
    """Loads outputs of a run through their IO managers, each opened once."""

    def __init__(
        self, job: JobDefinition, resolved: ResolvedRunConfig, plan: ExecutionPlan, run: Run, instance: Any
    ) -> None:
        self._definitions, _needed = resources_for(job)
        self._resolved = resolved
        self._plan = plan
        self._run = run
        self._instance = instance
        self._log = LogManager()
        self._opened: dict[str, OpenResources] = {}

    def load(self, step_key: str, output_name: str, mapping_key: str | None) -> Any:
        """Return the value of an output that the run gave."""
        step = self._plan.get_step_by_key(step_key.partition("[")[0])
        definition = step.outputs[output_name].definition
        key = definition.io_manager_key
        opened = self._opened.get(key)
        if opened is None:
            opened = open_resources(
                self._definitions,
                [key],
                self._resolved.resources,
                instance=self._instance,
                run=self._run,
                log=self._log,
            )
            self._opened[key] = opened
        manager = opened.mapping[key]
        if not hasattr(manager, "load_input"):
            raise InvariantViolationError(
                f"The resource '{key}' ({type(manager).__name__}) stores output '{output_name}' of step '{step_key}', but "
                "has no method load_input.",
                mend="give an IO manager under this key.",
            )
        context = PlanOrchestrationContext(
            execution_plan=self._plan,
            run=self._run,
            instance=self._instance,
            log_manager=self._log,
            opened=opened,
        ).for_step(step)
        upstream = upstream_context(context, step_key, output_name, mapping_key)
        return manager.load_input(
            InputContext(
                name=None,
                upstream_output=upstream,
                dagster_type=definition.dagster_type,
                step_context=context,
                asset_key=step.outputs[output_name].asset_key,
                manager_key=key,
            )
        )

    def close(self) -> None:
        """Close what was opened, last first."""
        errors: list[BaseException] = []
        while self._opened:
            errors += self._opened.popitem()[1].close()
        raise_if_not_closed(errors)


def validate_run_config(job_def: JobDefinition | None = None, run_config: Any = None) -> dict[str, Any]:
    """
    Check run config for a job, without running it.

    Args:
        job_def: The job.
        run_config: Run config as a dictionary or :class:`RunConfig`.

    Returns:
        The run config as it holds, with defaults.

    Raises:
        InvalidConfigError: It does not fit; all problems are told.
    """
    if not isinstance(job_def, JobDefinition):
        raise InvalidInvocationError(f"validate_run_config takes a job, not {job_def!r}.", mend="give a job.")
    resolved = resolve_run_config(job_def, {} if run_config is None else run_config, os.environ)
    ops: dict[str, Any] = {}
    for step in compile_plan(job_def, resolved).step_dict.values():
        entry = resolved.op(step.handle.to_string())
        section = ops
        *outer, name = step.handle.path
        for each in outer:
            section = section.setdefault(each, {"ops": {}})["ops"]
        section[name] = {"config": entry.config, "inputs": dict(entry.inputs), "outputs": dict(entry.outputs) or None}
    resources = {
        key: {"config": entry.get("config") if isinstance(entry, Mapping) else entry}
        for key, entry in {**{name: {} for name in job_def.resource_defs}, **resolved.resources}.items()
    }
    return {
        "ops": ops,
        "execution": resolved.given.get("execution", {}),
        "resources": resources,
        "loggers": dict(resolved.given.get("loggers") or {}),
    }
