"""The function of a schedule or sensor: which parameter is the context, which are resources."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.signature import resolve_annotation
from orrery.model.config.marker import is_resource_param_annotation

__all__ = ["InstigatorFunction"]


class InstigatorFunction:
    """
    A function of the user, as a tick calls it.

    Attributes:
        fn: The function.
        name: Its name.
        context_name: The parameter that takes the context; None if it takes none.
        event_name: The parameter that takes what happened, where *takes_event*.
        resource_names: Parameters that take resources; each is the key, too.
    """

    __slots__ = ("context_name", "event_name", "fn", "name", "resource_names")

    def __init__(self, fn: Callable[..., Any], *, takes_event: bool = False, noun: str = "sensor") -> None:
        self.fn = fn
        self.name = getattr(fn, "__name__", type(fn).__name__)
        try:
            parameters = list(inspect.signature(fn).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        annotations = {each.name: resolve_annotation(fn, each.annotation) for each in parameters}
        self.resource_names = tuple(name for name, kind in annotations.items() if is_resource_param_annotation(kind))
        others = [
            each
            for each in parameters
            if each.name not in self.resource_names and each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        ]
        self.event_name = None
        if takes_event and others:
            self.event_name = others.pop(1 if len(others) > 1 else 0).name
        self.context_name = others[0].name if others else None
        if len(others) > 1 and others[1].default is inspect.Parameter.empty:
            raise InvalidDefinitionError(
                f"The function '{self.name}' of a {noun} has the parameter '{others[1].name}' beside its context, which "
                "nothing gives.",
                mend="annotate it with a resource class or ResourceParam[...], or take it away.",
            )
