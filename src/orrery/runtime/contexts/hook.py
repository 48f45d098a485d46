"""What a hook is told: the step that ended, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NoReturn, Self

from orrery.base.errors import InvalidPropertyError, InvariantViolationError
from orrery.definitions.graphs.calls import PendingNodeInvocation
from orrery.runtime.contexts.init_resource import Later, ScopedResources

__all__ = ["HookContext", "UnboundHookContext"]


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


class UnboundHookContext(HookContext):
    """
    A context for calling a hook in a test; made by ``build_hook_context``.

    Args:
        resources: The given resources, open.
        close: Closes them.
        must_close: Whether one of them must be closed.
        op: The op whose end is pretended.
        run_id: The id of the run that is pretended.
        job_name: The name of its job.
        op_exception: What the op raised.
        instance: The instance to show, or a :class:`Later` that makes it.
        log: Where to log.
        hook_def: The hook that is called, once one is.
    """

    __slots__ = (
        "_closers",
        "_exception",
        "_instance",
        "_is_entered",
        "_job_name",
        "_log",
        "_must_close",
        "_op",
        "_run_id",
    )

    def __init__(
        self,
        resources: ScopedResources,
        *,
        close: Callable[[], None],
        must_close: bool,
        op: Any = None,
        run_id: str | None = None,
        job_name: str | None = None,
        op_exception: BaseException | None = None,
        instance: Any = None,
        log: Any = None,
        hook_def: Any = None,
    ) -> None:
        super().__init__(None, hook_def)
        self._resources = resources
        self._closers = [close]
        self._must_close = must_close
        self._is_entered = False
        self._op = op.node_def if isinstance(op, PendingNodeInvocation) else op
        self._run_id = run_id
        self._job_name = job_name
        self._exception = op_exception
        self._instance = instance
        self._log = log

    def bound_to(self, hook_def: Any) -> UnboundHookContext:
        """Return the context as the call of *hook_def* sees it."""
        made = UnboundHookContext(
            self.resources if hook_def.required_resource_keys else ScopedResources({}),
            close=_nothing,
            must_close=False,
            op=self._op,
            run_id=self._run_id,
            job_name=self._job_name,
            op_exception=self._exception,
            instance=self._instance,
            log=self._log,
            hook_def=hook_def,
        )
        return made

    def __enter__(self) -> Self:
        self._is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the given resources; a second call does nothing."""
        while self._closers:
            self._closers.pop()()

    def __del__(self) -> None:
        if getattr(self, "_closers", None):
            self.close()

    def _given(self, name: str, value: Any) -> Any:
        if value is None:
            raise InvalidPropertyError(
                f"Attribute '{name}' was not provided when constructing context.",
                mend=f"give {name}= to build_hook_context.",
            )
        return value

    def _refuse(self, name: str) -> NoReturn:
        raise InvalidPropertyError(
            f"The {name} property is not set when a `HookContext` is constructed from `build_hook_context`.",
            mend="run a job with the hook to see it.",
        )

    @property
    def hook_def(self) -> Any:
        """Return the hook that is called."""
        if self._hook_def is None:
            self._refuse("hook_def")
        return self._hook_def

    @property
    def job_name(self) -> str:
        """Return the given name of the job."""
        return self._given("job_name", self._job_name)  # type: ignore[no-any-return]

    @property
    def run_id(self) -> str:
        """Return the given id of the run."""
        return self._given("run_id", self._run_id)  # type: ignore[no-any-return]

    @property
    def op(self) -> Any:
        """Return the given op."""
        return self._given("op", self._op)

    @property
    def step_key(self) -> str:
        """Refuse: no step ended."""
        self._refuse("step_key")

    @property
    def op_config(self) -> Any:
        """Refuse: no step ended."""
        self._refuse("op_config")

    @property
    def instance(self) -> Any:
        """Return the given instance."""
        if self._instance is None:
            raise InvariantViolationError(
                "Tried to access the HookContext instance, but no instance was provided to `build_hook_context`.",
                mend="give instance= to build_hook_context.",
            )
        return self._instance.get() if type(self._instance) is Later else self._instance

    @property
    def log(self) -> Any:
        """Return where to log."""
        return self._log

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Return the resources that the hook declares."""
        return self.hook_def.required_resource_keys  # type: ignore[no-any-return]

    @property
    def resources(self) -> Any:
        """Return the given resources, as attributes; inside ``with`` if one of them must be closed."""
        if self._must_close and not self._is_entered:
            raise InvariantViolationError(
                "At least one provided resource is a generator, but attempting to access resources outside of context "
                "manager scope.",
                mend="write 'with build_hook_context(...) as context:'.",
            )
        return self._resources

    @property
    def op_exception(self) -> BaseException | None:
        """Return the given exception, or None."""
        return self._exception

    @property
    def op_output_values(self) -> Mapping[str, Any]:
        """Refuse: no step ended."""
        self._refuse("op_output_values")

    @property
    def op_output_metadata(self) -> Mapping[str, Any]:
        """Refuse: no step ended."""
        self._refuse("op_output_metadata")


def _nothing() -> None:
    """Close nothing: the resources belong to another context."""
