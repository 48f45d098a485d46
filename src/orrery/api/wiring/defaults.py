"""
What stands where nobody said otherwise: the executor of a run, and where its values go.
"""

from __future__ import annotations

from orrery.adapters.executors.in_process import InProcessExecutor
from orrery.adapters.io.memory import mem_io_manager
from orrery.api.wiring.instance import default_io_manager_definition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.executor import InitExecutorContext
from orrery.definitions.parts.io_manager import IOManagerDefinition
from orrery.plan.run_config import ResolvedRunConfig
from orrery.runtime.engine.executor import Executor
from orrery.runtime.instance.instance import Instance

__all__ = ["executor_in_this_process", "io_manager_for", "memory_io_manager"]


def memory_io_manager() -> IOManagerDefinition:
    """Return the IO manager that keeps values in memory, as they are, for one run."""
    return mem_io_manager


def io_manager_for(*, in_memory: bool) -> IOManagerDefinition:
    """Return the IO manager of runs that name none."""
    return mem_io_manager if in_memory else default_io_manager_definition


def executor_in_this_process(job: JobDefinition, resolved: ResolvedRunConfig, instance: Instance) -> Executor:
    """Return the executor of a run in this process: the job's own where it is made for that."""
    definition = job.executor
    if definition is None or definition.executor_creation_fn is None or definition.name != "in_process":
        return InProcessExecutor()
    made: Executor = definition.executor_creation_fn(
        InitExecutorContext(job, definition, resolved.execution or {}, instance)
    )
    return made
