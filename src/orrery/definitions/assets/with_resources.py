"""``with_resources``: copies of definitions with resources bound to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from orrery.base.errors import InvalidInvocationError
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.graphs.requirements import (
    DEFAULT_KEYS,
    ResourceNeed,
    check_provided,
    requirements_of_node,
    requirements_of_resources,
)
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.model.config.validate import resolve_config

__all__ = ["bind_resources", "requirements_of_assets", "with_resources"]

_T = TypeVar("_T")


def requirements_of_assets(definition: AssetsDefinition | SourceAsset) -> Iterator[ResourceNeed]:
    """Iterate what the function of *definition*, its hooks and its own resources need."""
    if isinstance(definition, SourceAsset):
        yield ResourceNeed(
            definition.get_io_manager_key(), "io manager", f"source asset '{definition.key.to_user_string()}'"
        )
        if definition.observe_fn is not None:
            yield from requirements_of_node(definition.op)
    elif definition.computation is not None:
        yield from requirements_of_node(definition.node_def)
        for hook in definition.hook_defs:
            for key in sorted(hook.required_resource_keys):
                yield ResourceNeed(key, "resource", f"hook '{hook.name}'")
    else:
        for key in definition.get_resource_requirements():
            yield ResourceNeed(
                key, "io manager", f"asset '{min(definition.keys).to_user_string()}', which is made elsewhere"
            )
    if definition.resource_defs:
        yield from requirements_of_resources(definition.resource_defs)


def bind_resources(definition: AssetsDefinition, resources: Mapping[str, ResourceDefinition]) -> AssetsDefinition:
    """
    Return *definition* with those of *resources* bound to it that it needs; itself if it needs none of them.

    Raises:
        InvalidInvocationError: A key is bound already, to another resource.
    """
    own = definition.resource_defs
    for key in own:
        given = resources.get(key)
        if given is not None and own[key] is not given:
            shown = ", ".join(f"'{each.to_user_string()}'" for each in sorted(definition.keys)) or "(checks)"
            raise InvalidInvocationError(
                f"AssetsDefinition with key {shown} has conflicting resource definitions with provided resources for "
                f"the following keys: {key}.",
                mend="take the resource away from the asset, or change one of the keys.",
            )
    needed = [key for key in definition.get_resource_requirements() if key in resources and key not in own]
    for hook in definition.hook_defs:
        needed.extend(key for key in hook.required_resource_keys if key in resources and key not in own)
    if not needed:
        return definition
    bound = dict(own)
    while needed:
        key = needed.pop()
        if key in resources and key not in bound:
            bound[key] = resources[key]
            needed.extend(resources[key].required_resource_keys)
    return definition._changed(resource_defs=bound)


def with_resources(
    definitions: Iterable[_T],
    resource_defs: Mapping[str, object],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> list[_T]:
    """
    Return copies of *definitions* with resources bound to them.

    Args:
        definitions: Assets and checks.
        resource_defs: Resources by key: definitions, or objects to be used as they are.
        resource_config_by_key: Config of some of them: ``{"warehouse": {"config": {...}}}``.

    Raises:
        InvalidInvocationError: A definition has another resource under one of the keys already.
        InvalidDefinitionError: A definition needs a resource that neither it nor *resource_defs* has.
        InvalidConfigError: A config does not fit its resource.

    >>> from orrery.definitions.decorators.asset import asset
    >>> @asset(required_resource_keys={"rate"})
    ... def price(context): ...
    >>> [sorted(each.resource_defs) for each in with_resources([price], {"rate": 1.2})]
    [['rate']]
    """
    resources = as_resource_definitions(resource_defs)
    for key, given in (resource_config_by_key or {}).items():
        if not isinstance(given, Mapping) or "config" not in given:
            raise InvalidInvocationError(
                f"Error with config for resource key '{key}': Expected a dictionary of the form {{'config': ...}}, but "
                f"received {given!r}.",
                mend=f"write resource_config_by_key={{'{key}': {{'config': ...}}}}.",
            )
        if key in resources:
            resources[key] = _configured(key, resources[key], given["config"])
    made: list[Any] = []
    for definition in definitions:
        each: Any = definition
        if isinstance(each, AssetsDefinition):
            bound = bind_resources(each, resources)
            check_provided(requirements_of_assets(bound), {*bound.resource_defs, *resources, *DEFAULT_KEYS})
            made.append(bound)
        elif isinstance(each, SourceAsset):
            changed = each.with_resources(resources)
            check_provided(requirements_of_assets(changed), {*changed.resource_defs, *resources, *DEFAULT_KEYS})
            made.append(changed)
        elif hasattr(each, "with_resources"):
            made.append(each.with_resources(resources))
        else:
            made.append(each)
    return made


def _configured(key: str, definition: ResourceDefinition, config: Any) -> ResourceDefinition:
    resolve_config(definition.config_field, config, subject=f"resource with key '{key}'", path=(key, "config"))
    made: ResourceDefinition = definition.configured(config)
    return made
