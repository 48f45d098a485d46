"""``@asset`` and its family: functions become assets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, overload

import msgspec

from orrery.base.arguments import check_kind
from orrery.base.errors import CyclicDependencyError, InvalidDefinitionError, nearest, nearest_hint
from orrery.base.keys import (
    AssetKey,
    CoercibleToAssetKey,
    CoercibleToAssetKeyPrefix,
    key_named,
    key_prefix_parts,
)
from orrery.definitions.assets.asset_spec import (
    IO_MANAGER_KEY_METADATA_KEY,
    AssetDep,
    AssetIn,
    AssetOut,
    AssetSpec,
    trusted_spec,
)
from orrery.definitions.assets.assets_definition import AssetsDefinition, fast_assets_definition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.decorators.asset_inputs import asset_inputs, keys_as_written
from orrery.definitions.decorators.graph import as_config_mapping, compose_graph
from orrery.definitions.decorators.op import _check_resources
from orrery.definitions.graphs.op import OpDefinition, annotated_type
from orrery.definitions.parts.cache_policy import CachePolicy, tags_with_policy
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import (
    NO_VALUE,
    AnnotationThunk,
    GraphIn,
    GraphOut,
    InputDefinition,
    OutputDefinition,
)
from orrery.definitions.parts.naming import DEFAULT_IO_MANAGER_KEY, check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import ResourceDefinition, as_resource_definitions
from orrery.definitions.parts.signature import EMPTY, ComputeFunction, check_signature
from orrery.definitions.parts.types import NOTHING
from orrery.model.assets.check_spec import AssetCheckSpec
from orrery.model.automation.freshness import FreshnessPolicy, LegacyFreshnessPolicy
from orrery.model.partitions.backfill_policy import BackfillPolicy

__all__ = [
    "asset",
    "graph_asset",
    "graph_multi_asset",
    "multi_asset",
    "multi_observable_source_asset",
    "observable_source_asset",
]


_DEEPEST_WRAPPING = 100


def _source_of(fn: Any) -> tuple[str, int] | None:
    """Return file and line of what somebody wrote, below its decorators."""
    for _ in range(_DEEPEST_WRAPPING):
        inner = getattr(fn, "__wrapped__", None)
        if inner is None:
            break
        fn = inner
    code = getattr(fn, "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else None


def _return_type(fn: ComputeFunction) -> Any:
    """Return the annotation of what an asset's function returns; what its IO manager stores."""
    if fn.is_generator:
        return EMPTY
    annotation = fn.return_annotation
    return EMPTY if isinstance(annotation, str) else annotated_type(annotation)


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


def _legacy(decorator: Callable[..., Any], options: dict[str, Any], *names: str) -> None:
    """Refuse arguments that are neither those of *decorator* nor its older ones, *names*."""
    for each in options:
        if each not in names:
            known = [name for name in inspect.signature(decorator).parameters if name not in ("compute_fn", "legacy")]
            near = nearest(each, known) or next((name for name in known if name.startswith(f"{each}_")), None)
            raise InvalidDefinitionError(
                f"'{each}' is no argument of @{decorator.__name__}.",
                mend=f"write '{near}', the nearest name that exists." if near else f"use one of {', '.join(known)}.",
            )


def _condition(automation_condition: Any, auto_materialize_policy: Any) -> Any:
    if automation_condition is not None or auto_materialize_policy is None:
        return automation_condition
    if hasattr(auto_materialize_policy, "to_automation_condition"):
        return auto_materialize_policy.to_automation_condition()
    return auto_materialize_policy


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
        _legacy(
            asset, legacy, "compute_kind", "non_argument_deps", "auto_materialize_policy", "legacy_freshness_policy"
        )
        if legacy.get("non_argument_deps") is not None:
            deps = [*(deps or ()), *legacy["non_argument_deps"]]
        if legacy.get("compute_kind") is not None:
            if kinds:
                raise InvalidDefinitionError("Can not specify compute_kind and kinds on an asset.", mend="give kinds.")
            kinds = {legacy["compute_kind"]}
        automation_condition = _condition(automation_condition, legacy.get("auto_materialize_policy"))

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
            _check_resources(analysed, required_resource_keys, owner)
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
        source = _source_of(fn)
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
            annotation=AnnotationThunk(_return_type, analysed) if analysed.is_annotated else EMPTY,
        )
        outputs = {"result": output}
        checks = _check_outputs(check_specs, outputs, {asset_key})
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


def _check_outputs(
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


def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, Any] | None = None,
    deps: Iterable[Any] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    internal_asset_deps: Mapping[str, AbstractSet[AssetKey]] | None = None,
    partitions_def: Any = None,
    hooks: AbstractSet[HookDefinition] | None = None,
    backfill_policy: Any = None,
    op_tags: Mapping[str, Any] | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    specs: Sequence[AssetSpec] | None = None,
    check_specs: Sequence[AssetCheckSpec] | None = None,
    pool: str | None = None,
    cache: CachePolicy | None = None,
    **legacy: Any,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """
    Make several assets of the decorated function.

    Args:
        outs: The assets by output name; their values are returned as a tuple or yielded as ``Output``.
        name: Name of the step; that of the function if not given.
        ins: Which asset a parameter loads and how, by parameter.
        deps: Assets that come before, without their values being loaded.
        description: Text for people.
        config_schema: What the config must look like, if there is no parameter ``config``.
        required_resource_keys: Resources that the function takes from its context.
        internal_asset_deps: Upstream assets of each output; all inputs if not given.
        partitions_def: Partitions of all the assets.
        hooks: Hooks of the step.
        backfill_policy: How a backfill is cut into runs.
        op_tags: Tags of the step.
        can_subset: Whether the function makes only ``context.selected_asset_keys`` when asked.
        resource_defs: Resources by key, for these assets alone.
        group_name: Group of all the assets.
        retry_policy: When and how often a failure is tried again.
        code_version: Version of the code.
        specs: The assets, in place of *outs*; results are ``MaterializeResult`` or nothing.
        check_specs: Checks that the function makes, too.
        pool: Name of the pool whose slots limit how many run at once.
        cache: When the stored values may be used instead of being made again: all of them, or none.
        legacy: Older arguments: ``compute_kind``, ``non_argument_deps``, ``allow_arbitrary_check_specs``.

    Raises:
        InvalidDefinitionError: Arguments that contradict one another, or the function.
    """
    _legacy(multi_asset, legacy, "compute_kind", "non_argument_deps", "allow_arbitrary_check_specs")
    if legacy.get("non_argument_deps") is not None:
        deps = [*(deps or ()), *legacy["non_argument_deps"]]
    if outs is not None and specs is not None:
        raise InvalidDefinitionError("Must specify only outs or specs but not both.", mend="give one of them.")
    if specs is not None and internal_asset_deps:
        raise InvalidDefinitionError(
            "Can not pass internal_asset_deps and specs: each spec names its own deps.",
            mend="drop internal_asset_deps.",
        )
    for each in specs or ():
        if not isinstance(each, AssetSpec):
            raise InvalidDefinitionError(f"specs holds {each!r}, which is no AssetSpec.")
    kind_tags = {f"dagster/kind/{legacy['compute_kind']}": ""} if legacy.get("compute_kind") else {}

    def decorate(fn: Callable[..., Any]) -> AssetsDefinition:
        analysed = ComputeFunction(fn)
        op_name = check_name(name or analysed.name, noun="a multi asset")
        owner = f"multi asset '{op_name}'"
        check_signature(analysed, owner)
        _check_resources(analysed, required_resource_keys, owner)
        own_keys: set[AssetKey] = set()
        if specs is not None:
            own_keys = {spec.key for spec in specs}
            if len(own_keys) < len(specs):
                double = [spec.key for spec in specs]
                twice = next(each for each in double if double.count(each) > 1)
                raise InvalidDefinitionError(f"{owner}: asset '{twice.to_user_string()}' stands twice in specs.")
        elif outs is not None:
            own_keys = {each.resolve_key(output_name) for output_name, each in outs.items()}
        all_deps: list[Any] = list(deps or ())
        if specs is not None:
            if deps is not None and any(spec._parents for spec in specs):
                raise InvalidDefinitionError(
                    f"{owner}: can not pass deps and specs with deps to @multi_asset.",
                    mend="name the dependencies in the specs.",
                )
            named = {AssetIn.from_coercible(each).resolve_key(input_name) for input_name, each in (ins or {}).items()}
            named |= {AssetKey(each.name) for each in analysed.input_params if each.name not in (ins or {})}
            seen: dict[AssetKey, AssetDep] = {}
            for spec in specs:
                for dep in spec._deps:
                    if dep.asset_key not in own_keys and dep.asset_key not in named:
                        seen.setdefault(dep.asset_key, dep)
            all_deps.extend(seen.values())
        inputs, keys, dependencies, mappings = asset_inputs(analysed, ins, all_deps or None, owner)
        outputs: dict[str, OutputDefinition] = {}
        keys_by_output: dict[str, AssetKey] = {}
        made: list[AssetSpec] = []
        upstream = tuple(dependencies)
        if specs is not None:
            named_by_specs = {key for spec in specs for key in spec._parents}
            of_all = tuple(dep for dep in upstream if dep.asset_key not in named_by_specs)
            for spec in specs:
                output_name = spec.key.to_python_identifier()
                outputs[output_name] = OutputDefinition(
                    output_name,
                    is_required=not (can_subset or spec.skippable),
                    io_manager_key=str(spec.metadata.get(IO_MANAGER_KEY_METADATA_KEY, DEFAULT_IO_MANAGER_KEY)),
                    metadata=spec.metadata,
                    code_version=spec.code_version or code_version,
                    description=spec.description,
                    dagster_type=NOTHING,
                )
                keys_by_output[output_name] = spec.key
                changes: dict[str, Any] = {}
                if not spec._deps and of_all:
                    changes["deps"] = of_all
                elif spec._deps and analysed.input_params:
                    known = {dep.asset_key for dep in spec._deps}
                    loaded = [dep for dep in upstream if keys_loaded(dep, keys, inputs) and dep.asset_key not in known]
                    if loaded and not any(keys_loaded(dep, keys, inputs) for dep in spec._deps):
                        changes["deps"] = [*spec._deps, *loaded]
                if group_name is not None:
                    if spec.group_name not in (None, "default"):
                        raise InvalidDefinitionError(
                            f"{owner}: cannot set group_name parameter on multi_asset if one or more of the AssetSpecs "
                            f"supplied to this multi_asset have a group_name defined: '{spec.key.to_user_string()}'."
                        )
                    changes["group_name"] = group_name
                if code_version is not None and spec.code_version is None:
                    changes["code_version"] = code_version
                if partitions_def is not None and spec.partitions_def is None:
                    changes["partitions_def"] = partitions_def
                elif partitions_def is not None and spec.partitions_def != partitions_def:
                    raise InvalidDefinitionError(
                        f"{owner}: partitions_def of '{spec.key.to_user_string()}' differs from that of the multi asset."
                    )
                if kind_tags:
                    changes["tags"] = {**kind_tags, **spec.tags}
                made.append(spec._changed(**changes) if changes else spec)
        else:
            for output_name, out in (outs or {}).items():
                if not isinstance(out, AssetOut):
                    raise InvalidDefinitionError(
                        f"{owner}: outs['{output_name}'] is {out!r}.", mend="write AssetOut(...)."
                    )
                check_name(output_name, noun=f"an output of {owner}")
                key = out.resolve_key(output_name)
                position, count = len(outputs), len(outs or {})
                thunk = AnnotationThunk(partial(_multi_annotation, at=position, of=count), analysed)
                outputs[output_name] = OutputDefinition(
                    output_name,
                    dagster_type=NO_VALUE if out.dagster_type is NO_VALUE else out.dagster_type,
                    is_required=out.is_required,
                    io_manager_key=out.io_manager_key or DEFAULT_IO_MANAGER_KEY,
                    metadata=out.metadata,
                    code_version=out.code_version or code_version,
                    description=out.description,
                    annotation=thunk,
                )
                keys_by_output[output_name] = key
                own_deps: Sequence[Any] = upstream
                if internal_asset_deps and output_name in internal_asset_deps:
                    by_key = {dep.asset_key: dep for dep in upstream}
                    wanted = [AssetKey.from_coercible(each) for each in internal_asset_deps[output_name]]
                    for each in wanted:
                        if each not in by_key and each not in own_keys:
                            raise InvalidDefinitionError(
                                f"{owner}: invalid asset dependency '{each.to_user_string()}' specified in "
                                f"internal_asset_deps of '{output_name}': it is neither an input nor an output.",
                                mend=nearest_hint(
                                    each.to_user_string(),
                                    [one.to_user_string() for one in [*by_key, *own_keys]],
                                    noun="asset",
                                ),
                            )
                    own_deps = [by_key.get(each, AssetDep(each)) for each in wanted]
                spec = out.to_spec(key, own_deps, additional_tags=kind_tags or None, partitions_def=partitions_def)
                changes = {}
                if group_name is not None:
                    if spec.group_name not in (None, "default"):
                        raise InvalidDefinitionError(
                            f"{owner}: a group name was given for all assets and for '{key.to_user_string()}'."
                        )
                    changes["group_name"] = group_name
                if code_version is not None and spec.code_version is None:
                    changes["code_version"] = code_version
                made.append(spec._changed(**changes) if changes else spec)
            for output_name in internal_asset_deps or ():
                if output_name not in outputs:
                    raise InvalidDefinitionError(
                        f"{owner}: invalid out key '{output_name}' supplied to internal_asset_deps.",
                        mend=nearest_hint(output_name, outputs, noun="output"),
                    )
        arbitrary = legacy.get("allow_arbitrary_check_specs")
        checks = _check_outputs(check_specs, outputs, None if arbitrary else own_keys, can_subset=can_subset)
        node = OpDefinition(
            analysed,
            op_name,
            description=description if description is not None else analysed.doc,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags_with_policy(op_tags, cache, "@multi_asset", "op_tags"),
            retry_policy=retry_policy,
            code_version=code_version,
            pool=pool,
            input_dict=inputs,
            output_dict=outputs,
        )
        policies = [each.backfill_policy for each in (outs or {}).values() if each.backfill_policy is not None]
        return AssetsDefinition(
            keys_by_input_name=keys,
            keys_by_output_name=keys_by_output,
            node_def=node,
            partition_mappings=mappings,
            can_subset=can_subset,
            resource_defs=as_resource_definitions(resource_defs),
            backfill_policy=backfill_policy if backfill_policy is not None else (policies[0] if policies else None),
            check_specs_by_output_name=checks,
            specs=made,
            hook_defs=hooks,
            source=_source_of(fn),
        )

    return decorate


def keys_loaded(dep: AssetDep, keys: Mapping[str, AssetKey], inputs: Mapping[str, InputDefinition]) -> bool:
    """Tell whether the value of *dep* is loaded by an input."""
    return any(key == dep.asset_key and inputs[name]._type is not NOTHING for name, key in keys.items())


def _multi_annotation(fn: ComputeFunction, at: int, of: int) -> Any:
    if fn.is_generator:
        return EMPTY
    annotation = fn.return_annotation
    if annotation is EMPTY or isinstance(annotation, str):
        return EMPTY
    if annotation is None:
        return None
    if of == 1:
        return annotated_type(annotation)
    arguments = getattr(annotation, "__args__", ())
    if getattr(annotation, "__origin__", None) is tuple and len(arguments) == of:
        return annotated_type(arguments[at])
    return EMPTY


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
    **legacy: Any,
) -> Any:
    """
    Make an asset of the decorated function, which calls ops: the asset is what they give together.

    Args are those of :func:`asset` and :func:`graph`.
    """
    _legacy(graph_asset, legacy, "auto_materialize_policy", "legacy_freshness_policy")

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
            automation_condition=_condition(automation_condition, legacy.get("auto_materialize_policy")),
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
            source=_source_of(fn),
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
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """
    Make several assets of the decorated function, which calls ops and returns a dictionary of outputs.

    Args are those of :func:`multi_asset` and :func:`graph`.
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
            source=_source_of(fn),
        )

    return decorate


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
    _legacy(observable_source_asset, legacy, "auto_observe_interval_minutes", "legacy_freshness_policy")

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
            source=_source_of(fn),
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
        made.execution_type = "OBSERVATION"
        return made

    return decorate
