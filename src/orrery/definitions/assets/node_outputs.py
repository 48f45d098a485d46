"""What the outputs of a node are: assets, with a spec for each, and checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.base.keys import AssetKey, CoercibleToAssetKeyPrefix, key_prefix_parts
from orrery.definitions.assets.asset_spec import (
    AssetDep,
    AssetSpec,
    condition_told,
)
from orrery.definitions.graphs.node import NodeDefinition
from orrery.definitions.parts.inputs_outputs import OutputDefinition
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["NodeAssets", "add_check_outputs", "assets_of_node", "conditions_told", "specs_of_outputs"]


class NodeAssets(NamedTuple):
    """
    What the inputs and outputs of a node are.

    Attributes:
        keys_by_input_name: The asset that each input loads.
        keys_by_output_name: The asset that each output is.
        partition_mappings: How partitions map to those of an upstream asset, by its key.
        check_specs_by_output_name: The check that each other output is.
        specs: The assets.
    """

    keys_by_input_name: dict[str, AssetKey]
    keys_by_output_name: dict[str, AssetKey]
    partition_mappings: dict[AssetKey, Any]
    check_specs_by_output_name: dict[str, AssetCheckSpec]
    specs: list[AssetSpec]


def assets_of_node(
    node_def: NodeDefinition,
    *,
    keys_by_input_name: Mapping[str, AssetKey] | None,
    keys_by_output_name: Mapping[str, AssetKey] | None,
    key_prefix: CoercibleToAssetKeyPrefix | None,
    internal_asset_deps: Mapping[str, AbstractSet[AssetKey]] | None,
    partitions_def: Any,
    partition_mappings: Mapping[str, Any] | None,
    group_name: str | None,
    group_names_by_output_name: Mapping[str, str | None] | None,
    check_specs: Sequence[AssetCheckSpec] | None,
    per_output: Mapping[str, Mapping[str, Any] | None],
) -> NodeAssets:
    """
    Return what the inputs and outputs of a node are, where attributes are told by the names of outputs.

    Args:
        node_def: The node.
        keys_by_input_name: The asset that each input loads; the input's name if not given.
        keys_by_output_name: The asset that each output is; its name if not given, or the node's if it is ``result`` alone.
        key_prefix: Parts before each output's key.
        internal_asset_deps: Upstream assets of each output; all inputs if not given.
        partitions_def: Partitions of all the assets.
        partition_mappings: How partitions map to those of an upstream asset, by input name.
        group_name: Group of the assets that have none of their own.
        group_names_by_output_name: Groups.
        check_specs: Checks that the node makes.
        per_output: Values by the name of the output, by the name of an argument of ``AssetSpec``.

    Raises:
        InvalidDefinitionError: A name that the node does not have.
    """
    for noun, given, known in (
        ("input", keys_by_input_name, node_def.input_dict),
        ("output", keys_by_output_name, node_def.output_dict),
        ("output", internal_asset_deps, node_def.output_dict),
    ):
        for name in given or ():
            if name not in known:
                raise InvalidDefinitionError(
                    f"{node_def.describe_node()} has no {noun} '{name}', which keys_by_{noun}_name names.",
                    mend=nearest_hint(name, known, noun=noun),
                )
    inputs = {
        name: AssetKey.from_coercible(
            (keys_by_input_name or {}).get(name) or (each.asset_key if isinstance(each.asset_key, AssetKey) else name)
        )
        for name, each in node_def.input_dict.items()
    }
    check_outputs: dict[str, AssetCheckSpec] = {}
    prefix = key_prefix_parts(key_prefix)
    outputs: dict[str, AssetKey] = {}
    names = list(node_def.output_dict)
    for spec in check_specs or ():
        check_outputs[spec.get_python_identifier()] = spec
    for name in names:
        if name in check_outputs:
            continue
        chosen = (keys_by_output_name or {}).get(name)
        if chosen is None:
            chosen = AssetKey(node_def.name if name == "result" and len(names) - len(check_outputs) == 1 else name)
        outputs[name] = (
            AssetKey.from_coercible(chosen).with_prefix(prefix) if prefix else AssetKey.from_coercible(chosen)
        )
    mappings = {inputs[name]: each for name, each in (partition_mappings or {}).items()}
    specs = []
    for name, key in outputs.items():
        deps = (internal_asset_deps or {}).get(name, set(inputs.values()))
        output = node_def.output_dict[name]
        values: dict[str, Any] = {field: (given or {}).get(name) for field, given in per_output.items()}
        values["description"] = values.get("description") or output.description or node_def.description
        specs.append(
            AssetSpec(
                key,
                deps=[AssetDep(each, partition_mapping=mappings.get(each)) for each in dict.fromkeys(deps)],
                group_name=(group_names_by_output_name or {}).get(name) or group_name,
                partitions_def=partitions_def,
                skippable=not output.is_required,
                **values,
            )
        )
    return NodeAssets(inputs, outputs, mappings, check_outputs, specs)


def specs_of_outputs(
    *,
    keys_by_input_name: Mapping[str, AssetKey],
    keys_by_output_name: Mapping[str, AssetKey],
    node_def: NodeDefinition | None,
    asset_deps: Mapping[AssetKey, AbstractSet[AssetKey]] | None,
    partition_mappings: Mapping[AssetKey, Any],
    partitions_def: Any,
    group_names: Mapping[AssetKey, str],
    metadata: Mapping[AssetKey, Mapping[str, Any]],
    tags: Mapping[AssetKey, Mapping[str, str]],
    freshness: Mapping[AssetKey, Any],
    descriptions: Mapping[AssetKey, str],
    owners: Mapping[AssetKey, Sequence[str]],
    automation: Mapping[AssetKey, Any],
) -> list[AssetSpec]:
    """Return the spec of each output, where attributes are told by the keys of the assets."""
    inputs = set(keys_by_input_name.values())
    specs = []
    for name, key in keys_by_output_name.items():
        deps = asset_deps[key] if asset_deps and key in asset_deps else inputs
        output = node_def.output_dict.get(name) if node_def is not None else None
        specs.append(
            AssetSpec(
                key,
                deps=[AssetDep(each, partition_mapping=partition_mappings.get(each)) for each in sorted(deps)],
                description=descriptions.get(key) or (output.description if output else None),
                metadata=metadata.get(key) or (output.raw_metadata if output else None),
                skippable=not output.is_required if output else False,
                group_name=group_names.get(key),
                code_version=output.code_version if output else None,
                owners=owners.get(key),
                tags=tags.get(key),
                partitions_def=partitions_def,
                legacy_freshness_policy=freshness.get(key),
                automation_condition=automation.get(key),
            )
        )
    return specs


def conditions_told(
    conditions: Mapping[str, Any] | None, policies: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """Return the automation conditions; what policies of the older form stand for, where only those were given."""
    if conditions or not policies:
        return conditions
    return {name: condition_told(None, each) for name, each in policies.items() if each is not None}


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
