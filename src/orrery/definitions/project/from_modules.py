"""
Definitions found at the top level of modules.

Whatever stands in a module under a name, or in a list under a name, is found; imported objects count
once. ``load_*_from_package_*`` import the package and all that lies below it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from orrery.base.errors import DuplicateDefinitionError, InvalidDefinitionError, InvalidInvocationError
from orrery.base.keys import AssetKey, key_prefix_parts
from orrery.base.records import refuse_unknown
from orrery.definitions.assets.asset_spec import AssetDep, AssetSpec
from orrery.definitions.assets.assets_definition import AssetChecksDefinition, AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.project.definitions import Definitions

__all__ = [
    "load_asset_checks_from_current_module",
    "load_asset_checks_from_modules",
    "load_asset_checks_from_package_module",
    "load_asset_checks_from_package_name",
    "load_assets_from_current_module",
    "load_assets_from_modules",
    "load_assets_from_package_module",
    "load_assets_from_package_name",
    "load_definitions_from_current_module",
    "load_definitions_from_module",
    "load_definitions_from_modules",
    "load_definitions_from_package_module",
    "load_definitions_from_package_name",
    "map_asset_specs",
]

Prefix = str | Sequence[str]


def map_asset_specs(func: Callable[[AssetSpec], AssetSpec], iterable: Iterable[Any]) -> list[Any]:
    """
    Return *iterable* with *func* applied to each spec, also to those inside of definitions.

    Args:
        func: Takes a spec, returns a spec under the same key.
        iterable: Specs and definitions of assets; other objects stay as they are.

    Raises:
        InvalidDefinitionError: *func* changes the key of an asset that has a function.

    >>> [spec.owners for spec in map_asset_specs(lambda s: s.replace_attributes(owners=["team:a"]), [AssetSpec("x")])]
    [['team:a']]
    """
    return [
        each.map_asset_specs(func)
        if isinstance(each, AssetsDefinition)
        else func(each)
        if isinstance(each, AssetSpec)
        else each
        for each in iterable
    ]


# -- finding -----------------------------------------------------------------------------------


def _found_in(module: ModuleType) -> Iterator[Any]:
    """Iterate the objects that stand in *module* under a name, or in a list under a name."""
    if not isinstance(module, ModuleType):
        raise InvalidInvocationError(f"{module!r} is no module.", mend="import it, and give what was imported.")
    for value in list(vars(module).values()):
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _find(modules: Iterable[ModuleType], kinds: Any) -> list[tuple[Any, str]]:
    """Return each object of *kinds* once, with the module it was found in first."""
    found: dict[int, tuple[Any, str]] = {}
    for module in modules:
        for each in _found_in(module):
            if isinstance(each, kinds):
                found.setdefault(id(each), (each, module.__name__))
    return list(found.values())


def _packaged(package: ModuleType) -> Iterator[ModuleType]:
    """Iterate *package* and all modules below it, importing them."""
    yield package
    for info in pkgutil.walk_packages(getattr(package, "__path__", ()), prefix=f"{package.__name__}."):
        yield importlib.import_module(info.name)


def _calling_module() -> ModuleType:
    """Return the module of the code that called the caller."""
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame.f_back if frame is not None else None
    module = inspect.getmodule(frame)
    if module is None:
        raise InvalidInvocationError(
            "The module of the calling code is not known.", mend="use load_assets_from_modules([module])."
        )
    return module


# -- assets ------------------------------------------------------------------------------------


def _keys_of(asset: Any) -> Iterable[AssetKey]:
    return asset.keys if isinstance(asset, AssetsDefinition) else (asset.key,)


def _refuse_duplicates(found: Iterable[tuple[Any, str]]) -> None:
    places: dict[AssetKey, list[tuple[Any, str]]] = {}
    for asset, module in found:
        for key in _keys_of(asset):
            places.setdefault(key, []).append((asset, module))
    for key, given in places.items():
        if len(given) > 1:
            where = ", ".join(f"{module}{_line_of(asset)}" for asset, module in given)
            raise DuplicateDefinitionError(
                f"Asset key {key.to_user_string()} is defined multiple times. Definitions found in modules: {where}.",
                mend="rename one of them, give one a key_prefix, or take one away.",
            )


def _line_of(asset: Any) -> str:
    source = getattr(asset, "_source", None) or getattr(asset, "source", None)
    return f" ({source[0]}:{source[1]})" if source else ""


_ARGUMENTS = (
    "group_name",
    "key_prefix",
    "automation_condition",
    "backfill_policy",
    "source_key_prefix",
    "include_specs",
    "legacy_freshness_policy",
    "auto_materialize_policy",
    "cache",
)


def load_assets_from_modules(
    modules: Iterable[ModuleType],
    group_name: str | None = None,
    key_prefix: Prefix | None = None,
    *,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    source_key_prefix: Prefix | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: Any = None,
    auto_materialize_policy: Any = None,
    cache: CachePolicy | None = None,
    **unknown: Any,
) -> list[Any]:
    """
    Return the assets of modules.

    Args:
        modules: The modules.
        group_name: Group to put the assets in; none of them may have another one.
        key_prefix: Put before the keys of assets that have a function, also where others depend on them.
        automation_condition: For assets that have none.
        backfill_policy: For all assets.
        source_key_prefix: Put before the keys of source assets and of specs without a function, also where others
            depend on them.
        include_specs: Whether specs without a function count as assets.
        legacy_freshness_policy: For assets that have none; carried.
        auto_materialize_policy: Older form of *automation_condition*.
        cache: When stored values may be used instead of being made again, for assets that have no policy of their own.

    Returns:
        Copies where something was changed, else the objects themselves.

    Raises:
        DuplicateDefinitionError: Two assets have one key; the modules are named.
        InvalidDefinitionError: *group_name* is given, and an asset has another group.
    """
    refuse_unknown("load_assets_from_modules", unknown, _ARGUMENTS)
    modules = list(modules)
    kinds = (AssetsDefinition, SourceAsset, AssetSpec) if include_specs else (AssetsDefinition, SourceAsset)
    found = [
        (each, module)
        for each, module in _find(modules, kinds)
        if not isinstance(each, AssetsDefinition) or each.has_keys
    ]
    _refuse_duplicates(found)
    if automation_condition is None and auto_materialize_policy is not None:
        automation_condition = auto_materialize_policy.to_automation_condition()
    renamed = _prefixed([each for each, _module in found], key_prefix, source_key_prefix)
    made = [
        _changed(each, renamed, group_name, automation_condition, backfill_policy, legacy_freshness_policy)
        for each, _module in found
    ]
    if cache is not None:
        if not isinstance(cache, CachePolicy):
            raise InvalidDefinitionError(
                f"load_assets_from_modules(cache={cache!r}): that is no policy.",
                mend="write cache=CachePolicy(ttl=timedelta(hours=24)).",
            )
        made = [
            each.with_policies_around(lambda group: cache, None) if isinstance(each, AssetsDefinition) else each
            for each in made
        ]
    rank = {AssetSpec: 1, SourceAsset: 2}
    by_module: dict[str, list[Any]] = {}
    for (_each, module), each in zip(found, made, strict=True):
        by_module.setdefault(module, []).append(each)
    return [each for group in by_module.values() for each in sorted(group, key=lambda one: rank.get(type(one), 0))]


def _prefixed(
    assets: Iterable[Any], key_prefix: Prefix | None, source_key_prefix: Prefix | None
) -> dict[AssetKey, AssetKey]:
    renamed: dict[AssetKey, AssetKey] = {}
    for each in assets:
        prefix = key_prefix if isinstance(each, AssetsDefinition) else source_key_prefix
        if prefix is not None:
            renamed.update({key: key.with_prefix(list(key_prefix_parts(prefix))) for key in _keys_of(each)})
    return renamed


def _changed(
    asset: Any,
    renamed: Mapping[AssetKey, AssetKey],
    group_name: str | None,
    automation_condition: Any,
    backfill_policy: Any,
    legacy_freshness_policy: Any,
) -> Any:
    if group_name is not None:
        specs = asset.specs if isinstance(asset, AssetsDefinition) else (asset,)
        for spec in specs:
            if spec.group_name not in (None, "default", group_name):
                raise InvalidDefinitionError(
                    f"Asset spec {spec.key.to_user_string()} has group name {spec.group_name}, which conflicts with the "
                    f"group name {group_name} provided in load_assets_from_modules.",
                    mend="leave one of the two out.",
                )
    if isinstance(asset, SourceAsset):
        new_key = renamed.get(asset.key)
        if new_key is None and group_name is None:
            return asset
        return asset._changed(key=new_key or asset.key, group_name=group_name or asset.group_name)
    if isinstance(asset, AssetSpec):
        changes: dict[str, Any] = {}
        if asset.key in renamed:
            changes["key"] = renamed[asset.key]
        if any(dep.asset_key in renamed for dep in asset.deps):
            changes["deps"] = [
                AssetDep(renamed.get(dep.asset_key, dep.asset_key), partition_mapping=dep.partition_mapping)
                for dep in asset.deps
            ]
        if group_name is not None:
            changes["group_name"] = group_name
        if automation_condition is not None and asset.automation_condition is None:
            changes["automation_condition"] = automation_condition
        return asset.replace_attributes(**changes) if changes else asset
    concerned = {key: new for key, new in renamed.items() if key in asset.keys or _depends_on(asset, key)}
    made = asset
    if concerned or backfill_policy is not None:
        made = made.with_attributes(asset_key_replacements=concerned, backfill_policy=backfill_policy)
    if group_name is None and automation_condition is None and legacy_freshness_policy is None:
        return made

    def of_spec(spec: AssetSpec) -> AssetSpec:
        changes: dict[str, Any] = {}
        if group_name is not None:
            changes["group_name"] = group_name
        if automation_condition is not None and spec.automation_condition is None:
            changes["automation_condition"] = automation_condition
        if legacy_freshness_policy is not None and spec.legacy_freshness_policy is None:
            changes["legacy_freshness_policy"] = legacy_freshness_policy
        return spec.replace_attributes(**changes) if changes else spec

    return made.map_asset_specs(of_spec)


def _depends_on(asset: AssetsDefinition, key: AssetKey) -> bool:
    return (
        key in asset._keys_by_input_name.values()
        or any(key in spec._parents for spec in asset._specs_by_key.values())
        or any(check.asset_key == key for check in asset._check_specs_by_output_name.values())
    )


def load_assets_from_current_module(
    group_name: str | None = None,
    key_prefix: Prefix | None = None,
    *,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    source_key_prefix: Prefix | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: Any = None,
    auto_materialize_policy: Any = None,
    cache: CachePolicy | None = None,
    **unknown: Any,
) -> list[Any]:
    """Return the assets of the module that calls this; args are those of :func:`load_assets_from_modules`."""
    return load_assets_from_modules(
        [_calling_module()],
        group_name,
        key_prefix,
        automation_condition=automation_condition,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
        cache=cache,
        **unknown,
    )


def load_assets_from_package_module(
    package_module: ModuleType,
    group_name: str | None = None,
    key_prefix: Prefix | None = None,
    *,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    source_key_prefix: Prefix | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: Any = None,
    auto_materialize_policy: Any = None,
    cache: CachePolicy | None = None,
    **unknown: Any,
) -> list[Any]:
    """
    Return the assets of a package and of all modules below it, importing them.

    Args are those of :func:`load_assets_from_modules`, with the package in place of modules.
    """
    return load_assets_from_modules(
        _packaged(package_module),
        group_name,
        key_prefix,
        automation_condition=automation_condition,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
        cache=cache,
        **unknown,
    )


def load_assets_from_package_name(
    package_name: str,
    group_name: str | None = None,
    key_prefix: Prefix | None = None,
    *,
    automation_condition: Any = None,
    backfill_policy: Any = None,
    source_key_prefix: Prefix | None = None,
    include_specs: bool = False,
    legacy_freshness_policy: Any = None,
    auto_materialize_policy: Any = None,
    cache: CachePolicy | None = None,
    **unknown: Any,
) -> list[Any]:
    """
    Return the assets of the package called *package_name* and of all modules below it, importing them.

    Args are those of :func:`load_assets_from_modules`, with the name in place of modules.
    """
    return load_assets_from_modules(
        _packaged(importlib.import_module(package_name)),
        group_name,
        key_prefix,
        automation_condition=automation_condition,
        backfill_policy=backfill_policy,
        source_key_prefix=source_key_prefix,
        include_specs=include_specs,
        legacy_freshness_policy=legacy_freshness_policy,
        auto_materialize_policy=auto_materialize_policy,
        cache=cache,
        **unknown,
    )


# -- checks ------------------------------------------------------------------------------------


def load_asset_checks_from_modules(
    modules: Iterable[ModuleType], asset_key_prefix: Prefix | None = None
) -> list[AssetChecksDefinition]:
    """
    Return the checks of modules.

    Args:
        modules: The modules.
        asset_key_prefix: Put before the keys of the checked assets: what ``load_assets_from_modules`` was
            given as ``key_prefix``.
    """
    found = [each for each, _module in _find(modules, AssetsDefinition) if each.has_check_keys and not each.has_keys]
    made = []
    for each in found:
        if asset_key_prefix is not None:
            parts = list(key_prefix_parts(asset_key_prefix))
            keys = {key.asset_key for key in each.check_keys}
            each = each.with_attributes(asset_key_replacements={key: key.with_prefix(parts) for key in keys})
        made.append(each.coerce_to_checks_def())
    return made


def load_asset_checks_from_current_module(asset_key_prefix: Prefix | None = None) -> list[AssetChecksDefinition]:
    """Return the checks of the module that calls this; see :func:`load_asset_checks_from_modules`."""
    return load_asset_checks_from_modules([_calling_module()], asset_key_prefix)


def load_asset_checks_from_package_module(
    package_module: ModuleType, asset_key_prefix: Prefix | None = None
) -> list[AssetChecksDefinition]:
    """Return the checks of a package and all modules below it; see :func:`load_asset_checks_from_modules`."""
    return load_asset_checks_from_modules(_packaged(package_module), asset_key_prefix)


def load_asset_checks_from_package_name(
    package_name: str, asset_key_prefix: Prefix | None = None
) -> list[AssetChecksDefinition]:
    """Return the checks of the package called *package_name*; see :func:`load_asset_checks_from_modules`."""
    return load_asset_checks_from_modules(_packaged(importlib.import_module(package_name)), asset_key_prefix)


# -- everything --------------------------------------------------------------------------------


def load_definitions_from_modules(
    modules: Iterable[ModuleType],
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """
    Return everything of modules that :class:`Definitions` takes: assets, checks, jobs, schedules, sensors.

    Args:
        modules: The modules.
        resources: Resources by key.
        loggers: Loggers of jobs that name none, by key.
        executor: Executor of jobs that name none.

    Raises:
        DuplicateDefinitionError: Two assets have one key; the modules are named.
    """
    modules = list(modules)
    instigators = [each for each, _module in _find(modules, object) if hasattr(type(each), "own_jobs")]
    sensors = [each for each in instigators if hasattr(each, "minimum_interval_seconds")]
    return Definitions(
        assets=load_assets_from_modules(modules, include_specs=True),
        asset_checks=load_asset_checks_from_modules(modules),
        jobs=[each for each, _module in _find(modules, (JobDefinition, UnresolvedAssetJobDefinition))],
        schedules=[each for each in instigators if not hasattr(each, "minimum_interval_seconds")],
        sensors=sensors,
        resources=resources,
        loggers=loggers,
        executor=executor,
    )


def load_definitions_from_module(
    module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return everything of a module that :class:`Definitions` takes; see :func:`load_definitions_from_modules`."""
    return load_definitions_from_modules([module], resources, loggers, executor)


def load_definitions_from_current_module(
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return everything of the module that calls this; see :func:`load_definitions_from_modules`."""
    return load_definitions_from_modules([_calling_module()], resources, loggers, executor)


def load_definitions_from_package_module(
    package_module: ModuleType,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return everything of a package and all modules below it; see :func:`load_definitions_from_modules`."""
    return load_definitions_from_modules(_packaged(package_module), resources, loggers, executor)


def load_definitions_from_package_name(
    package_name: str,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, Any] | None = None,
    executor: Any = None,
) -> Definitions:
    """Return everything of the package called *package_name*; see :func:`load_definitions_from_modules`."""
    return load_definitions_from_modules(_packaged(importlib.import_module(package_name)), resources, loggers, executor)
