"""
Execution on Dask: each step is a task of a cluster, one on this machine or one that runs elsewhere.

Dask decides where; the run hands each attempt out once (``runtime/remote/hub``).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import msgspec

from orrery.adapters.executors.demands import amounts_in
from orrery.adapters.executors.schemas import RETRIES, TAG_LIMITS, retries_of, tag_limits_of
from orrery.base.errors import UnmetExecutorRequirementsError
from orrery.definitions.parts.executor import ExecutorDefinition, multiple_process_executor_requirements
from orrery.model.config.schema import Field, Noneable, Permissive, Selector
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.plan.active import priority_in
from orrery.plan.commands import LaunchStep
from orrery.runtime.engine.executor import Executor, RetryMode
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.dispatch import Dispatch
from orrery.runtime.remote.hub import Errand, Hub
from orrery.runtime.remote.messages import describe_run, encode

__all__ = ["DaskExecutor", "dask_executor"]

_OTHER_TAGS = ("dagster-dask/resource_requirements",)
_TASK = "orrery.workers.tasks:carry_out"
_LOOPBACK = "127.0.0.1"


class DaskExecutor(Executor):
    """
    Execute steps as tasks of a Dask cluster.

    Args:
        origin: Where the job comes from; the engine finds it.
        cluster: ``{"local": {...}}`` with arguments of ``LocalCluster``, or ``{"existing": {"address": ...}}``.
        retries: Whether failed steps are tried again.
        config: Limits of tags and the like.
    """

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
            amounts_in(step.tags, step.key, _OTHER_TAGS)  # wrong ones are told before anything runs
        preparation = msgspec.msgpack.encode(([], encode(describe_run(plan_context, self._origin))))
        with ExitStack() as stack:
            client = self._client(stack)
            yield build.engine_event(job_name, f"Executing steps on Dask at {client.scheduler.address}")
            hub = Hub(
                Dispatch(plan_context, self._retries, tag_limits_of(self._config)),
                plan_context,
                preparation,
                host=self._config.get("host") or _LOOPBACK,
                max_concurrent=self._config.get("max_concurrent"),
                engine_name="Dask",
            )
            yield from hub.run(_Tasks(client, hub, plan_context.run.run_id))
        yield build.engine_event(job_name, "Finished steps on Dask")

    def _client(self, stack: ExitStack) -> Any:
        distributed: Any = importlib.import_module("distributed")  # 400 ms, and without types

        existing = self._cluster.get("existing")
        if existing is not None:
            return stack.enter_context(distributed.Client(existing["address"], set_as_default=False))
        given = {
            "threads_per_worker": 1,
            "host": _LOOPBACK,
            "dashboard_address": None,
            **(self._cluster.get("local") or {}),
        }
        cluster = stack.enter_context(distributed.LocalCluster(**given))
        return stack.enter_context(distributed.Client(cluster, set_as_default=False))


class _Tasks:
    """
    The tasks of one run.

    Args:
        client: The client of the cluster.
        hub: The run's end.
        run_id: The run, for the keys of tasks.
    """

    def __init__(self, client: Any, hub: Hub, run_id: str) -> None:
        self._client = client
        self._hub = hub
        self._run_id = run_id
        self._futures: dict[str, Any] = {}
        self._function = function_named(_TASK)

    def submit(self, launch: LaunchStep, errand: Errand) -> None:
        """Submit the task of a step."""
        step = launch.step
        future = self._client.submit(
            self._function,
            msgspec.msgpack.encode(errand),
            key=f"{step.key}-{launch.attempt}-{self._run_id}",
            priority=priority_in(step.tags) or 0,
            resources=amounts_in(step.tags, step.key, _OTHER_TAGS),
            retries=0,
            pure=False,
        )
        self._futures[step.key] = future
        future.add_done_callback(lambda done: self._done(errand, done))

    def cancel(self, key: str) -> None:
        """Forget the task of a step."""
        future = self._futures.pop(key, None)
        if future is not None:
            future.cancel()

    def kill(self, key: str) -> None:
        """Forget the task of a step; its thread goes on until the function returns."""
        self.cancel(key)

    def _done(self, errand: Errand, future: Any) -> None:
        if future.status != "finished":
            error = future.exception() if future.status == "error" else None
            self._hub.task_failed(errand.key, errand.attempt, error)


def _create(init_context: Any) -> DaskExecutor:
    try:
        function_named("distributed:Client")
    except ImportError as error:
        raise UnmetExecutorRequirementsError(
            "The executor 'dask' needs the package distributed, which is not installed.",
            mend="write pip install 'orrery[dask]'.",
        ) from error
    config = init_context.executor_config or {}
    return DaskExecutor(init_context.origin, config.get("cluster") or {"local": {}}, retries_of(config), config)


dask_executor = ExecutorDefinition(
    "dask",
    config_schema=Field(
        {
            "cluster": Field(
                Selector(
                    {
                        "local": Field(Permissive({}), is_required=False, description="Arguments of LocalCluster."),
                        "existing": Field({"address": Field(str, description="Address of the scheduler.")}),
                    }
                ),
                is_required=False,
                default_value={"local": {}},
            ),
            "host": Field(
                str,
                is_required=False,
                default_value=_LOOPBACK,
                description="Address of this machine that workers reach the run at; loopback if not given.",
            ),
            "max_concurrent": Field(Noneable(int), is_required=False, default_value=None),
            "tag_concurrency_limits": TAG_LIMITS,
            "retries": RETRIES,
        },
        is_required=False,
    ),
    requirements=multiple_process_executor_requirements(),
    executor_creation_fn=_create,
    description="Execute each step as a task of a Dask cluster.",
)
"""Execute each step as a task of a Dask cluster; config ``cluster: {local: {}}`` or ``{existing: {address: ...}}``."""
