"""``@asset``: a function becomes an asset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import msgspec

from orrery.base.arguments import check_kind, refuse_unknown
from orrery.base.errors import CyclicDependencyError, InvalidDefinitionError
from orrery.base.keys import AssetKey, CoercibleToAssetKey, CoercibleToAssetKeyPrefix, key_named
from orrery.definitions.assets.asset_spec import AssetDep, AssetSpec, condition_told, trusted_spec
from orrery.definitions.assets.assets_definition import AssetsDefinition, fast_assets_definition
from orrery.definitions.assets.node_outputs import add_check_outputs
from orrery.definitions.decorators.asset_inputs import asset_inputs, keys_as_written
from orrery.definitions.graphs.op import OpDefinition, type_returned
from orrery.definitions.parts.cache_policy import CachePolicy, tags_with_policy
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import NO_VALUE, AnnotationThunk, InputDefinition, OutputDefinition
from orrery.definitions.parts.naming import DEFAULT_IO_MANAGER_KEY
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.parts.signature import EMPTY, ComputeFunction, check_resources, check_signature, source_of
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.automation.freshness import FreshnessPolicy, LegacyFreshnessPolicy
from orrery.model.partitions.backfill_policy import BackfillPolicy

__all__ = ["asset"]


def _io_manager(
    io_manager_key: str | None,
    io_manager_def: Any,
    resource_defs: Mapping[str, Any] | None,
    identifier: str,
) -> tuple[str | None, Mapping[str, ResourceDefinition]]:
    if io_manager_def is not None and io_manager_key is not None:
        raise InvalidDefinitionError(
            f"Both io_manager_key and io_manager_def were provided to asset '{identifier}'.", mend="give one of them."
        )
    if not resource_defs and io_manager_def is None:
        return io_manager_key, {}
    defs = as_resource_definitions(resource_defs)
    if io_manager_def is not None:
        io_manager_key = f"{identifier}__io_manager"
        defs = {**defs, **as_resource_definitions({io_manager_key: io_manager_def})}
    return io_manager_key, defs


@overload
def asset(compute_fn: Callable[..., Any]) -> AssetsDefinition: ...


@overload
def asset(
    compute_fn: None = None,
    *,
    name: str | None = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    ins: Mapping[str, Any] | None = None,
    deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagster_type: Any = None,
    partitions_def: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    automation_condition: Any = None,
    freshness_policy: Any = None,
    backfill_policy: Any = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: AbstractSet[str] | None = None,
    pool: str | None = None,
    is_virtual: bool = False,
    cache: CachePolicy | None = None,
    compute_kind: str | None = None,
    non_argument_deps: Any = None,
    auto_materialize_policy: Any = None,
    legacy_freshness_policy: Any = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def asset(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key_prefix: CoercibleToAssetKeyPrefix | None = None,
    ins: Mapping[str, Any] | None = None,
    deps: Iterable[Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    dagster_type: Any = None,
    partitions_def: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    automation_condition: Any = None,
    freshness_policy: Any = None,
    backfill_policy: Any = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: AbstractSet[str] | None = None,
    pool: str | None = None,
    is_virtual: bool = False,
    cache: CachePolicy | None = None,
    **legacy: Any,
) -> Any:
    """
    Make an asset of the decorated function.

    The function returns the value of the asset. Its parameters name the upstream assets whose values
    it takes; ``context``, ``config`` and resources are told by name or annotation.

    Args:
        compute_fn: The function.
        name: Last part of the key; the function's name if not given.
        key_prefix: Parts before *name*.
        ins: Which asset a parameter loads and how, by parameter: an ``AssetIn``, or a key.
        deps: Assets that come before, without their values being loaded.
        metadata: Any metadata, by name.
        tags: Tags by name.
        description: Text for people; the docstring if not given.
        config_schema: What the config must look like, if there is no parameter ``config``.
        required_resource_keys: Resources that the function takes from its context.
        resource_defs: Resources by key, for this asset alone.
        hooks: Hooks of the step.
        io_manager_def: IO manager of this asset alone.
        io_manager_key: Resource that stores and loads the value; ``io_manager`` if not given.
        dagster_type: Type of the value; the return annotation if not given.
        partitions_def: Partitions of the asset.
        op_tags: Tags of the step.
        cache: When the stored value may be used instead of being made again; None for what the run says.
        group_name: Group of the asset; ``default`` if not given.
        output_required: Whether every run of the function must give a value.
        automation_condition: When the asset is made by itself.
        freshness_policy: How old the asset may become.
        backfill_policy: How a backfill is cut into runs.
        retry_policy: When and how often a failure is tried again.
        code_version: Version of the code.
        key: The whole key, in place of *name* and *key_prefix*.
        check_specs: Checks that the function makes, too.
        owners: Owners: e-mail addresses, or ``team:name``.
        kinds: Kinds of the asset, such as ``python`` or ``parquet``.
        pool: Name of the pool whose slots limit how many run at once.
        is_virtual: Whether the asset is a view on others.
        legacy: Older arguments: ``compute_kind``, ``non_argument_deps``, ``auto_materialize_policy``,
            ``legacy_freshness_policy``.

    Returns:
        An :class:`AssetsDefinition` (or the decorator that makes one).

    Raises:
        InvalidDefinitionError: Arguments that contradict one another, or the function.
    """
    if compute_fn is not None and not callable(compute_fn):
        raise InvalidDefinitionError(f"@asset decorates a function, not {compute_fn!r}.", mend="write @asset(...).")
    if legacy:
        refuse_unknown(
            asset, legacy, "compute_kind", "non_argument_deps", "auto_materialize_policy", "legacy_freshness_policy"
        )
        if legacy.get("non_argument_deps") is not None:
            deps = [*(deps or ()), *legacy["non_argument_deps"]]
        if legacy.get("compute_kind") is not None:
            if kinds:
                raise InvalidDefinitionError("Can not specify compute_kind and kinds on an asset.", mend="give kinds.")
            kinds = {legacy["compute_kind"]}
        automation_condition = condition_told(automation_condition, legacy.get("auto_materialize_policy"))

    if ins is not None:
        check_kind(
            ins, (dict, Mapping), name="ins", of="@asset", wanted="a mapping of AssetIn, or of keys, by parameter"
        )
    if resource_defs is not None:
        check_kind(resource_defs, Mapping, name="resource_defs", of="@asset", wanted="a mapping of resources by key")
    if hooks is not None:
        check_kind(hooks, AbstractSet, name="hooks", of="@asset", wanted="a set of hooks")
    if io_manager_key is not None:
        check_kind(io_manager_key, str, name="io_manager_key", of="@asset", wanted="the key of a resource, as text")
    if automation_condition is not None:
        check_kind(
            automation_condition,
            msgspec.Struct,  # the class itself takes 15 ms to import, and few assets have one
            name="automation_condition",
            of="@asset",
            wanted="an AutomationCondition, as AutomationCondition.eager()",
        )
    if backfill_policy is not None:
        check_kind(
            backfill_policy,
            BackfillPolicy,
            name="backfill_policy",
            of="@asset",
            wanted="a BackfillPolicy, as BackfillPolicy.single_run()",
        )
    if freshness_policy is not None:
        check_kind(
            freshness_policy,
            (FreshnessPolicy, LegacyFreshnessPolicy),
            name="freshness_policy",
            of="@asset",
            wanted="a FreshnessPolicy, as FreshnessPolicy.time_window(fail_window=timedelta(days=1))",
        )
    check_kind(output_required, bool, name="output_required", of="@asset", wanted="True or False")

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        analysed = ComputeFunction(fn)
        if key is not None:
            if name is not None or key_prefix is not None:
                raise InvalidDefinitionError(
                    f"Cannot specify a name or key prefix for @asset when the key argument is provided: {key!r}.",
                    mend="give the whole key as key=, or its parts as key_prefix= and name=.",
                )
            asset_key = AssetKey.from_coercible(key)
        else:
            called = name if name is not None else analysed.name
            asset_key = key_named(called) if type(called) is str else AssetKey(called)
            if key_prefix is not None:
                asset_key = asset_key.with_prefix(key_prefix)
        identifier = asset_key.to_python_identifier()
        owner = f"asset '{asset_key.to_user_string()}'"
        check_signature(analysed, owner)
        if required_resource_keys:
            check_resources(analysed, required_resource_keys, owner)
        inputs: dict[str, InputDefinition] | None = None
        edges: tuple[AssetDep, ...] | None = None
        mappings: dict[AssetKey, Any] = {}
        keys = keys_as_written(analysed, ins) if deps is None else None
        if keys is None:
            inputs, keys, edges, mappings = asset_inputs(analysed, ins, deps, owner)
            parents = tuple([edge.asset_key for edge in edges])
        else:
            parents = tuple(keys.values())
            if len(keys) > 1:
                keys = {each: keys[each] for each in sorted(keys)}
        if partitions_def is None and asset_key.parts in [parent.parts for parent in parents]:
            raise CyclicDependencyError(
                f'Asset "{asset_key.to_user_string()}" depends on itself. Assets can only depend on themselves if they are '
                "partitioned and each partition depends on earlier ones.",
                mend="take it out of its own inputs, or give it partitions_def= and a partition mapping.",
                members=(asset_key.to_user_string(),),
            )
        manager_key, bound = _io_manager(io_manager_key, io_manager_def, resource_defs, identifier)
        source = source_of(fn)
        text = description if description is not None else analysed.doc
        if metadata or tags or kinds or owners or group_name is not None or code_version is not None:
            checked = AssetSpec(
                asset_key,
                metadata=metadata,
                tags=tags,
                kinds=kinds,
                owners=owners,
                group_name=group_name,
                code_version=code_version,
            )
            meta, own_tags, own_owners, group = checked.metadata, checked.tags, checked._owners, checked.group_name
        else:
            meta, own_tags, own_owners, group = None, None, (), None
        if group is None:
            group = "default"
        spec = trusted_spec(
            asset_key,
            parents,
            edges,
            description=text,
            metadata=dict(meta) if meta else None,
            skippable=not output_required,
            group_name=group,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=own_owners,
            tags=dict(own_tags) if own_tags else None,
            partitions_def=partitions_def,
            freshness_policy=freshness_policy,
            legacy_freshness_policy=legacy.get("legacy_freshness_policy") if legacy else None,
            is_virtual=is_virtual,
            source=source,
        )
        output = OutputDefinition(
            "result",
            dagster_type=NO_VALUE if dagster_type is None else dagster_type,
            is_required=output_required,
            io_manager_key=manager_key or DEFAULT_IO_MANAGER_KEY,
            metadata=meta,
            code_version=code_version,
            annotation=AnnotationThunk(type_returned, analysed) if analysed.is_annotated else EMPTY,
        )
        outputs = {"result": output}
        checks = add_check_outputs(check_specs, outputs, {asset_key})
        node = OpDefinition(
            analysed,
            identifier,
            description=text,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags_with_policy(op_tags, cache, "@asset", "op_tags"),
            retry_policy=retry_policy,
            code_version=code_version,
            pool=pool,
            input_dict=inputs,
            output_dict=outputs,
            inputs_as_written=inputs is None,
        )
        if checks or bound or hooks or backfill_policy is not None:
            return AssetsDefinition(
                keys_by_input_name=keys,
                keys_by_output_name={"result": asset_key},
                node_def=node,
                partition_mappings=mappings,
                resource_defs=bound,
                backfill_policy=backfill_policy,
                check_specs_by_output_name=checks,
                specs=[spec],
                hook_defs=hooks,
                source=source,
            )
        return fast_assets_definition(node, keys, spec, mappings, source)

    return decorate(compute_fn) if compute_fn is not None else decorate
