"""
What a plan takes from assets that it does not make: whether their values are stored.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from orrery.api.verbs.asset_values import asset_value_loader
from orrery.api.verbs.plan import MaterializationPlan
from orrery.base.keys import AssetKey
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.runtime.instance.instance import Instance

__all__ = ["with_lacking_inputs"]


def with_lacking_inputs(
    plan: MaterializationPlan, repository: RepositoryDefinition, instance: Instance, *, is_verified: bool = False
) -> MaterializationPlan:
    """
    Return *plan* with the assets whose values its steps take, but which nothing in it makes, and which are not stored.

    Of assets with partitions, and where an IO manager cannot tell, nothing is said.

    Args:
        plan: The plan.
        repository: The project.
        instance: Where values are stored.
        is_verified: Read the values: those that are damaged are not stored, either.
    """
    known = repository.assets_defs_by_key
    made = {AssetKey.from_user_string(name) for step in plan.steps for name in step.assets}
    running = {AssetKey.from_user_string(name) for step in plan.to_run for name in step.assets}
    taken = {key for asset in running if asset in known for key in _taken_by(known[asset], known)} - made
    if not taken:
        return plan
    with asset_value_loader(repository, instance) as loader:
        lacking = [
            key.to_user_string() for key in taken if loader.has_asset_value(key, is_verified=is_verified) is False
        ]
    return msgspec.structs.replace(plan, lacking=tuple(sorted(lacking)))


def _taken_by(definition: AssetsDefinition, known: Mapping[AssetKey, AssetsDefinition]) -> set[AssetKey]:
    """Return the assets of the project, made by functions, whose values an asset takes; not those that only come before."""
    inputs = definition.node_def.input_dict
    return {
        key
        for name, key in definition.keys_by_input_name.items()
        if name in inputs and not inputs[name].dagster_type.is_nothing and key in known and known[key].is_materializable
    }
