"""
Which asset a bare name means.

A parameter ``orders`` or ``deps=["orders"]`` names the asset ``orders``. Where there is none, it names
the one asset of the same group whose key ends so (``["shop", "orders"]``), if there is exactly one.
"""

from __future__ import annotations

from collections.abc import Sequence

from orrery.base.keys import AssetKey
from orrery.definitions.assets.assets_definition import AssetsDefinition

__all__ = ["connect_bare_names"]


def connect_bare_names(definitions: Sequence[AssetsDefinition]) -> list[AssetsDefinition]:
    """
    Return *definitions* with bare names of upstream assets replaced by the keys that they mean.

    Definitions in which nothing is replaced are given back as they are.

    Args:
        definitions: All assets and checks of a project.
    """
    known = {key.parts for each in definitions for key in each._specs_by_key}
    unknown: dict[int, set[AssetKey]] = {}
    for each in definitions:
        for spec in each._specs_by_key.values():
            for key in spec._parents:
                if key.parts not in known and len(key.parts) == 1:
                    unknown.setdefault(id(each), set()).add(key)
    if not unknown:
        return list(definitions)
    by_ending: dict[tuple[str, str], list[AssetKey]] = {}
    for definition in definitions:
        for key, spec in definition._specs_by_key.items():
            by_ending.setdefault((spec.group_name or "default", key.parts[-1]), []).append(key)
    return [_connected(each, unknown[id(each)], by_ending) if id(each) in unknown else each for each in definitions]


def _connected(
    definition: AssetsDefinition, wanted: set[AssetKey], by_ending: dict[tuple[str, str], list[AssetKey]]
) -> AssetsDefinition:
    groups = {spec.group_name or "default" for spec in definition._specs_by_key.values()}
    if len(groups) != 1:
        return definition
    group = groups.pop()
    meant: dict[AssetKey, AssetKey] = {}
    for key in wanted:
        found = by_ending.get((group, key.parts[0]), [])
        if len(found) == 1 and found[0] not in definition._specs_by_key:
            meant[key] = found[0]
    return definition.with_attributes(asset_key_replacements=meant) if meant else definition
