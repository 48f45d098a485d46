"""
Who needs which resource, and what to say when nobody provides it.

Pure and told at once, before anything runs: :func:`check_provided` names the resource, who needs it,
and the nearest key that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.base.toposort import order_indices
from orrery.definitions.graphs.node import NodeDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.resource import NO_CONSTANT

__all__ = [
    "DEFAULT_KEYS",
    "ResourceNeed",
    "check_managers",
    "check_provided",
    "is_plain_value",
    "refuse_circles",
    "requirements_of_node",
    "requirements_of_resources",
]

DEFAULT_KEYS = frozenset({"io_manager"})
"""Keys that a run always provides: where nobody names an IO manager, the instance has one."""


class ResourceNeed(NamedTuple):
    """
    One need of a resource.

    Attributes:
        key: The resource.
        noun: What it is used as ("resource", "io manager", "input manager").
        needed_by: Who needs it, for messages.
    """

    key: str
    noun: str
    needed_by: str


def requirements_of_node(definition: NodeDefinition) -> Iterator[ResourceNeed]:
    """Iterate what the ops in *definition*, and the hooks of their uses, need, at any depth."""
    for op_def in definition.iterate_op_defs():
        for key in sorted(op_def.required_resource_keys):
            yield ResourceNeed(key, "resource", f"op '{op_def.name}'")
        for name, given in op_def.input_dict.items():
            if given.input_manager_key:
                yield ResourceNeed(given.input_manager_key, "input manager", f"input '{name}' of op '{op_def.name}'")
        for name, made in op_def.output_dict.items():
            if not made.dagster_type.is_nothing:
                yield ResourceNeed(made.io_manager_key, "io manager", f"output '{name}' of op '{op_def.name}'")
    if isinstance(definition, GraphStructure):
        for hook, node in definition.iterate_hooks():
            for key in sorted(hook.required_resource_keys):
                yield ResourceNeed(key, "resource", f"hook '{hook.name}' attached to op '{node.name}'")


def refuse_circles(resources: Mapping[str, Any]) -> None:
    """
    Refuse resources that need each other in a circle.

    Raises:
        CyclicDependencyError: The members are named.
    """
    if any(definition.required_resource_keys for definition in resources.values()):
        names = list(resources)
        number = {name: index for index, name in enumerate(names)}
        order_indices(
            [
                sorted(number[key] for key in definition.required_resource_keys if key in number)
                for definition in resources.values()
            ],
            name_of=names.__getitem__,
            noun="resource",
        )


def requirements_of_resources(resources: Mapping[str, Any]) -> Iterator[ResourceNeed]:
    """Iterate what resources need of one another."""
    for name, definition in resources.items():
        for key in sorted(definition.required_resource_keys):
            yield ResourceNeed(key, "resource", f"resource with key '{name}'")


_METHODS = {"io manager": "handle_output", "input manager": "load_input"}


def is_plain_value(definition: Any) -> bool:
    """Tell whether a resource is a value, known by now, and no IO manager."""
    return definition.constant is not NO_CONSTANT and not hasattr(definition.constant, "handle_output")


def check_managers(needs: Iterable[ResourceNeed], resources: Mapping[str, Any]) -> None:
    """
    Refuse values that are given as IO managers and are none; what a resource will make is seen when it is opened.

    Raises:
        InvalidDefinitionError: Names the first such resource, and who needs it.
    """
    for need in needs:
        method, definition = _METHODS.get(need.noun), resources.get(need.key)
        if method is None or definition is None or definition.constant is NO_CONSTANT:
            continue
        if not callable(getattr(definition.constant, method, None)):
            raise InvalidDefinitionError(
                f"The resource '{need.key}' ({type(definition.constant).__name__}) is the {need.noun} of {need.needed_by}, but "
                f"has no method {method}.",
                mend=f"give an IO manager as resources={{'{need.key}': ...}}, or name another key.",
            )


def check_provided(needs: Iterable[ResourceNeed], provided: Iterable[str]) -> None:
    """
    Refuse needs that nothing provides.

    Raises:
        InvalidDefinitionError: Names the first such resource, and who needs it.
    """
    keys = {*provided, *DEFAULT_KEYS}
    for need in needs:
        if need.key not in keys:
            raise InvalidDefinitionError(
                f"{need.noun} with key '{need.key}' required by {need.needed_by} was not provided.",
                mend=f"provide it: resources={{'{need.key}': ...}}. Or "
                + nearest_hint(need.key, keys, noun="resource"),
            )
