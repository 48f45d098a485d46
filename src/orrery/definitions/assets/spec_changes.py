"""
Specs of a definition, changed all at once: which changes stand, and which the function could not follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_spec import DEFAULT_GROUP_NAME, AssetDep, AssetSpec

__all__ = ["changed_specs", "is_rewired", "mapped_specs"]


def changed_specs(
    specs: Iterable[AssetSpec],
    *,
    renamed: Mapping[AssetKey, AssetKey],
    groups: Mapping[AssetKey, str],
    tags: Mapping[AssetKey, Mapping[str, str]],
    metadata: Mapping[AssetKey, Mapping[str, Any]],
    once: Mapping[str, Any],
) -> dict[AssetKey, AssetSpec]:
    """
    Return the specs with other attributes, by their new keys.

    Args:
        specs: The specs.
        renamed: New keys, also of the assets that the specs depend on.
        groups: Groups of assets that are in the default group so far.
        tags: Tags in place of those there are.
        metadata: Metadata in place of what there is.
        once: Attributes that no spec has so far: a value for all, or one by key; by the attribute's name.

    Raises:
        InvalidDefinitionError: A spec has a group, or an attribute of *once*, already.
    """
    found: dict[AssetKey, AssetSpec] = {}
    for spec in specs:
        key = spec.key
        changes: dict[str, Any] = {}
        if renamed:
            changes["key"] = renamed.get(key, key)
            changes["deps"] = [
                AssetDep(
                    renamed.get(dep.asset_key, dep.asset_key),
                    partition_mapping=dep.partition_mapping,
                    metadata=dep.metadata,
                )
                for dep in spec._deps
            ]
        if key in groups:
            if spec.group_name not in (None, DEFAULT_GROUP_NAME):
                raise InvalidDefinitionError(
                    f"Group name '{spec.group_name}' already exists on asset '{key.to_user_string()}'; "
                    f"it cannot be set to '{groups[key]}'."
                )
            changes["group_name"] = groups[key]
        if key in tags:
            changes["tags"] = dict(tags[key])
        if key in metadata:
            changes["metadata"] = dict(metadata[key])
        for name, value in once.items():
            chosen = value.get(key) if isinstance(value, Mapping) else value
            if chosen is None:
                continue
            if getattr(spec, name) is not None:
                raise InvalidDefinitionError(f"Asset '{key.to_user_string()}' has a {name} already.")
            changes[name] = chosen
        changed = spec._changed(**changes) if changes else spec
        found[changed.key] = changed
    return found


def mapped_specs(
    specs: Mapping[AssetKey, AssetSpec],
    fn: Callable[[AssetSpec], AssetSpec],
    loaded: Mapping[str, AssetKey],
    is_order_only: Callable[[str], bool],
) -> dict[AssetKey, AssetSpec]:
    """
    Return the specs that *fn* makes of these.

    Args:
        specs: The specs by key.
        fn: The user's function.
        loaded: The asset of each input of the node.
        is_order_only: Tells of an input whether it loads no value.

    Raises:
        InvalidDefinitionError: *fn* changed a key, or took away what the function of the assets loads.
    """
    found: dict[AssetKey, AssetSpec] = {}
    for key, spec in specs.items():
        made = fn(spec)
        if not isinstance(made, AssetSpec):
            raise InvalidDefinitionError(f"The function given to map_asset_specs returned {made!r}, not an AssetSpec.")
        if made.key != key:
            raise InvalidDefinitionError(
                f"Asset key {key.to_user_string()} was changed to {made.key.to_user_string()}. Mapping function must "
                "not change keys.",
                mend="use with_attributes(asset_key_replacements=...).",
            )
        if is_rewired(spec, made):
            kept = set(made._parents)
            for name, upstream in loaded.items():
                if upstream not in kept and not is_order_only(name):
                    raise InvalidDefinitionError(
                        f"Attempted to remove argument-backed dependency '{upstream.to_user_string()}' (mapped to "
                        f"argument {name}) from asset '{key.to_user_string()}'. Only non-argument dependencies can be "
                        "changed or removed using map_asset_specs.",
                        mend="change the parameters of the function.",
                    )
        found[key] = made
    return found


def is_rewired(before: AssetSpec, after: AssetSpec) -> bool:
    """Tell whether a spec depends on other assets than before, or in another way."""
    return after._deps is not before._deps and after._deps != before._deps
