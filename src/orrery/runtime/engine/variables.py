"""
Environment variables that resources read, looked at before anything runs.

A resource refers to a variable by name, and reads it when it is set up. A run that would miss one is refused before it
is recorded; all that are missing are told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orrery.definitions.parts.resource import NO_CONSTANT, ResourceDefinition
from orrery.model.config.configured import NOTHING_GIVEN, resolve_entry
from orrery.model.config.problems import Path, Problem, Walk, raise_if_problems
from orrery.runtime.engine.resources import order_of_resources

__all__ = ["problems_of_variables", "refuse_missing_variables"]


def refuse_missing_variables(
    defs: Mapping[str, ResourceDefinition],
    keys: Iterable[str],
    configs: Mapping[str, Mapping[str, Any]] | None,
    environment: Mapping[str, str],
) -> None:
    """
    Refuse resources that refer to environment variables that are not set, or hold what does not fit.

    Args:
        defs: The resources by key.
        keys: Which of them are wanted; what these need is looked at, too.
        configs: The run config's entry of each resource.
        environment: The variables.

    Raises:
        InvalidConfigError: Tells each variable, with the resource and the field that want it.
    """
    found = problems_of_variables(defs, keys, configs, environment)
    names = dict.fromkeys(str(problem.path[1]) for problem in found)
    plural = "s" if len(names) > 1 else ""
    raise_if_problems(found, subject=f"resource{plural} {', '.join(map(repr, names))}")


def problems_of_variables(
    defs: Mapping[str, ResourceDefinition],
    keys: Iterable[str],
    configs: Mapping[str, Mapping[str, Any]] | None,
    environment: Mapping[str, str],
) -> list[Problem]:
    """Return what is wrong with environment variables; arguments as for :func:`refuse_missing_variables`."""
    walk = Walk(environment=environment)
    seen: set[int] = set()
    for key in order_of_resources(defs, keys):
        definition = defs[key]
        if definition.constant is NO_CONSTANT:
            entry = (configs or {}).get(key) or {}
            resolve_entry(definition.config_field, entry.get("config", NOTHING_GIVEN), ("resources", key), walk)
            seen.add(id(definition.source))
            _look_below(definition, ("resources", key, "config"), walk, seen)
    return [problem for problem in walk.problems if problem.environment_variable is not None]


def _look_below(definition: ResourceDefinition, path: Path, walk: Walk, seen: set[int]) -> None:
    """Look at the resources that another one holds in its fields, if it is an object of a class that can."""
    fields: Mapping[str, Any] = getattr(definition, "nested_resources", {})
    for name, each in fields.items():
        nested = each if isinstance(each, ResourceDefinition) else each.get_resource_definition()
        if id(each) in seen or nested.constant is not NO_CONSTANT:
            continue
        seen.add(id(each))
        field = nested.config_field
        if field is not None and field.default_provided:
            field.resolve(field.default_value, (*path, name), walk)
        _look_below(nested, (*path, name), walk, seen)
