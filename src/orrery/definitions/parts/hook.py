"""Hooks: functions that are told how a step ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.naming import check_name
from orrery.definitions.verbs import verbs

__all__ = ["HookDefinition", "check_hooks"]


class HookDefinition:
    """
    A function that is called after a step, with what happened.

    Made by :func:`success_hook` and :func:`failure_hook` as a rule.

    Args:
        name: Name of the hook.
        hook_fn: ``(context, events) -> HookExecutionResult``.
        required_resource_keys: Resources that the hook uses.
        decorated_fn: The user's function behind *hook_fn*, for direct calls.
    """

    __slots__ = ("decorated_fn", "hook_fn", "name", "required_resource_keys")

    def __init__(
        self,
        *,
        name: str,
        hook_fn: Callable[..., Any],
        required_resource_keys: Iterable[str] | None = None,
        decorated_fn: Callable[..., Any] | None = None,
    ) -> None:
        self.name = check_name(name, noun="a hook")
        self.hook_fn = hook_fn
        self.required_resource_keys = frozenset(required_resource_keys or ())
        self.decorated_fn = decorated_fn

    def get_resource_requirements(self, attached_to: str | None = None) -> list[str]:
        """Return the resources that the hook uses."""
        return sorted(self.required_resource_keys)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """
        Attach the hook to a graph or job (as a decorator), or call its function with a context.

        Raises:
            InvalidInvocationError: Neither a definition nor a hook context was given.
        """
        if len(args) == 1 and not kwargs and hasattr(args[0], "with_hooks"):
            return args[0].with_hooks({self})
        return verbs().invoke_hook(self, args, kwargs)

    def __hash__(self) -> int:
        return hash((self.name, id(self.hook_fn)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HookDefinition) and self.name == other.name and self.hook_fn is other.hook_fn

    def __repr__(self) -> str:
        return f"HookDefinition({self.name!r})"


def check_hooks(hooks: Any, owner: str) -> frozenset[HookDefinition]:
    """
    Return *hooks* as a set.

    Raises:
        InvalidDefinitionError: Something in it is no hook.
    """
    if not hooks:
        return frozenset()
    for each in hooks:
        if not isinstance(each, HookDefinition):
            raise InvalidDefinitionError(
                f"hooks of {owner} must be hook definitions, not {each!r}.",
                mend="decorate the function with @success_hook or @failure_hook.",
            )
    return frozenset(hooks)
