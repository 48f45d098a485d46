"""
``@multi_asset``: a function becomes several assets, told by specs or by its outputs.

Either way what comes out is the same, :class:`_Told`: an output of the op, a key and a spec for each asset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any, NamedTuple

from orrery.base.arguments import refuse_unknown
from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.assets.asset_spec import DEFAULT_GROUP_NAME, IO_MANAGER_KEY_METADATA_KEY, AssetDep, AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.node_outputs import add_check_outputs
from orrery.definitions.decorators.asset_inputs import asset_inputs
from orrery.definitions.graphs.op import OpDefinition, type_returned_at
from orrery.definitions.parts.cache_policy import CachePolicy, tags_with_policy
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import AnnotationThunk, InputDefinition, OutputDefinition
from orrery.definitions.parts.naming import DEFAULT_IO_MANAGER_KEY, check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.parts.signature import ComputeFunction, check_resources, check_signature, source_of
from orrery.definitions.parts.types import NOTHING
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["multi_asset"]


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
    refuse_unknown(multi_asset, legacy, "compute_kind", "non_argument_deps", "allow_arbitrary_check_specs")
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
        check_resources(analysed, required_resource_keys, owner)
        of_all = _SaidOfAll(owner, group_name, code_version, partitions_def, kind_tags, can_subset)
        all_deps: list[Any] = list(deps or ())
        if specs is not None:
            _check_keys_differ(specs, owner)
            if deps is not None and any(spec._parents for spec in specs):
                raise InvalidDefinitionError(
                    f"{owner}: can not pass deps and specs with deps to @multi_asset.",
                    mend="name the dependencies in the specs.",
                )
            all_deps.extend(_deps_from_outside(specs, analysed, ins or {}))
        inputs, keys, upstream, mappings = asset_inputs(analysed, ins, all_deps or None, owner)
        told = (
            _told_by_specs(specs, of_all, upstream, _loaded(analysed, keys, inputs))
            if specs is not None
            else _told_by_outs(outs or {}, of_all, upstream, internal_asset_deps or {}, analysed)
        )
        own_keys = None if legacy.get("allow_arbitrary_check_specs") else set(told.keys.values())
        checks = add_check_outputs(check_specs, told.outputs, own_keys, can_subset=can_subset)
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
            output_dict=told.outputs,
        )
        policies = [each.backfill_policy for each in (outs or {}).values() if each.backfill_policy is not None]
        return AssetsDefinition(
            keys_by_input_name=keys,
            keys_by_output_name=told.keys,
            node_def=node,
            partition_mappings=mappings,
            can_subset=can_subset,
            resource_defs=as_resource_definitions(resource_defs),
            backfill_policy=backfill_policy if backfill_policy is not None else (policies[0] if policies else None),
            check_specs_by_output_name=checks,
            specs=told.specs,
            hook_defs=hooks,
            source=source_of(fn),
        )

    return decorate


class _Told(NamedTuple):
    """
    The assets that the function makes.

    Attributes:
        outputs: Outputs of the op, by name.
        keys: The asset that each output is.
        specs: The assets.
    """

    outputs: dict[str, OutputDefinition]
    keys: dict[str, AssetKey]
    specs: list[AssetSpec]


class _SaidOfAll(NamedTuple):
    """What arguments of the decorator say of all its assets at once; *owner* names it in errors."""

    owner: str
    group_name: str | None
    code_version: str | None
    partitions_def: Any
    kind_tags: Mapping[str, str]
    can_subset: bool

    def changes(self, spec: AssetSpec, refusal: str) -> dict[str, Any]:
        """Return what is to be put into *spec*; *refusal* is said if it has a group of its own."""
        changes: dict[str, Any] = {}
        if self.group_name is not None:
            if spec.group_name not in (None, DEFAULT_GROUP_NAME):
                raise InvalidDefinitionError(f"{self.owner}: {refusal} '{spec.key.to_user_string()}'.")
            changes["group_name"] = self.group_name
        if self.code_version is not None and spec.code_version is None:
            changes["code_version"] = self.code_version
        return changes


def _check_keys_differ(specs: Sequence[AssetSpec], owner: str) -> None:
    keys = [spec.key for spec in specs]
    if len(set(keys)) < len(keys):
        twice = next(each for each in keys if keys.count(each) > 1)
        raise InvalidDefinitionError(f"{owner}: asset '{twice.to_user_string()}' stands twice in specs.")


def _deps_from_outside(specs: Sequence[AssetSpec], fn: ComputeFunction, ins: Mapping[str, Any]) -> Iterable[AssetDep]:
    """Return what the specs come after and the function does not load: each asset once."""
    own = {spec.key for spec in specs}
    named = {AssetIn.from_coercible(each).resolve_key(input_name) for input_name, each in ins.items()}
    named |= {AssetKey(each.name) for each in fn.input_params if each.name not in ins}
    found: dict[AssetKey, AssetDep] = {}
    for spec in specs:
        for dep in spec._deps:
            if dep.asset_key not in own and dep.asset_key not in named:
                found.setdefault(dep.asset_key, dep)
    return found.values()


def _loaded(
    fn: ComputeFunction, keys: Mapping[str, AssetKey], inputs: Mapping[str, InputDefinition]
) -> AbstractSet[AssetKey]:
    """Return the assets whose values the function takes."""
    if not fn.input_params:
        return frozenset()
    return {key for name, key in keys.items() if inputs[name]._type is not NOTHING}


def _told_by_specs(
    specs: Sequence[AssetSpec], of_all: _SaidOfAll, upstream: Sequence[AssetDep], loaded: AbstractSet[AssetKey]
) -> _Told:
    told = _Told({}, {}, [])
    named = {key for spec in specs for key in spec._parents}
    deps_of_all = tuple(dep for dep in upstream if dep.asset_key not in named)
    for spec in specs:
        output_name = spec.key.to_python_identifier()
        told.outputs[output_name] = OutputDefinition(
            output_name,
            is_required=not (of_all.can_subset or spec.skippable),
            io_manager_key=str(spec.metadata.get(IO_MANAGER_KEY_METADATA_KEY, DEFAULT_IO_MANAGER_KEY)),
            metadata=spec.metadata,
            code_version=spec.code_version or of_all.code_version,
            description=spec.description,
            dagster_type=NOTHING,
        )
        told.keys[output_name] = spec.key
        changes = of_all.changes(
            spec,
            "cannot set group_name parameter on multi_asset if one or more of the AssetSpecs supplied to this "
            "multi_asset have a group_name defined:",
        )
        own = {dep.asset_key for dep in spec._deps}
        if not own and deps_of_all:
            changes["deps"] = deps_of_all
        elif own and not own & loaded:
            taken = [dep for dep in upstream if dep.asset_key in loaded]
            if taken:
                changes["deps"] = [*spec._deps, *taken]
        if of_all.partitions_def is not None and spec.partitions_def is None:
            changes["partitions_def"] = of_all.partitions_def
        elif of_all.partitions_def is not None and spec.partitions_def != of_all.partitions_def:
            raise InvalidDefinitionError(
                f"{of_all.owner}: partitions_def of '{spec.key.to_user_string()}' differs from that of the multi asset."
            )
        if of_all.kind_tags:
            changes["tags"] = {**of_all.kind_tags, **spec.tags}
        told.specs.append(spec._changed(**changes) if changes else spec)
    return told


def _told_by_outs(
    outs: Mapping[str, AssetOut],
    of_all: _SaidOfAll,
    upstream: Sequence[AssetDep],
    internal_deps: Mapping[str, AbstractSet[AssetKey]],
    fn: ComputeFunction,
) -> _Told:
    told = _Told({}, {}, [])
    for output_name, out in outs.items():
        if not isinstance(out, AssetOut):
            raise InvalidDefinitionError(
                f"{of_all.owner}: outs['{output_name}'] is {out!r}.", mend="write AssetOut(...)."
            )
        told.keys[output_name] = out.resolve_key(output_name)
    own_keys = set(told.keys.values())
    for index, (output_name, out) in enumerate(outs.items()):
        check_name(output_name, noun=f"an output of {of_all.owner}")
        key = told.keys[output_name]
        told.outputs[output_name] = OutputDefinition(
            output_name,
            dagster_type=out.dagster_type,
            is_required=out.is_required,
            io_manager_key=out.io_manager_key or DEFAULT_IO_MANAGER_KEY,
            metadata=out.metadata,
            code_version=out.code_version or of_all.code_version,
            description=out.description,
            annotation=AnnotationThunk(partial(_annotation_of, index=index, count=len(outs)), fn),
        )
        deps = upstream
        if output_name in internal_deps:
            deps = _internal_deps(output_name, internal_deps[output_name], upstream, own_keys, of_all.owner)
        spec = out.to_spec(key, deps, additional_tags=of_all.kind_tags or None, partitions_def=of_all.partitions_def)
        changes = of_all.changes(spec, "a group name was given for all assets and for")
        told.specs.append(spec._changed(**changes) if changes else spec)
    for output_name in internal_deps:
        if output_name not in told.outputs:
            raise InvalidDefinitionError(
                f"{of_all.owner}: invalid out key '{output_name}' supplied to internal_asset_deps.",
                mend=nearest_hint(output_name, told.outputs, noun="output"),
            )
    return told


def _internal_deps(
    output_name: str,
    given: AbstractSet[AssetKey],
    upstream: Sequence[AssetDep],
    own_keys: AbstractSet[AssetKey],
    owner: str,
) -> Sequence[AssetDep]:
    """Return what one output comes after, where ``internal_asset_deps`` says it."""
    by_key = {dep.asset_key: dep for dep in upstream}
    wanted = [AssetKey.from_coercible(each) for each in given]
    for each in wanted:
        if each not in by_key and each not in own_keys:
            raise InvalidDefinitionError(
                f"{owner}: invalid asset dependency '{each.to_user_string()}' specified in "
                f"internal_asset_deps of '{output_name}': it is neither an input nor an output.",
                mend=nearest_hint(
                    each.to_user_string(), [one.to_user_string() for one in (*by_key, *own_keys)], noun="asset"
                ),
            )
    return [by_key.get(each, AssetDep(each)) for each in wanted]


def _annotation_of(fn: ComputeFunction, index: int, count: int) -> Any:
    """Return the annotation of one of the values; a function that returns None returns none of them."""
    if not fn.is_generator and fn.return_annotation is None:
        return None
    return type_returned_at(fn, index, count)
