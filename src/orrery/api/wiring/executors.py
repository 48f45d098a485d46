"""Which executor carries out a run: the job's own, what run config chooses, or that of jobs that name none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from orrery.adapters.executors.either import multi_or_in_process_executor
from orrery.adapters.executors.in_process import InProcessExecutor
from orrery.adapters.executors.multiprocess import multiprocess_executor
from orrery.adapters.io.memory import mem_io_manager
from orrery.base.errors import InvalidDefinitionError, UnmetExecutorRequirementsError
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import ExecutorDefinition, ExecutorRequirement, InitExecutorContext
from orrery.plan.run_config import ResolvedRunConfig
from orrery.runtime.engine.executor import Executor
from orrery.runtime.instance.instance import Instance
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["executor_for", "executor_in_this_process", "starts_workers"]


def starts_workers(job: JobDefinition) -> bool:
    """Tell whether the executor that *job* names is one that may fork workers on this machine, however configured."""
    definition = job.executor
    return definition is not None and definition.executor_creation_fn in (
        multiprocess_executor.executor_creation_fn,
        multi_or_in_process_executor.executor_creation_fn,
    )


def executor_for(
    job: JobDefinition, resolved: ResolvedRunConfig, instance: Instance, origin: JobOrigin | None
) -> Executor:
    """
    Return the executor of a run: the job's own, or what run config chooses.

    Args:
        job: The job.
        resolved: Its run config.
        instance: Where the run is recorded.
        origin: Where the job comes from; None if other processes cannot make it.

    Raises:
        UnmetExecutorRequirementsError: The executor cannot run this job here; says what it lacks.
    """
    definition, config = job.executor, resolved.execution or {}
    if definition is None:
        if not config:
            return InProcessExecutor()
        definition = multi_or_in_process_executor
        config = resolve_entry_of_executor(definition, config)
    if definition.executor_creation_fn is None:
        raise InvalidDefinitionError(
            f"The executor '{definition.name}' of job '{job.name}' has no function that makes it.",
            mend="give executor_creation_fn=, or use the decorator @executor.",
        )
    _check_requirements(definition.get_requirements(config), definition.name, job, instance, origin)
    made: Executor = definition.executor_creation_fn(InitExecutorContext(job, definition, config, instance, origin))
    return made


def resolve_entry_of_executor(definition: ExecutorDefinition, config: Any) -> Any:
    """Return the config of an executor that the job does not name, checked and with defaults."""
    return definition.resolve_config(config, subject="execution", environment=os.environ, path=("execution", "config"))


def executor_in_this_process(
    job: JobDefinition, resolved: ResolvedRunConfig, instance: Instance, *, obeys_retries: bool
) -> Executor:
    """
    Return the executor of a run in this process: the job's own where it is made for that.

    Args:
        job: The job.
        resolved: Its run config.
        instance: Where the run is recorded.
        obeys_retries: Whether the executor's config may turn retries off; else steps are retried as they say.
    """
    definition = job.executor
    if definition is None or definition.executor_creation_fn is None or definition.name != "in_process":
        return InProcessExecutor()
    config = resolved.execution or {}
    if not obeys_retries:
        config = {name: value for name, value in config.items() if name != "retries"}
    made: Executor = definition.executor_creation_fn(InitExecutorContext(job, definition, config, instance))
    return made


def _check_requirements(
    requirements: Sequence[ExecutorRequirement],
    executor: str,
    job: JobDefinition,
    instance: Instance,
    origin: JobOrigin | None,
) -> None:
    wanted = {each.name for each in requirements}
    uses = f"The executor '{executor}' runs steps in other processes, and "
    if wanted & {"RECONSTRUCTABLE_JOB", "RECONSTRUCTABLE_PIPELINE"} and origin is None:
        raise UnmetExecutorRequirementsError(
            f"{uses}these cannot find the job '{job.name}' again: it is not reconstructable.",
            mend="let it stand at the top of a module and give reconstructable(job) to execute_job, or use "
            "in_process_executor.",
        )
    if "NON_EPHEMERAL_INSTANCE" in wanted and instance.is_ephemeral:
        raise UnmetExecutorRequirementsError(
            f"{uses}the instance keeps the records of job '{job.name}' in the memory of this one.",
            mend="use Instance.get() or Instance.local_temp(), or in_process_executor.",
        )
    if "PERSISTENT_OUTPUTS" in wanted:
        for node in job.graph.iterate_op_defs():
            for output in node.output_dict.values():
                if job.resource_defs.get(output.io_manager_key) is mem_io_manager:
                    raise UnmetExecutorRequirementsError(
                        f"{uses}the IO manager '{output.io_manager_key}' of op '{node.name}' keeps values in the memory "
                        "of one.",
                        mend="use an IO manager that stores values, as fs_io_manager does, or in_process_executor.",
                    )
