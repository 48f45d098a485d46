"""``@success_hook`` and ``@failure_hook``: a function is called when a step ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.definitions.parts.hook import HookDefinition
from orrery.model.events.user import HookExecutionResult

__all__ = ["event_list_hook", "failure_hook", "success_hook"]


def _hook(
    fn: Callable[..., Any],
    name: str | None,
    required_resource_keys: AbstractSet[str] | None,
    wanted: Callable[[Any], bool],
) -> HookDefinition:
    hook_name = name or fn.__name__

    def run(context: Any, events: Iterable[Any]) -> HookExecutionResult:
        for event in events:
            if wanted(event):
                fn(context)
                return HookExecutionResult(hook_name=hook_name, is_skipped=False)
        return HookExecutionResult(hook_name=hook_name, is_skipped=True)

    return HookDefinition(name=hook_name, hook_fn=run, required_resource_keys=required_resource_keys, decorated_fn=fn)


@overload
def success_hook(hook_fn: Callable[..., Any]) -> HookDefinition: ...


@overload
def success_hook(
    hook_fn: None = None, *, name: str | None = None, required_resource_keys: AbstractSet[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def success_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
) -> Any:
    """
    Make a hook of the decorated function ``(HookContext)``, called when a step succeeds.

    Args:
        hook_fn: The function.
        name: Name of the hook; that of the function if not given.
        required_resource_keys: Resources that the function takes from its context.
    """

    def decorate(fn: Callable[..., Any]) -> HookDefinition:
        return _hook(fn, name, required_resource_keys, lambda event: event.is_step_success)

    return decorate(hook_fn) if hook_fn is not None else decorate


@overload
def failure_hook(name: Callable[..., Any]) -> HookDefinition: ...


@overload
def failure_hook(
    name: str | None = None, required_resource_keys: AbstractSet[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def failure_hook(
    name: str | Callable[..., Any] | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
) -> Any:
    """
    Make a hook of the decorated function ``(HookContext)``, called when a step fails.

    Args:
        name: Name of the hook; that of the function if not given. The function itself, when used without parentheses.
        required_resource_keys: Resources that the function takes from its context.
    """
    given = None if callable(name) else name

    def decorate(fn: Callable[..., Any]) -> HookDefinition:
        return _hook(fn, given, required_resource_keys, lambda event: event.is_step_failure)

    return decorate(name) if callable(name) else decorate


@overload
def event_list_hook(hook_fn: Callable[..., Any]) -> HookDefinition: ...


@overload
def event_list_hook(
    hook_fn: None = None, *, name: str | None = None, required_resource_keys: AbstractSet[str] | None = None
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def event_list_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
) -> Any:
    """
    Make a hook of the decorated function ``(HookContext, events) -> HookExecutionResult``.

    It is called after every step, with all events of the step.
    """

    def decorate(fn: Callable[..., Any]) -> HookDefinition:
        return HookDefinition(
            name=name or fn.__name__, hook_fn=fn, required_resource_keys=required_resource_keys, decorated_fn=fn
        )

    return decorate(hook_fn) if hook_fn is not None else decorate
