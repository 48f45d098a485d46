"""
What type checks and type loaders may ask while they work: the log, resources, the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orrery.definitions.parts.orrery_type import OrreryType
from orrery.runtime.contexts.init_resource import ScopedResources
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = ["StepTypeCheckContext", "TypeCheckContext", "TypeLoaderContext"]


class TypeCheckContext:
    """
    What the function of a type check may ask: log, resources, id of the run.

    Args:
        run_id: Id of the run.
        log_manager: Where lines go.
        scoped_resources_builder: The resources of the run, opened: an object with ``scoped(keys)``; or the resources
            themselves, as attributes.
        dagster_type: The type that is checked.
    """

    __slots__ = ("_dagster_type", "_log", "_resources", "_run_id")

    def __init__(self, run_id: str, log_manager: Any, scoped_resources_builder: Any, dagster_type: OrreryType) -> None:
        self._run_id = run_id
        self._log = log_manager
        self._resources = scoped_resources_builder
        self._dagster_type = dagster_type

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._run_id

    @property
    def log(self) -> Any:
        """Return the logger of the step."""
        return self._log

    @property
    def resources(self) -> Any:
        """Return the resources that the type declares, as attributes."""
        if isinstance(self._resources, ScopedResources):
            return self._resources
        return self._resources.scoped(self._dagster_type.required_resource_keys)


class StepTypeCheckContext(TypeCheckContext):
    """The context of a check in a run: works out what it is asked for, so that checks that ask nothing cost nothing."""

    __slots__ = ("_step_context",)

    def __init__(self, context: StepExecutionContext, expected: OrreryType) -> None:
        self._step_context = context
        self._dagster_type = expected

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._step_context.run_id

    @property
    def log(self) -> Any:
        """Return the logger of the step."""
        return self._step_context.log

    @property
    def resources(self) -> Any:
        """Return the resources that the type declares, as attributes."""
        return self._step_context.plan_context.opened.scoped(self._dagster_type.required_resource_keys)


class TypeLoaderContext(StepExecutionContext):
    """
    What a type loader may ask: the step that takes the value, and the resources that the loader declares.

    Args:
        context: The step.
        dagster_type: The type whose loader it is.
    """

    __slots__ = ("_type",)

    def __init__(self, context: StepExecutionContext, dagster_type: OrreryType) -> None:
        super().__init__(context.plan_context, context.step, context.previous_attempt_count)
        self._type = dagster_type

    @property
    def resources(self) -> ScopedResources:
        """Return the resources that the loader declares, as attributes."""
        if self._resources is None:
            loader = self._type.loader
            keys = loader.required_resource_keys() if loader is not None else ()
            self._resources = self.plan_context.opened.scoped(keys)
        return self._resources

    def read_bytes(self, path: str) -> bytes:
        """Return what the file *path* holds, which config named: ``{"json": {"path": ...}}``."""
        return Path(path).read_bytes()
