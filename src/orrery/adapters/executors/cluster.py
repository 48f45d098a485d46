"""
What executors on clusters have in common: each step is a task of an engine that decides where it goes.

The run hands each attempt out once (``runtime/remote/hub``) and records what comes back. An executor of its own says how
to reach its engine, what a step may ask of it, and how a task is submitted and canceled.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import msgspec

from orrery.adapters.executors.schemas import RETRIES, TAG_LIMITS, retries_of, tag_limits_of
from orrery.base.errors import UnmetExecutorRequirementsError
from orrery.definitions.parts.executor import ExecutorDefinition, multiple_process_executor_requirements
from orrery.model.config.schema import Field, Noneable, Permissive, Selector
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.runtime.engine.executor import Executor, RetryMode
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.dispatch import Dispatch
from orrery.runtime.remote.hub import Hub
from orrery.runtime.remote.messages import describe_run, encode

__all__ = ["LOOPBACK", "TASK", "ClusterExecutor", "cluster_executor"]

LOOPBACK = "127.0.0.1"
TASK = "orrery.workers.tasks:carry_out"
"""The function that a task calls with its errand."""


class ClusterExecutor(Executor):
    """
    Execute steps as tasks of an engine.

    Args:
        origin: Where the job comes from; the engine finds it.
        cluster: ``{"local": {...}}``, or ``{"existing": {"address": ...}}``.
        retries: Whether failed steps are tried again.
        config: Limits of tags and the like.
    """

    engine: ClassVar[str]
    """The name of the engine, for people."""

    def __init__(
        self, origin: Any, cluster: Mapping[str, Any], retries: RetryMode, config: Mapping[str, Any] | None = None
    ) -> None:
        self._origin = origin
        self._cluster = cluster
        self._retries = retries
        self._config = config or {}

    @property
    def retries(self) -> RetryMode:
        """Return whether failed steps are tried again."""
        return self._retries

    @property
    def uses_resources_of_run(self) -> bool:
        """Return False: each task opens what its step needs."""
        return False

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Event]:
        """Execute the plan and yield every event in order."""
        if not len(execution_plan):
            return
        job_name = plan_context.run.job_name
        for step in execution_plan.step_dict.values():
            self.check_demands(step)  # wrong ones are told before anything runs
        preparation = msgspec.msgpack.encode(([], encode(describe_run(plan_context, self._origin))))
        with self.connected(execution_plan) as connection:
            yield build.engine_event(job_name, f"Executing steps on {self.engine} at {self.address_of(connection)}")
            hub = Hub(
                Dispatch(plan_context, self._retries, tag_limits_of(self._config)),
                plan_context,
                preparation,
                host=self._config.get("host") or LOOPBACK,
                max_concurrent=self._config.get("max_concurrent"),
                engine_name=self.engine,
                import_path=self.import_path,
            )
            yield from hub.run(self.tasks(connection, hub, plan_context.run.run_id))
        yield build.engine_event(job_name, f"Finished steps on {self.engine}")

    @property
    def import_path(self) -> Sequence[str]:
        """Return the folders that tasks look for modules in, beside those of their own interpreter."""
        return ()

    @abstractmethod
    def check_demands(self, step: Any) -> None:
        """
        See that what a step asks for can be read.

        Raises:
            InvalidDefinitionError: A tag holds something else.
        """

    @abstractmethod
    def connected(self, execution_plan: Any) -> AbstractContextManager[Any]:
        """Give a connection to the cluster, and close it afterwards."""

    @abstractmethod
    def address_of(self, connection: Any) -> str:
        """Return where the cluster is."""

    @abstractmethod
    def tasks(self, connection: Any, hub: Hub, run_id: str) -> Any:
        """Return what submits, cancels and kills the tasks of a run."""


def cluster_executor(
    executor: type[ClusterExecutor],
    *,
    package: str,
    entry: str,
    local: str,
    existing: Mapping[str, Any],
) -> ExecutorDefinition:
    """
    Return the definition of an executor on clusters.

    Args:
        executor: The executor; its engine gives the name.
        package: The package that speaks to the engine, as it is installed.
        entry: A function of it, as ``module:name``, that is there when the package is.
        local: What the config of a cluster on this machine is, for people.
        existing: The config of a cluster that runs elsewhere.
    """
    name = executor.engine.lower()

    def create(init_context: Any) -> ClusterExecutor:
        try:
            function_named(entry)
        except ImportError as error:
            raise UnmetExecutorRequirementsError(
                f"The executor '{name}' needs the package {package}, which is not installed.",
                mend=f"write pip install 'orrery[{name}]'.",
            ) from error
        config = init_context.executor_config or {}
        return executor(init_context.origin, config.get("cluster") or {"local": {}}, retries_of(config), config)

    return ExecutorDefinition(
        name,
        config_schema=Field(
            {
                "cluster": Field(
                    Selector(
                        {
                            "local": Field(Permissive({}), is_required=False, description=local),
                            "existing": Field(dict(existing)),
                        }
                    ),
                    is_required=False,
                    default_value={"local": {}},
                ),
                "host": Field(
                    str,
                    is_required=False,
                    default_value=LOOPBACK,
                    description="Address of this machine that workers reach the run at; loopback if not given.",
                ),
                "max_concurrent": Field(Noneable(int), is_required=False, default_value=None),
                "tag_concurrency_limits": TAG_LIMITS,
                "retries": RETRIES,
            },
            is_required=False,
        ),
        requirements=multiple_process_executor_requirements(),
        executor_creation_fn=create,
        description=f"Execute each step as a task of a {executor.engine} cluster.",
    )
