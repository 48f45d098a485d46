"""What a hook is told: the step that ended, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.base.errors import InvalidPropertyError

__all__ = ["HookContext"]


class HookContext:
    """
    What the function of a hook may ask: the step, its outputs or its exception, resources, log.

    Args:
        step_execution_context: The context of the step that ended.
        hook_def: The hook.
    """

    __slots__ = ("_hook_def", "_resources", "_step")

    def __init__(self, step_execution_context: Any, hook_def: Any) -> None:
        self._step = step_execution_context
        self._hook_def = hook_def
        self._resources: Any = None

    @property
    def hook_def(self) -> Any:
        """Return the hook."""
        return self._hook_def

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        return self._step.job_name  # type: ignore[no-any-return]

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._step.run_id  # type: ignore[no-any-return]

    @property
    def op(self) -> Any:
        """Return the op that ended, as a node of the job."""
        return self._step.op

    @property
    def step_key(self) -> str:
        """Return the key of the step that ended."""
        return self._step.step.key  # type: ignore[no-any-return]

    @property
    def op_config(self) -> Any:
        """Return the config of the op."""
        return self._step.op_config

    @property
    def instance(self) -> Any:
        """Return the instance of the run."""
        return self._step.instance

    @property
    def log(self) -> Any:
        """Return the logger of the step."""
        return self._step.log

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the hook declares."""
        return self._hook_def.required_resource_keys  # type: ignore[no-any-return]

    @property
    def resources(self) -> Any:
        """Return the resources that the hook declares, as attributes."""
        if self._resources is None:
            self._resources = self._step.plan_context.opened.scoped(self._hook_def.required_resource_keys)
        return self._resources

    @property
    def op_exception(self) -> BaseException | None:
        """Return what the op raised, or None."""
        error: BaseException | None = self._step.step_exception
        user: BaseException | None = getattr(error, "user_exception", None)
        return user if user is not None else error

    @property
    def op_output_values(self) -> Mapping[str, Any]:
        """Return the values that the op gave, by output; those of a dynamic output by mapping key."""
        captured = self._step.step_output_capture
        if captured is None:
            raise InvalidPropertyError("The outputs of this step were not kept for hooks.")
        found: dict[str, Any] = {}
        for (name, mapping_key), value in captured.items():
            if mapping_key is None:
                found[name] = value
            else:
                found.setdefault(name, {})[mapping_key] = value
        return found

    @property
    def op_output_metadata(self) -> Mapping[str, Any]:
        """Return the metadata that the op gave with its values, by output."""
        found: dict[str, Any] = {}
        for (step_key, name, mapping_key), value in self._step.plan_context.output_metadata.items():
            if step_key != self._step.step.key:
                continue
            if mapping_key is None:
                found[name] = value
            else:
                found.setdefault(name, {})[mapping_key] = value
        return found
