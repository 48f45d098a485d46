"""
Execution on Ray: each step is a task of a cluster, one on this machine or one that runs elsewhere.

Ray decides where; the run hands each attempt out once (``runtime/remote/hub``). Ray itself tries nothing again.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import msgspec

from orrery.adapters.executors.cluster import TASK, ClusterExecutor, cluster_executor
from orrery.adapters.executors.demands import amount, demands_in
from orrery.adapters.executors.warden import warden_of_run
from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, UnmetExecutorRequirementsError
from orrery.model.config.schema import Field, Permissive
from orrery.plan.commands import LaunchStep
from orrery.runtime.processes.messages import function_named
from orrery.runtime.remote.handshake import Errand
from orrery.runtime.remote.hub import Hub

__all__ = ["RayExecutor", "ray_executor"]

_OTHER_TAGS = ("dagster-ray/config",)
_NAMED = {"num_cpus": "num_cpus", "CPU": "num_cpus", "num_gpus": "num_gpus", "GPU": "num_gpus", "memory": "memory"}
_COUNTED = {"num_cpus": "CPU", "num_gpus": "GPU", "memory": "memory"}
_STORE_BYTES = 80 * 1024 * 1024  # the least that Ray takes: no value of ours goes through it
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RayExecutor(ClusterExecutor):
    """
    Execute steps as tasks of a Ray cluster.

    ``{"local": {...}}`` holds arguments of ``ray.init``. Tasks on this machine import what the run can import.
    """

    engine = "Ray"

    @property
    def import_path(self) -> Sequence[str]:
        """Return the path of this process for a cluster that it starts itself."""
        return () if "existing" in self._cluster else sys.path

    def check_demands(self, step: Any) -> None:
        """See that what a step asks for can be read."""
        options_of(step.tags, step.key)

    @contextmanager
    def connected(self, execution_plan: Any) -> Iterator[Any]:
        """Give the module of Ray, connected to the cluster."""
        with _connected(self._cluster) as ray:
            if "existing" not in self._cluster:  # one that runs elsewhere may grow
                _check_room(execution_plan, ray.cluster_resources())
            yield ray

    def address_of(self, connection: Any) -> str:
        """Return where the cluster is."""
        return str(connection.get_runtime_context().gcs_address)

    def tasks(self, connection: Any, hub: Hub, run_id: str) -> Any:
        """Return what submits, cancels and kills the tasks of a run."""
        return _Tasks(connection, hub)


def _check_room(execution_plan: Any, has: Mapping[str, float]) -> None:
    """
    See that each step can be carried out, for Ray waits for ever for what never comes.

    Raises:
        UnmetExecutorRequirementsError: A step asks for more than the cluster has.
    """
    for step in execution_plan.step_dict.values():
        options = options_of(step.tags, step.key)
        wanted = {_COUNTED[name]: value for name, value in options.items() if name in _COUNTED}
        for name, value in {**wanted, **options.get("resources", {})}.items():
            if value > has.get(name, 0.0):
                raise UnmetExecutorRequirementsError(
                    f"Step '{step.key}' asks for {value:g} of '{name}', and the Ray cluster of this run has "
                    f"{has.get(name, 0.0):g}.",
                    mend="give the cluster more (cluster: {local: {resources: ...}}), or let the step ask for less.",
                )


@contextmanager
def _connected(cluster: Mapping[str, Any]) -> Iterator[Any]:
    """
    Give the module of Ray, connected to the cluster; what this process was connected to before stays so.

    Raises:
        InvalidInvocationError: This process is connected to another cluster.
    """
    ray: Any = importlib.import_module("ray")  # 400 ms, and without types
    existing = cluster.get("existing")
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if existing is not None and "//" not in existing["address"] and existing["address"] not in (here, "auto"):
            raise InvalidInvocationError(
                f"This process is connected to Ray at {here}, and the executor is to use {existing['address']}.",
                mend="call ray.shutdown() before the run, or give the same address.",
            )
        yield ray
        return
    if existing is not None:
        given = {"address": existing["address"], "runtime_env": existing.get("runtime_env")}
    else:
        given = {
            "address": "local",
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            **(cluster.get("local") or {}),
        }
    with warden_of_run() if existing is None else nullcontext() as warden:
        try:
            with _signals_kept(), warden.marking() if warden is not None else nullcontext():
                ray.init(log_to_driver=False, **{"configure_logging": False, **given})
            yield ray
        finally:
            with _signals_kept():
                ray.shutdown()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put the handlers of signals back that Ray replaces: what a signal does to a run is the run's to say."""
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                if signal.getsignal(number) is not handler:
                    signal.signal(number, handler)


class _Tasks:
    """
    The tasks of one run.

    Args:
        ray: The module, connected.
        hub: The run's end.
    """

    def __init__(self, ray: Any, hub: Hub) -> None:
        self._ray = ray
        self._hub = hub
        self._refs: dict[str, Any] = {}
        self._function = ray.remote(max_retries=0)(function_named(TASK))

    def submit(self, launch: LaunchStep, errand: Errand) -> None:
        """Submit the task of a step."""
        step = launch.step
        function = self._function.options(name=step.key, **options_of(step.tags, step.key))
        ref = self._refs[step.key] = function.remote(msgspec.msgpack.encode(errand))
        ref.future().add_done_callback(lambda done: self._done(errand, done))

    def cancel(self, key: str) -> None:
        """Forget the task of a step."""
        ref = self._refs.pop(key, None)
        if ref is not None:
            self._ray.cancel(ref)

    def kill(self, key: str) -> None:
        """End the worker of a step."""
        ref = self._refs.pop(key, None)
        if ref is not None:
            self._ray.cancel(ref, force=True)

    def _done(self, errand: Errand, future: Any) -> None:
        error = future.exception()
        if error is not None:
            self._hub.task_failed(errand.key, errand.turn, error)


def options_of(tags: Mapping[str, str], step_key: str) -> dict[str, Any]:
    """
    Return the options of the task of a step, as its tags say: processors, memory and other resources.

    Raises:
        InvalidDefinitionError: The tag holds no JSON object of amounts.
    """
    given = demands_in(tags, step_key, _OTHER_TAGS) or {}
    options: dict[str, Any] = {}
    own: dict[str, float] = {}
    for name, value in given.items():
        if name in _NAMED:
            options[_NAMED[name]] = amount(value, name, step_key)
        elif name == "resources" and isinstance(value, Mapping):
            own.update({str(key): amount(each, key, step_key) for key, each in value.items()})
        elif name == "runtime_env" and isinstance(value, Mapping):
            options["runtime_env"] = dict(value)
        else:
            own[name] = amount(value, name, step_key)
    for name, wanted in {**options, **own}.items():
        if isinstance(wanted, float) and wanted > 1 and wanted != int(wanted):
            raise InvalidDefinitionError(
                f"Step '{step_key}' asks for {wanted:g} of '{name}'; Ray gives parts of one, or whole numbers.",
                mend="round it up.",
            )
    if own:
        options["resources"] = own
    return options


ray_executor = cluster_executor(
    RayExecutor,
    package="ray",
    entry="ray:init",
    local="Arguments of ray.init.",
    existing={
        "address": Field(str, description="Address of the cluster, or auto."),
        "runtime_env": Field(
            Permissive({}),
            is_required=False,
            description="What Ray puts in place for tasks: folders with code, packages, variables.",
        ),
    },
)
"""Execute each step as a task of a Ray cluster; config ``cluster: {local: {}}`` or ``{existing: {address: ...}}``."""
