"""Checks of assets: functions that look at a value and say whether it is good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.base.keys import AssetKey
from orrery.definitions.assets.assets_definition import MATERIALIZATION, AssetsDefinition
from orrery.definitions.graphs.node import NodeDefinition
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["AssetChecksDefinition"]


class AssetChecksDefinition(AssetsDefinition):
    """
    One or several checks with the op that makes them, and no asset.

    Made by :func:`asset_check` and :func:`multi_asset_check` as a rule.
    """

    __slots__ = ()

    @staticmethod
    def create(
        *,
        keys_by_input_name: Mapping[str, AssetKey],
        node_def: NodeDefinition,
        check_specs_by_output_name: Mapping[str, AssetCheckSpec],
        can_subset: bool,
        resource_defs: Mapping[str, Any] | None = None,
        source: tuple[str, int] | None = None,
    ) -> AssetChecksDefinition:
        """
        Return checks from their parts.

        Args:
            keys_by_input_name: The asset that each input of the node loads.
            node_def: The op.
            check_specs_by_output_name: The check that each output of the node is.
            can_subset: Whether some of the checks can be made without the others.
            resource_defs: Resources by key, for this definition alone.
            source: File and line of the definition.
        """
        return AssetChecksDefinition(
            keys_by_input_name=keys_by_input_name,
            node_def=node_def,
            check_specs_by_output_name=check_specs_by_output_name,
            can_subset=can_subset,
            resource_defs=resource_defs,
            specs=[],
            execution_type=MATERIALIZATION,
            source=source,
        )

    @staticmethod
    def from_assets_def(definition: AssetsDefinition) -> AssetChecksDefinition:
        """Return the checks of *definition* as a definition of checks alone."""
        made = AssetChecksDefinition.__new__(AssetChecksDefinition)
        for name in AssetsDefinition.__slots__:
            if name != "__weakref__" and hasattr(definition, name):
                object.__setattr__(made, name, getattr(definition, name))
        return made

    @property
    def name(self) -> str:
        """Return the name of the one check."""
        return self.check_key.name

    @property
    def asset_key(self) -> AssetKey:
        """Return the asset of the one check."""
        return self.check_key.asset_key
