"""
Calls of ops and graphs: one that is being prepared, and where it is written down.

While a composition goes on (``composition.py``), it takes the calls; outside of one, an op is called as the function it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from orrery.base.errors import InvalidInvocationError, InvariantViolationError
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.verbs import verbs

__all__ = [
    "Composing",
    "PendingNodeInvocation",
    "TakesCalls",
    "current_composition",
]


class TakesCalls(Protocol):
    """What writes calls down: the composition that is going on (``composition.py``)."""

    def add(
        self,
        node_def: Any,
        given_alias: str | None,
        tags: Mapping[str, str] | None,
        hooks: Iterable[HookDefinition],
        retry_policy: RetryPolicy | None,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Write down a call of *node_def* and return handles of its outputs."""
        ...


_current: ContextVar[TakesCalls | None] = ContextVar("orrery_composition", default=None)


def current_composition() -> TakesCalls | None:
    """Return the composition that is going on, if any."""
    return _current.get()


class Composing:
    """Make *composition* current for the length of a ``with`` block."""

    def __init__(self, composition: TakesCalls) -> None:
        self._composition = composition

    def __enter__(self) -> None:
        self._token = _current.set(self._composition)

    def __exit__(self, *_exc: object) -> None:
        _current.reset(self._token)


class PendingNodeInvocation:
    """
    A definition about to be used in a graph, with an alias, tags, hooks or a retry policy.

    Call it inside a composition.
    """

    __slots__ = ("given_alias", "hook_defs", "node_def", "retry_policy", "tags")

    def __init__(
        self,
        node_def: Any,
        given_alias: str | None,
        tags: Mapping[str, str] | None,
        hook_defs: Iterable[HookDefinition] | None,
        retry_policy: RetryPolicy | None,
    ) -> None:
        self.node_def = node_def
        self.given_alias = check_name(given_alias, noun="an alias") if given_alias is not None else None
        self.tags = dict(tags) if tags else {}
        self.hook_defs = frozenset(hook_defs or ())
        self.retry_policy = retry_policy

    @property
    def name(self) -> str:
        """Return the name that the use will have, if nothing else takes it."""
        return self.given_alias or str(self.node_def.name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Use the definition in the graph that is being composed, or call the op directly outside of one."""
        composition = _current.get()
        if composition is None:
            if self.node_def.node_type_str == "op":
                return verbs().invoke_op(self.node_def, args, kwargs)
            raise InvariantViolationError(
                f"Attempted to call {self.describe_node()} outside of a composition function. "
                "Invoking graphs is only valid in a function decorated with @job or @graph.",
                mend="run it by execute_in_process().",
            )
        return composition.add(
            self.node_def, self.given_alias, self.tags, self.hook_defs, self.retry_policy, args, kwargs
        )

    def describe_node(self) -> str:
        """Return the kind and name, for messages."""
        return f"{self.node_def.node_type_str} '{self.name}'"

    def alias(self, name: str) -> PendingNodeInvocation:
        """Return this, to be used under *name*."""
        return PendingNodeInvocation(self.node_def, name, self.tags, self.hook_defs, self.retry_policy)

    def tag(self, tags: Mapping[str, str] | None) -> PendingNodeInvocation:
        """Return this, with *tags* added."""
        return PendingNodeInvocation(
            self.node_def, self.given_alias, {**self.tags, **(tags or {})}, self.hook_defs, self.retry_policy
        )

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> PendingNodeInvocation:
        """Return this, with hooks added."""
        return PendingNodeInvocation(
            self.node_def, self.given_alias, self.tags, self.hook_defs | frozenset(hook_defs), self.retry_policy
        )

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingNodeInvocation:
        """Return this, with a retry policy."""
        return PendingNodeInvocation(self.node_def, self.given_alias, self.tags, self.hook_defs, retry_policy)

    def _graph(self) -> Any:
        if self.node_def.node_type_str != "graph":
            raise InvalidInvocationError(f"{self.describe_node()} is not a graph: only graphs become jobs.")
        return self.node_def

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: Iterable[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        partitions_def: Any = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return a job of the graph, with the alias, tags, hooks and retry policy of this use."""
        return self._graph().to_job(
            name=name or self.given_alias,
            description=description,
            resource_defs=resource_defs,
            config=config,
            tags={**self.tags, **(tags or {})},
            logger_defs=logger_defs,
            executor_def=executor_def,
            hooks=self.hook_defs | frozenset(hooks or ()),
            op_retry_policy=op_retry_policy or self.retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
        )

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the graph in this process, with the tags, hooks and retry policy of this use."""
        return self.to_job(resource_defs=resources).execute_in_process(
            run_config=run_config,
            instance=instance,
            raise_on_error=raise_on_error,
            run_id=run_id,
            input_values=input_values,
        )
