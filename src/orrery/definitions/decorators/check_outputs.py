"""Outputs for the checks that the function of an asset makes, too."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.parts.inputs_outputs import OutputDefinition
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["add_check_outputs"]


def add_check_outputs(
    check_specs: Sequence[AssetCheckSpec] | None,
    outputs: dict[str, OutputDefinition],
    asset_keys: AbstractSet[AssetKey] | None,
    *,
    can_subset: bool = False,
) -> dict[str, AssetCheckSpec]:
    """Add an output for each check to *outputs*, and return the checks by output."""
    found: dict[str, AssetCheckSpec] = {}
    for spec in check_specs or ():
        if not isinstance(spec, AssetCheckSpec):
            raise InvalidDefinitionError(f"check_specs holds {spec!r}, which is no AssetCheckSpec.")
        if asset_keys is not None and spec.asset_key not in asset_keys:
            shown = ", ".join(sorted(each.to_user_string() for each in asset_keys))
            raise InvalidDefinitionError(
                f"Invalid asset key {spec.asset_key!r} in check spec {spec.name}. Must be one of {shown}.",
                mend="name an asset of this definition.",
            )
        output_name = spec.get_python_identifier()
        if output_name in found or output_name in outputs:
            raise InvalidDefinitionError(
                f"Duplicate check specs: '{spec.key.to_user_string()}' stands twice.",
                mend="give each check of an asset a name of its own.",
            )
        found[output_name] = spec
        outputs[output_name] = OutputDefinition(output_name, is_required=not can_subset)
    return found
