"""
Load the stored values of assets, outside of runs and inside of them.

:class:`AssetValueLoader` asks the IO manager of each asset, as an asset downstream would. It sets up the
resources that are needed, each once, and closes them when its ``with`` statement ends.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any, Self

from orrery.api.wiring.values import default_io_manager_definition
from orrery.base.errors import (
    InvariantViolationError,
    UnknownAssetError,
    UntrustedValueError,
    UnusableValueError,
    nearest_hint,
)
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definition
from orrery.definitions.parts.types import ANY, resolve_type
from orrery.model.config.configured import NOTHING_GIVEN, plain_config
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.runtime.contexts.init_resource import Later, ScopedResources
from orrery.runtime.contexts.input import BuiltInputContext
from orrery.runtime.contexts.log import console_log
from orrery.runtime.contexts.output import BuiltOutputContext, GivenResources
from orrery.runtime.contexts.stored_values import partitions_of_output
from orrery.runtime.engine.recorded import check_recorded
from orrery.runtime.engine.resources import OpenResources, open_resources, order_of_resources, raise_if_not_closed
from orrery.runtime.instance.instance import Instance

__all__ = ["AssetValueLoader", "asset_value_loader", "load_asset_value"]

_RUN_ID = "__EPHEMERAL_RUN_ID"


class AssetValueLoader:
    """
    Load values of assets, with the IO managers that store them.

    Use it in a ``with`` statement: the resources that it sets up are closed at its end. Get one from
    :meth:`Definitions.get_asset_value_loader`.

    Args:
        assets_defs_by_key: The assets, resources bound to them.
        instance: The instance whose values are loaded; that of the project if not given.
        resource_defs: Resources for assets that bear none of their own.

    Example::

        with definitions.get_asset_value_loader() as loader:
            orders = loader.load_asset_value("orders", partition_key="2024-01-01")
    """

    def __init__(
        self,
        assets_defs_by_key: Mapping[AssetKey, AssetsDefinition],
        instance: Any = None,
        *,
        resource_defs: Mapping[str, ResourceDefinition] | None = None,
    ) -> None:
        self._assets = assets_defs_by_key
        self._is_own_instance = instance is None
        self._given_instance = instance
        self._instance: Any = Later(Instance.get) if instance is None else instance
        self._resource_defs = dict(resource_defs or {})
        self._made: dict[tuple[str, int], Any] = {}
        self._stack: list[OpenResources] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the resources that were set up, last first; a second call does nothing."""
        self._made.clear()
        errors: list[BaseException] = []
        while self._stack:
            errors += self._stack.pop().close()
        if self._is_own_instance and self._instance._made is not None:
            self._instance._made.dispose()
            self._instance = Later(Instance.get)
        raise_if_not_closed(errors)

    def __del__(self) -> None:
        if getattr(self, "_stack", None):
            self.close()

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: Any = None,
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        input_definition_metadata: Mapping[str, Any] | None = None,
        resource_config: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Load the stored value of an asset.

        Args:
            asset_key: The asset.
            python_type: Type that the IO manager shall give, where it can give several.
            partition_key: The partition to load.
            partition_key_range: The partitions to load, if they are several.
            input_definition_metadata: Metadata of the input, for the IO manager.
            resource_config: Config of the resources: ``{key: {"config": ...}}``. It holds for those that are
                not set up yet.
            metadata: The same as *input_definition_metadata*.

        Raises:
            UnknownAssetError: There is no such asset; the nearest is named.
            InvalidDefinitionError: A resource is missing.
        """
        key = AssetKey.from_coercible(asset_key)
        given = plain_config(resource_config or {})
        assets_def, manager_key, definition, made = self._manager_of(key, given)
        return load_with(
            made[manager_key],
            assets_def,
            key,
            manager_key=manager_key,
            resources={each: made[each] for each in definition.required_resource_keys},
            resource_config=_config_of(definition, manager_key, given),
            python_type=python_type,
            partition_key=partition_key,
            partition_key_range=partition_key_range,
            metadata=input_definition_metadata if input_definition_metadata is not None else metadata,
            instance=self._given_instance,
        )

    def has_asset_value(
        self, asset_key: CoercibleToAssetKey, *, partition_key: str | None = None, is_verified: bool = False
    ) -> bool | None:
        """
        Tell whether the value of an asset is stored, and is the one recorded last; None where that cannot be told.

        It cannot where the IO manager has no ``has_output``, and of an asset with partitions if none is named.

        Args:
            asset_key: The asset.
            partition_key: Its partition, if it has any.
            is_verified: Read it, where the IO manager has ``check_output``: one that is damaged does not count as stored.

        Raises:
            UnknownAssetError: There is no such asset; the nearest is named.
        """
        key = AssetKey.from_coercible(asset_key)
        assets_def, manager_key, definition, made = self._manager_of(key, {})
        look = getattr(made[manager_key], "has_output", None)
        spec = assets_def._specs_by_key.get(key)
        if look is None or (spec is not None and (spec.partitions_def is None) != (partition_key is None)):
            return None
        resources = {each: made[each] for each in definition.required_resource_keys}
        config = _config_of(definition, manager_key, {})
        described = _output_of(assets_def, key, resources, config, self._given_instance, partition_key)
        check = getattr(made[manager_key], "check_output", None)
        with partition_loading_context(dynamic_partitions_store=self._given_instance):
            try:
                if not look(described):
                    return False
                if self._given_instance is not None:
                    check_recorded(self._given_instance, made[manager_key], described, partitions_of_output(described))
                if is_verified and check is not None:
                    check(described)
            except (UnusableValueError, UntrustedValueError):
                return False
        return True

    def _manager_of(
        self, key: AssetKey, given: Mapping[str, Any]
    ) -> tuple[AssetsDefinition, str, ResourceDefinition, dict[str, Any]]:
        """Return an asset's definition, and its IO manager's key, definition and, with all that it needs, object."""
        assets_def = self._assets.get(key)
        if assets_def is None:
            raise UnknownAssetError(
                f"Asset key {key.to_user_string()} not found.",
                mend=nearest_hint(key.to_user_string(), [each.to_user_string() for each in self._assets], noun="asset"),
            )
        manager_key = assets_def.get_io_manager_key_for_asset_key(key)
        definitions = {**self._resource_defs, **assets_def.resource_defs}
        if manager_key == "io_manager":
            definitions.setdefault(manager_key, default_io_manager_definition)
        made = self._set_up(definitions, order_of_resources(definitions, [manager_key]), given)
        return assets_def, manager_key, definitions[manager_key], made

    def _set_up(
        self, definitions: Mapping[str, ResourceDefinition], needed: list[str], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what is needed by key; what was set up before is used again."""
        found: dict[str, Any] = {}
        fresh = []
        for key in needed:
            ready = self._made.get((key, id(definitions[key])))
            if ready is None:
                fresh.append(key)
            else:
                found[key] = ready[1]
        if fresh:
            opened = open_resources(
                {**definitions, **{key: as_resource_definition(key, each) for key, each in found.items()}},
                fresh,
                {key: each for key, each in given.items() if key in fresh},
                instance=self._instance,
                log=console_log(),
            )
            self._stack.append(opened)
            for key in fresh:
                found[key] = opened.mapping[key]
                self._made[key, id(definitions[key])] = (definitions[key], found[key])
        return found


def _config_of(definition: ResourceDefinition, key: str, given: Mapping[str, Any]) -> Any:
    entry = given.get(key)
    raw = entry.get("config", NOTHING_GIVEN) if isinstance(entry, Mapping) else NOTHING_GIVEN
    return definition.resolve_config(raw, subject=f"resource '{key}'", environment=os.environ)


def load_with(
    manager: Any,
    assets_def: AssetsDefinition,
    key: AssetKey,
    *,
    manager_key: str,
    resources: Mapping[str, Any],
    resource_config: Any,
    python_type: Any,
    partition_key: str | None,
    partition_key_range: PartitionKeyRange | None,
    metadata: Mapping[str, Any] | None,
    instance: Any,
) -> Any:
    """
    Let an IO manager load the value of an asset.

    Raises:
        InvariantViolationError: The resource is no IO manager.
    """
    if not hasattr(manager, "load_input"):
        raise InvariantViolationError(
            f"The resource '{manager_key}' ({type(manager).__name__}) loads asset '{key.to_user_string()}', but has no "
            "method load_input.",
            mend="give an IO manager under this key.",
        )
    spec = assets_def._specs_by_key.get(key)
    partitions_def = spec.partitions_def if spec is not None else None
    subset = None
    if partitions_def is not None and (partition_key is not None or partition_key_range is not None):
        with partition_loading_context(dynamic_partitions_store=instance):
            keys = (
                [partition_key]
                if partition_key_range is None
                else partitions_def.get_partition_keys_in_range(partition_key_range)
            )
            subset = partitions_def.empty_subset().with_partition_keys(keys)
    given = GivenResources(ScopedResources(resources), None, False, "get_asset_value_loader")
    upstream = _output_of(assets_def, key, resources, resource_config, instance)
    described = BuiltInputContext(
        given,
        asset_key=key,
        dagster_type=ANY if python_type is None else resolve_type(python_type),
        upstream_output=upstream,
        resource_config=resource_config,
        partition_key=partition_key,
        asset_partitions_subset=subset,
        asset_partitions_def=partitions_def,
        instance=instance,
        definition_metadata=metadata,
        log_manager=console_log(),
    )
    with partition_loading_context(dynamic_partitions_store=instance):  # of several dimensions, one may be dynamic
        value = manager.load_input(described)
        return _awaited(value) if inspect.isawaitable(value) else value


def _output_of(
    assets_def: AssetsDefinition,
    key: AssetKey,
    resources: Mapping[str, Any],
    resource_config: Any,
    instance: Any,
    partition_key: str | None = None,
) -> BuiltOutputContext:
    """Return the context of the output that is the value of an asset."""
    spec = assets_def._specs_by_key.get(key)
    has_output = assets_def._node_def is not None and assets_def.has_output_for_asset_key(key)
    return BuiltOutputContext(
        GivenResources(ScopedResources(resources), None, False, "get_asset_value_loader"),
        instance,
        name=assets_def.get_output_name_for_asset_key(key) if has_output else None,
        run_id=_RUN_ID,
        definition_metadata=spec.metadata if spec is not None else {},
        op_def=assets_def.get_op_def_for_asset_key(key) if has_output else None,
        asset_key=key,
        partition_key=partition_key,
        asset_partitions_def=spec.partitions_def if spec is not None else None,
        asset_spec=spec,
        resource_config=resource_config,
        log_manager=console_log(),
    )


def _awaited(value: Awaitable[Any]) -> Any:
    import asyncio  # 40 ms, for asynchronous IO managers alone

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


def asset_value_loader(definitions: Any, instance: Any = None) -> AssetValueLoader:
    """Return a loader of the values of the assets of *definitions*: a repository or definitions."""
    repository = definitions.get_repository_def() if hasattr(definitions, "get_repository_def") else definitions
    return AssetValueLoader(repository.assets_defs_by_key, instance, resource_defs=repository.get_top_level_resources())


def load_asset_value(definitions: Any, asset_key: CoercibleToAssetKey, **options: Any) -> Any:
    """
    Load the stored value of an asset that *definitions* knows.

    Args:
        definitions: A repository, definitions, or the job of a run.
        asset_key: The asset.
        options: Those of :meth:`AssetValueLoader.load_asset_value`; besides ``instance``, and inside of a run
            ``opened``: its resources, which are used and left open.
    """
    instance, opened = options.pop("instance", None), options.pop("opened", None)
    if not isinstance(definitions, JobDefinition):
        with asset_value_loader(definitions, instance) as loader:
            return loader.load_asset_value(asset_key, **options)
    key = AssetKey.from_coercible(asset_key)
    layer = definitions.asset_layer
    assets_def = layer.assets_def_for_key(key) if layer is not None else None
    if assets_def is None:
        raise UnknownAssetError(
            f"Asset key {key.to_user_string()} is not known to job '{definitions.name}'.",
            mend="give it to the run among the assets.",
        )
    manager_key = assets_def.get_io_manager_key_for_asset_key(key)
    manager = opened.mapping.get(manager_key) if opened is not None else None
    if manager is None:
        loader = AssetValueLoader({key: assets_def}, instance, resource_defs=definitions.resource_defs)
        with loader:
            return loader.load_asset_value(key, **options)
    definition = definitions.resource_defs.get(manager_key, default_io_manager_definition)
    return load_with(
        manager,
        assets_def,
        key,
        manager_key=manager_key,
        resources={each: opened.mapping[each] for each in definition.required_resource_keys},
        resource_config=_config_of(definition, manager_key, options.get("resource_config") or {}),
        python_type=options.get("python_type"),
        partition_key=options.get("partition_key"),
        partition_key_range=options.get("partition_key_range"),
        metadata=options.get("metadata"),
        instance=instance,
    )
