"""``@graph_asset`` and ``@graph_multi_asset``: assets that several ops make together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.base.arguments import refuse_unknown
from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey, CoercibleToAssetKey, CoercibleToAssetKeyPrefix, key_prefix_parts
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.asset_spec import AssetDep, AssetSpec, condition_told
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.decorators.graph import as_config_mapping, compose_graph
from orrery.definitions.parts.cache_policy import CachePolicy, tags_with_policy
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import GraphIn, GraphOut
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.signature import source_of
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["graph_asset", "graph_multi_asset"]


@overload
def graph_asset(compose_fn: Callable[..., Any]) -> AssetsDefinition: ...


@overload
def graph_asset(
    compose_fn: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, Any] | None = None,
    config: Any = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    group_name: str | None = None,
    partitions_def: Any = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    kinds: AbstractSet[str] | None = None,
    cache: CachePolicy | None = None,
    auto_materialize_policy: Any = None,
    legacy_freshness_policy: Any = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def graph_asset(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, Any] | None = None,
    config: Any = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    group_name: str | None = None,
    partitions_def: Any = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    kinds: AbstractSet[str] | None = None,
    cache: CachePolicy | None = None,
    **legacy: Any,
) -> Any:
    """
    Make an asset of the decorated function, which calls ops: the asset is what they give together.

    Args are those of :func:`asset` and :func:`graph`; with *cache*, all of its ops are skipped as long as the asset is current.
    """
    refuse_unknown(graph_asset, legacy, "auto_materialize_policy", "legacy_freshness_policy")

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        if key is not None and (name is not None or key_prefix is not None):
            raise InvalidDefinitionError(
                "Cannot specify a name or key prefix for @graph_asset when the key argument is provided.",
                mend="give the whole key as key=, or its parts as key_prefix= and name=.",
            )
        asset_key = (
            AssetKey.from_coercible(key)
            if key is not None
            else AssetKey(name or fn.__name__).with_prefix(key_prefix_parts(key_prefix))
        )
        checks = {spec.get_python_identifier(): spec for spec in check_specs or ()}
        composed = compose_graph(
            fn,
            noun="graph",
            name=asset_key.to_python_identifier(),
            description=description,
            ins={each: GraphIn() for each in ins or ()},
            out={"result": GraphOut(), **{each: GraphOut() for each in checks}},
            config=as_config_mapping(config),
            tags=tags_with_policy(None, cache, "@graph_asset", "tags"),
        )
        keys, mappings = _graph_inputs(composed, ins)
        spec = AssetSpec(
            asset_key,
            deps=[AssetDep(each, partition_mapping=mappings.get(each)) for each in dict.fromkeys(keys.values())],
            description=composed.description,
            metadata=metadata,
            tags=tags,
            owners=owners,
            kinds=kinds,
            group_name=group_name,
            code_version=code_version,
            partitions_def=partitions_def,
            automation_condition=condition_told(automation_condition, legacy.get("auto_materialize_policy")),
            legacy_freshness_policy=legacy.get("legacy_freshness_policy"),
        )
        return AssetsDefinition(
            keys_by_input_name=keys,
            keys_by_output_name={"result": asset_key},
            node_def=composed,
            partition_mappings=mappings,
            resource_defs=resource_defs,
            backfill_policy=backfill_policy,
            check_specs_by_output_name=checks,
            specs=[spec],
            hook_defs=hooks,
            source=source_of(fn),
        )

    return decorate(compose_fn) if compose_fn is not None else decorate


def _graph_inputs(composed: Any, ins: Mapping[str, Any] | None) -> tuple[dict[str, AssetKey], dict[AssetKey, Any]]:
    keys, mappings = {}, {}
    for input_name in composed.input_dict:
        asset_in = AssetIn.from_coercible((ins or {}).get(input_name, AssetKey(input_name)))
        resolved = asset_in.resolve_key(input_name)
        keys[input_name] = resolved
        if asset_in.partition_mapping is not None:
            mappings[resolved] = asset_in.partition_mapping
    return keys, mappings


def graph_multi_asset(
    *,
    outs: Mapping[str, AssetOut],
    name: str | None = None,
    ins: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    backfill_policy: Any = None,
    group_name: str | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    config: Any = None,
    cache: CachePolicy | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """
    Make several assets of the decorated function, which calls ops and returns a dictionary of outputs.

    Args are those of :func:`multi_asset` and :func:`graph`; with *cache*, an op is skipped as long as the assets that come
    from it are current.
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        checks = {spec.get_python_identifier(): spec for spec in check_specs or ()}
        composed = compose_graph(
            fn,
            noun="graph",
            name=check_name(name or fn.__name__, noun="a graph asset"),
            ins={each: GraphIn() for each in ins or ()},
            out={**{each: GraphOut() for each in outs}, **{each: GraphOut() for each in checks}},
            config=as_config_mapping(config),
            tags=tags_with_policy(None, cache, "@graph_multi_asset", "tags"),
        )
        keys, mappings = _graph_inputs(composed, ins)
        upstream = [AssetDep(each, partition_mapping=mappings.get(each)) for each in dict.fromkeys(keys.values())]
        specs, outputs = [], {}
        for output_name, out in outs.items():
            resolved = out.resolve_key(output_name)
            spec = out.to_spec(resolved, upstream, partitions_def=partitions_def)
            if group_name is not None:
                spec = spec._changed(group_name=group_name)
            specs.append(spec)
            outputs[output_name] = resolved
        return AssetsDefinition(
            keys_by_input_name=keys,
            keys_by_output_name=outputs,
            node_def=composed,
            partition_mappings=mappings,
            can_subset=can_subset,
            resource_defs=resource_defs,
            backfill_policy=backfill_policy,
            check_specs_by_output_name=checks,
            specs=specs,
            hook_defs=hooks,
            source=source_of(fn),
        )

    return decorate
