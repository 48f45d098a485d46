"""
Run a job in this process.

Resolve, compile, record the run, execute, and hand back the result. What can be found wrong is found
before the run is recorded: config, missing resources, unknown partitions.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.api.verbs.asset_values import load_asset_value
from orrery.api.verbs.results import ExecuteInProcessResult
from orrery.api.wiring.ephemeral import ephemeral_instance
from orrery.api.wiring.executors import executor_for, executor_in_this_process
from orrery.api.wiring.values import io_manager_for
from orrery.base.arguments import check_kind
from orrery.base.errors import (
    ExecutionInterruptedError,
    InvalidDefinitionError,
    InvalidInvocationError,
    UserCodeExecutionError,
    nearest_hint,
)
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG, normalize_run_tags
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.requirements import check_managers, is_plain_value, requirements_of_node
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.model.events.entry import EventLogEntry
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.records.run import Run, RunStatus
from orrery.plan.compile import compile_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import needed_resources, resolve_run_config
from orrery.runtime.engine.console import Console
from orrery.runtime.engine.loggers import make_run_logger
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.engine.record import Recorder
from orrery.runtime.engine.run import RunOutcome, execute_run
from orrery.runtime.engine.slots import pools_of
from orrery.runtime.engine.trace import Trace
from orrery.runtime.engine.variables import refuse_missing_variables
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.queue import let_waiting_runs_go
from orrery.runtime.instance.runs import make_run
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["check_partition_range", "execute_in_process", "execute_job_in_process", "resources_for"]

IO_MANAGER = "io_manager"


def execute_in_process(
    job_def: JobDefinition,
    *,
    run_config: Any = None,
    instance: Any = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    op_selection: Sequence[str] | None = None,
    asset_selection: Sequence[AssetKey] | None = None,
    run_id: str | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Run a job in this process and keep its values; see :meth:`JobDefinition.execute_in_process`."""
    job = job_def
    if resources or input_values:
        _check_input_values(job, input_values)
        job = job._copy(
            resource_defs={**job.resource_defs, **as_resource_definitions(resources)},
            input_values={**job.input_values, **(input_values or {})},
        )
    if op_selection or asset_selection is not None:
        job = job.get_subset(
            op_selection=op_selection,
            asset_selection={AssetKey.from_coercible(each) for each in asset_selection}
            if asset_selection is not None
            else None,
        )
    layer = job.asset_layer
    is_assets = layer is not None and layer.is_asset_job
    return execute_job_in_process(
        job,
        run_config=run_config,
        instance=instance,
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        run_id=run_id,
        tags=tags,
        in_memory=not is_assets,
        op_selection=op_selection,
    )


def _check_input_values(job: JobDefinition, input_values: Mapping[str, Any] | None) -> None:
    for each in input_values or ():
        if each not in job.graph.input_dict:
            raise InvalidDefinitionError(
                f"Error when constructing JobDefinition '{job.name}': Input value provided for key '{each}', but job has "
                "no top-level input with that name.",
                mend=nearest_hint(each, job.graph.input_dict, noun="input"),
            )


def execute_job_in_process(
    job: JobDefinition,
    *,
    run_config: Any = None,
    instance: Any = None,
    partition_key: str | None = None,
    partition_key_range: tuple[str, str] | None = None,
    raise_on_error: bool = True,
    run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    in_memory: bool = False,
    on_event: Callable[[EventLogEntry], None] | None = None,
    console: bool | None = None,
    trace: bool = False,
    trace_out: str | None = None,
    op_selection: Sequence[str] | None = None,
    origin: JobOrigin | None = None,
    in_this_process: bool = True,
    obeys_retries: bool = False,
    step_keys: Sequence[str] | None = None,
    known_outputs: Sequence[Any] = (),
    parent_run: Run | None = None,
    asset_selection: AbstractSet[AssetKey] | None = None,
    check_selection: AbstractSet[AssetCheckKey] | None = None,
    keep_values: bool = True,
    reuse: Reuse | None = None,
    recorded: Run | None = None,
) -> ExecuteInProcessResult:
    """
    Run a job in this process.

    Args:
        job: The job.
        run_config: Run config; the job's own if None.
        instance: Where the run is recorded; an ephemeral one if None.
        partition_key: The partition to run.
        partition_key_range: First and last of the partitions to run, in one run.
        raise_on_error: Raise the first failure.
        run_id: Id of the run; a new one if None.
        tags: Tags of the run, beside those of the job.
        in_memory: Keep values of runs that name no IO manager in memory.
        on_event: Called with each entry of the event log once it is stored, as a rule from another thread.
        console: Show log lines and failures on standard error; by default where *on_event* is not given.
        trace: Print the tree of what was called, at the end.
        trace_out: Write the same to this file, in the Chrome trace format.
        origin: Where the job comes from, for executors of other processes.
        in_this_process: Carry the steps out here, whatever executor the job names.
        obeys_retries: Let the config of the executor turn retries off, also in this process.
        step_keys: Steps to execute; all if None.
        known_outputs: Outputs of *parent_run*, for steps that are not executed.
        parent_run: The run that is repeated in part.
        keep_values: Keep every output in memory until the end, for the result.
        reuse: Which stored values may be used instead of being made again.
        recorded: The run, where it is recorded already and this process has it in hand; its config and tags hold.

    Raises:
        InvalidConfigError: The run config does not fit.
        InvalidDefinitionError: A resource is missing.
        Exception: What the first failed step raised, under *raise_on_error*.
    """
    traced = Trace() if trace or trace_out else None
    span = traced.begin("job", job.name) if traced is not None else None
    own_instance = instance is None
    if not own_instance:
        check_kind(instance, Instance, name="instance", of="a run", wanted="an Instance, as Instance.get()")
    check_kind(raise_on_error, bool, name="raise_on_error", of="a run", wanted="True or False")
    used = ephemeral_instance() if own_instance else instance
    try:
        if recorded is not None:
            run_tags, config = dict(recorded.tags), recorded.run_config
        else:
            run_tags, config = tags_and_config(job, run_config, tags, partition_key, partition_key_range, used)
        planning = traced.begin("plan", "resolve config and compile") if traced is not None else None
        resolved = resolve_run_config(job, config, os.environ)
        plan = compile_plan(job, resolved, step_keys, parent_run.run_id if parent_run is not None else None)
        if traced is not None and planning is not None:
            planning.details["steps"] = len(plan)
            traced.end(planning)
        resource_defs, keys = resources_for(job, in_memory=in_memory)
        if recorded is None:
            refuse_missing_variables(resource_defs, keys, resolved.resources, os.environ)
        executor = (
            executor_in_this_process(job, resolved, used, obeys_retries=obeys_retries)
            if in_this_process
            else executor_for(job, resolved, used, origin)
        )
        run = recorded or _run_in_hand(
            used,
            run_id,
            is_stored_soon=executor.uses_resources_of_run,
            job_name=job.name,
            run_config=resolved.given,
            status=RunStatus.NOT_STARTED,
            tags=run_tags,
            op_selection=op_selection,
            step_keys_to_execute=list(plan.step_keys_to_execute) if step_keys is not None else None,
            asset_selection=asset_selection,
            asset_check_selection=check_selection,
            parent_run_id=parent_run.run_id if parent_run is not None else None,
            root_run_id=(parent_run.root_run_id or parent_run.run_id) if parent_run is not None else None,
            run_op_concurrency=None if used.is_ephemeral else pools_of(plan.steps),
        )
        barrier = used.new_write_barrier() if not used.is_ephemeral or _stores_values(job, keys) else None
        shown: list[Callable[[Sequence[EventLogEntry]], None]] = [_each(on_event)] if on_event is not None else []
        if console if console is not None else on_event is None and not job.loggers:
            shown.append(Console())
        recorder = Recorder(used, run, shown, barrier.flush if barrier is not None else None)
        outcome = execute_run(
            plan=plan,
            run=run,
            instance=used,
            executor=executor,
            resource_defs=resource_defs,
            resource_keys=keys,
            recorder=recorder,
            barrier=barrier,
            keep_values=keep_values,
            raise_on_error=raise_on_error,
            known_outputs=known_outputs,
            trace=traced,
            make_logger=lambda sink: make_run_logger(sink, job, resolved, run),
            reuse=reuse,
            is_kept=not own_instance,
            origin=origin,
        )
        if recorded is None and run.run_op_concurrency is not None:
            let_waiting_runs_go(used, run.run_op_concurrency.all_pools)
        if traced is not None and span is not None:
            traced.end(span)
            _show_trace(traced, trace, trace_out)
        if raise_on_error or outcome.interrupted:
            _raise(outcome)
        final = used.runs.get_ended_run(run.run_id) or run
        return ExecuteInProcessResult(
            outcome.events,
            final,
            outcome.values,
            job,
            traced,
            lambda key: load_asset_value(job, key, instance=used, partition_key=partition_key),
        )
    finally:
        if own_instance:
            used.dispose()


def _run_in_hand(instance: Any, given_id: str | None, *, is_stored_soon: bool, **fields: Any) -> Run:
    """
    Record a run that this process executes at once.

    Its lease is taken with it, and ends with it: at no moment does a run stand there that nobody answers for. Where its
    functions are called in this process, which waits before the first until the start of the run is stored
    (*is_stored_soon*), both are stored with that start, unless somebody else may have given the same id.
    """
    keeper = instance.keeper
    run_id = given_id or str(uuid.uuid4())
    if keeper is None or instance.is_ephemeral:
        recorded: Run = instance.create_run(run_id=run_id, **fields)
        return recorded
    run = make_run(run_id=run_id, **fields)
    if given_id is None and is_stored_soon:
        keeper.take_new_run(run)
    else:
        keeper.take_run(run_id, new_run=run)
    return run


def _each(on_event: Callable[[EventLogEntry], None]) -> Callable[[Sequence[EventLogEntry]], None]:
    """Return what calls *on_event* with each of many entries."""

    def show(entries: Sequence[EventLogEntry]) -> None:
        for entry in entries:
            on_event(entry)

    return show


def _show_trace(traced: Trace, show: bool, path: str | None) -> None:
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(traced.to_chrome())
    if show:
        sys.stdout.write(traced.to_text() + "\n")


def _raise(outcome: RunOutcome) -> None:
    error = outcome.error
    if error is None:
        return
    if isinstance(error, ExecutionInterruptedError | KeyboardInterrupt):
        raise KeyboardInterrupt(str(error)) from error
    if outcome.failed_steps and isinstance(error, UserCodeExecutionError) and error.user_exception is not None:
        raise error.user_exception
    raise error


def tags_and_config(
    job: JobDefinition,
    run_config: Any,
    tags: Mapping[str, Any] | None,
    partition_key: str | None,
    partition_key_range: tuple[str, str] | None,
    instance: Any,
) -> tuple[dict[str, str], Any]:
    run_tags: dict[str, str] = {**job.run_tags, **(normalize_run_tags(tags) if tags else {})}
    if partition_key is not None:
        partitions_def = job.partitions_def
        if partitions_def is None:
            raise InvalidInvocationError(
                f"The partition '{partition_key}' was given, but neither job '{job.name}' nor its assets have partitions.",
                mend="leave partition_key out, or give partitions_def= to the asset or job.",
            )
        with partition_loading_context(dynamic_partitions_store=instance) as loading:
            partitions_def.validate_partition_key(partition_key, loading)
        run_tags.update(job.get_tags_for_partition_key(partition_key))
        if run_config is None and job.partitioned_config is not None:
            run_config = job.get_run_config_for_partition_key(partition_key)
    if partition_key_range is not None:
        with partition_loading_context(dynamic_partitions_store=instance):
            check_partition_range(job, partition_key_range)
        run_tags[ASSET_PARTITION_RANGE_START_TAG], run_tags[ASSET_PARTITION_RANGE_END_TAG] = partition_key_range
    return run_tags, run_config


def check_partition_range(job: JobDefinition, partition_key_range: tuple[str, str]) -> None:
    """
    Refuse a range of partitions that is none of the job; asked inside a partition loading context.

    Raises:
        InvalidInvocationError: The job has no partitions, an end of the range does not exist, or the range is empty.
    """
    start, end = partition_key_range
    if job.partitions_def is None:
        raise InvalidInvocationError(
            f"The partitions '{start}' to '{end}' were given, but neither job '{job.name}' nor its assets have partitions.",
            mend="leave the range out, or give partitions_def= to the asset or job.",
        )
    if not job.partitions_def.get_partition_keys_in_range(PartitionKeyRange(start, end)):
        raise InvalidInvocationError(
            f"The range of partitions '{start}' to '{end}' is empty: '{end}' comes first.",
            mend="give the ends the other way round.",
        )


def resources_for(job: JobDefinition, *, in_memory: bool = False) -> tuple[dict[str, ResourceDefinition], set[str]]:
    """
    Return the resources of a run by key, and which of them it needs.

    Args:
        job: The job.
        in_memory: Let runs that name no IO manager keep values in memory.

    Raises:
        InvalidDefinitionError: One that is needed is not provided, or is no IO manager where one is needed; says who
            needs it.
    """
    definitions = dict(job.resource_defs)
    if IO_MANAGER not in definitions:
        definitions[IO_MANAGER] = io_manager_for(in_memory=in_memory)
    needed = needed_resources(job)
    for key in needed:
        if key not in definitions:
            who = _who_needs(job, key)
            raise InvalidDefinitionError(
                f"resource with key '{key}' required by {who} was not provided.",
                mend=nearest_hint(key, definitions, noun="resource") + f" Or provide it: resources={{'{key}': ...}}.",
            )
    plain = {key for key in needed if is_plain_value(definitions[key])}
    if plain:
        for op_def in _ops_of(job):
            if any(output.io_manager_key in plain for output in op_def.output_dict.values()):
                check_managers(requirements_of_node(op_def), definitions)
    return definitions, needed


def _ops_of(job: JobDefinition) -> Iterator[Any]:
    layer = job.asset_layer
    if layer is not None and layer.is_asset_job:
        for node in layer.nodes:
            if node.assets_def.node_def is not None:
                yield from node.assets_def.node_def.iterate_op_defs()
    else:
        yield from job.graph.iterate_op_defs()


def _stores_values(job: JobDefinition, keys: AbstractSet[str]) -> bool:
    """Tell whether a resource of the job, among *keys*, may write values to files."""
    return any(hasattr(job.resource_defs[key], "output_config_schema") for key in keys if key in job.resource_defs)


def _who_needs(job: JobDefinition, key: str) -> str:
    for hook, node in job.graph.iterate_hooks():
        if key in hook.required_resource_keys:
            return f"hook '{hook.name}' attached to op '{node.name}'"
    for hook in job.hook_defs:
        if key in hook.required_resource_keys:
            return f"hook '{hook.name}' attached to job '{job.name}'"
    layer = job.asset_layer
    if layer is not None and layer.is_asset_job:
        for node in layer.nodes:
            if key in node.assets_def.get_resource_requirements():
                return f"op '{node.name}'"
    else:
        for each in job.graph.iterate_op_defs():
            if key in each.get_resource_requirements():
                return f"op '{each.name}'"
    for name, definition in job.resource_defs.items():
        if key in definition.required_resource_keys:
            return f"resource '{name}'"
    return f"job '{job.name}'"


def plan_of(job: Any, run_config: Any = None, **options: Any) -> ExecutionPlan:
    """Return the plan of a run of *job*, a job or a graph."""
    if isinstance(job, GraphDefinition):
        job = job.to_job()
    resolved = resolve_run_config(job, run_config, os.environ)
    return compile_plan(job, resolved, options.get("step_keys_to_execute"))
