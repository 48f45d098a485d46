"""
Execution on Dask: each step is a task of a cluster, one on this machine or one that runs elsewhere.

Dask decides where; the run hands each attempt out once (``runtime/remote/hub``).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import msgspec

from orrery.adapters.executors.cluster import LOOPBACK, TASK, ClusterExecutor, cluster_executor
from orrery.adapters.executors.demands import amounts_in
from orrery.adapters.executors.warden import warden_of_run
from orrery.model.config.schema import Field
from orrery.plan.active import priority_in
from orrery.plan.commands import LaunchStep
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.handshake import Errand
from orrery.runtime.remote.hub import Hub

__all__ = ["DaskExecutor", "dask_executor"]

_OTHER_TAGS = ("dagster-dask/resource_requirements",)


class DaskExecutor(ClusterExecutor):
    """
    Execute steps as tasks of a Dask cluster.

    ``{"local": {...}}`` holds arguments of ``LocalCluster``.
    """

    engine = "Dask"

    def check_demands(self, step: Any) -> None:
        """See that what a step asks for can be read."""
        amounts_in(step.tags, step.key, _OTHER_TAGS)

    @contextmanager
    def connected(self, execution_plan: Any) -> Iterator[Any]:
        """Give a client of the cluster."""
        distributed: Any = importlib.import_module("distributed")  # 400 ms, and without types
        existing = self._cluster.get("existing")
        if existing is not None:
            with distributed.Client(existing["address"], set_as_default=False) as client:
                yield client
            return
        given = {
            "threads_per_worker": 1,
            "host": LOOPBACK,
            "dashboard_address": None,
            **(self._cluster.get("local") or {}),
        }
        with ExitStack() as stack:
            warden = stack.enter_context(warden_of_run())
            with warden.marking() if warden is not None else nullcontext():
                cluster = stack.enter_context(distributed.LocalCluster(**given))
            yield stack.enter_context(distributed.Client(cluster, set_as_default=False))

    def address_of(self, connection: Any) -> str:
        """Return where the scheduler is."""
        return str(connection.scheduler.address)

    def tasks(self, connection: Any, hub: Hub, run_id: str) -> Any:
        """Return what submits and cancels the tasks of a run."""
        return _Tasks(connection, hub, run_id)


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
        self._function = function_named(TASK)

    def submit(self, launch: LaunchStep, errand: Errand) -> None:
        """Submit the task of a step."""
        step = launch.step
        future = self._client.submit(
            self._function,
            msgspec.msgpack.encode(errand),
            key=f"{step.key}-{launch.turn}-{self._run_id}",
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
            self._hub.task_failed(errand.key, errand.turn, error)


dask_executor = cluster_executor(
    DaskExecutor,
    package="distributed",
    entry="distributed:Client",
    local="Arguments of LocalCluster.",
    existing={"address": Field(str, description="Address of the scheduler.")},
)
"""Execute each step as a task of a Dask cluster; config ``cluster: {local: {}}`` or ``{existing: {address: ...}}``."""
