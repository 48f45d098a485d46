"""``@observable_source_asset`` and its kin: assets that are made elsewhere, with a function that looks at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

from orrery.base.arguments import refuse_unknown
from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey, CoercibleToAssetKey, CoercibleToAssetKeyPrefix, key_prefix_parts
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import OBSERVATION, SourceAsset
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.parts.signature import ComputeFunction, source_of
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["multi_observable_source_asset", "observable_source_asset"]


@overload
def observable_source_asset(observe_fn: Callable[..., Any]) -> AssetsDefinition: ...


@overload
def observable_source_asset(
    observe_fn: None = None,
    *,
    key: CoercibleToAssetKey | None = None,
    name: str | None = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    automation_condition: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    **legacy: Any,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def observable_source_asset(
    observe_fn: Callable[..., Any] | None = None,
    *,
    key: CoercibleToAssetKey | None = None,
    name: str | None = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    metadata: Mapping[str, Any] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: Any = None,
    automation_condition: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    **legacy: Any,
) -> Any:
    """
    Make a source asset of the decorated function, which observes it.

    The function returns a ``DataVersion``, a ``DataVersionsByPartition`` or an ``ObserveResult``.
    Args are those of :class:`SourceAsset`.
    """
    refuse_unknown(observable_source_asset, legacy, "auto_observe_interval_minutes", "legacy_freshness_policy")

    def decorate(fn: Callable[..., Any]) -> SourceAsset:
        if key is not None and (name is not None or key_prefix is not None):
            raise InvalidDefinitionError(
                "Cannot specify a name or key prefix for @observable_source_asset when the key argument is provided."
            )
        resolved = (
            AssetKey.from_coercible(key)
            if key is not None
            else AssetKey(name or fn.__name__).with_prefix(key_prefix_parts(key_prefix))
        )
        return SourceAsset(
            resolved,
            metadata=metadata,
            io_manager_key=io_manager_key,
            io_manager_def=io_manager_def,
            description=description if description is not None else ComputeFunction(fn).doc,
            group_name=group_name,
            _required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            observe_fn=fn,
            op_tags=op_tags,
            partitions_def=partitions_def,
            automation_condition=automation_condition,
            tags=tags,
            source=source_of(fn),
            **legacy,
        )

    return decorate(observe_fn) if observe_fn is not None else decorate


def multi_observable_source_asset(
    *,
    specs: Sequence[AssetSpec],
    name: str | None = None,
    description: str | None = None,
    partitions_def: Any = None,
    can_subset: bool = False,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """
    Make several source assets of the decorated function, which yields an ``ObserveResult`` for each.

    Args are those of :func:`multi_asset`.
    """

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        made = multi_asset(
            specs=specs,
            name=name,
            description=description,
            partitions_def=partitions_def,
            can_subset=can_subset,
            required_resource_keys=required_resource_keys,
            resource_defs=resource_defs,
            group_name=group_name,
            check_specs=check_specs,
        )(fn)
        made.execution_type = OBSERVATION
        return made

    return decorate
