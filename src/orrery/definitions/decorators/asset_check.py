"""``@asset_check`` and ``@multi_asset_check``: functions become checks of assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_spec import AssetDep, coerce_asset_deps
from orrery.definitions.assets.assets_definition import AssetChecksDefinition
from orrery.definitions.decorators.asset_inputs import asset_inputs
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.inputs_outputs import OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.parts.signature import ComputeFunction, check_resources, check_signature, source_of
from orrery.model.assets.check_spec import AssetCheckSpec

__all__ = ["asset_check", "multi_asset_check"]


def asset_check(
    *,
    asset: Any,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, Any] | None = None,
    additional_deps: Iterable[Any] | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    metadata: Mapping[str, Any] | None = None,
    automation_condition: Any = None,
    pool: str | None = None,
    partitions_def: Any = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """
    Make a check of the decorated function, which returns an ``AssetCheckResult``.

    The function may take the value of the asset as its one input, whatever its name.

    Args:
        asset: The asset that is checked: a key or a definition.
        name: Name of the check; that of the function if not given.
        description: Text for people; the docstring if not given.
        blocking: Whether a failure (of severity ERROR) keeps what depends on the asset from running.
        additional_ins: Further assets whose values the function takes, by parameter.
        additional_deps: Further assets that come before, without their values being loaded.
        required_resource_keys: Resources that the function takes from its context.
        resource_defs: Resources by key, for this check alone.
        config_schema: What the config must look like, if there is no parameter ``config``.
        compute_kind: Kind of the computation.
        op_tags: Tags of the step.
        retry_policy: When and how often a failure is tried again.
        metadata: Any metadata, by name.
        automation_condition: When the check is made by itself.
        pool: Name of the pool whose slots limit how many run at once.
        partitions_def: Partitions of the check.

    Raises:
        InvalidDefinitionError: The function takes more inputs than are declared.
    """
    asset_key = AssetKey.from_coercible_or_definition(asset)
    for dep in coerce_asset_deps(additional_deps or ()):
        if dep.asset_key == asset_key:
            raise InvalidDefinitionError(
                f"When defining check '{name or ''}', asset '{asset_key.to_user_string()}' was passed to `asset` and "
                "`additional_deps`. It can only be passed to one of these parameters."
            )

    def decorate(fn: Callable[..., Any]) -> AssetChecksDefinition:
        analysed = ComputeFunction(fn)
        check_name_ = name or analysed.name
        owner = f"check '{check_name_}'"
        check_signature(analysed, owner)
        check_resources(analysed, required_resource_keys, owner)
        ins: dict[str, Any] = {}
        for input_name, each in (additional_ins or {}).items():
            resolved = AssetIn.from_coercible(each).resolve_key(input_name)
            if resolved == asset_key:
                raise InvalidDefinitionError(
                    f"When defining check '{check_name_}', asset '{asset_key.to_user_string()}' was passed to `asset` "
                    "and `additional_ins`. It can only be passed to one of these parameters."
                )
            ins[input_name] = each
        free = [each.name for each in analysed.input_params if each.name not in ins]
        if len(free) > 1:
            raise InvalidDefinitionError(
                f"When defining check '{check_name_}', multiple target assets provided as parameters: {free}. "
                "Only one is allowed.",
                mend="name the others in additional_ins.",
            )
        deps: list[Any] = list(additional_deps or ())
        if free:
            ins[free[0]] = AssetIn(key=asset_key)
        else:
            deps.insert(0, AssetDep(asset_key))
        inputs, keys, dependencies, _mappings = asset_inputs(analysed, ins, deps, owner)
        spec = AssetCheckSpec(
            name=check_name_,
            asset=asset_key,
            description=description if description is not None else analysed.doc,
            additional_deps=[dep for dep in dependencies if dep.asset_key != asset_key],
            blocking=blocking,
            metadata=metadata,
            automation_condition=automation_condition,
            **({"partitions_def": partitions_def} if partitions_def is not None else {}),
        )
        node = OpDefinition(
            analysed,
            spec.get_python_identifier(),
            description=spec.description,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags={**({"kind": compute_kind} if compute_kind else {}), **(op_tags or {})},
            retry_policy=retry_policy,
            pool=pool,
            input_dict=inputs,
            output_dict={"result": OutputDefinition("result")},
        )
        return AssetChecksDefinition.create(
            keys_by_input_name=keys,
            node_def=node,
            check_specs_by_output_name={"result": spec},
            can_subset=False,
            resource_defs=as_resource_definitions(resource_defs),
            source=source_of(fn),
        )

    return decorate


def multi_asset_check(
    *,
    name: str | None = None,
    specs: Sequence[AssetCheckSpec],
    description: str | None = None,
    can_subset: bool = False,
    compute_kind: str | None = None,
    op_tags: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    config_schema: Any = None,
    ins: Mapping[str, Any] | None = None,
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], AssetChecksDefinition]:
    """
    Make several checks of the decorated function, which yields an ``AssetCheckResult`` for each.

    Args:
        name: Name of the step; that of the function if not given.
        specs: The checks.
        description: Text for people.
        can_subset: Whether the function makes only ``context.selected_asset_check_keys`` when asked.
        compute_kind: Kind of the computation.
        op_tags: Tags of the step.
        resource_defs: Resources by key, for these checks alone.
        required_resource_keys: Resources that the function takes from its context.
        retry_policy: When and how often a failure is tried again.
        config_schema: What the config must look like, if there is no parameter ``config``.
        ins: Assets whose values the function takes, by parameter.
        pool: Name of the pool whose slots limit how many run at once.
    """

    def decorate(fn: Callable[..., Any]) -> AssetChecksDefinition:
        analysed = ComputeFunction(fn)
        op_name = check_name(name or analysed.name, noun="a multi asset check")
        owner = f"multi asset check '{op_name}'"
        check_signature(analysed, owner)
        check_resources(analysed, required_resource_keys, owner)
        outputs: dict[str, OutputDefinition] = {}
        by_output: dict[str, AssetCheckSpec] = {}
        for spec in specs:
            output_name = spec.get_python_identifier()
            if output_name in by_output:
                raise InvalidDefinitionError(f"{owner}: check '{spec.key.to_user_string()}' stands twice in specs.")
            by_output[output_name] = spec
            outputs[output_name] = OutputDefinition(output_name, is_required=not can_subset)
        taken = {AssetIn.from_coercible(each).resolve_key(input_name) for input_name, each in (ins or {}).items()}
        taken |= {AssetKey(each.name) for each in analysed.input_params if each.name not in (ins or {})}
        deps = {
            key: None
            for spec in specs
            for key in (spec.asset_key, *(dep.asset_key for dep in spec.additional_deps))
            if key not in taken
        }
        inputs, keys, _deps, _mappings = asset_inputs(analysed, ins, list(deps), owner)
        node = OpDefinition(
            analysed,
            op_name,
            description=description if description is not None else analysed.doc,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags={**({"kind": compute_kind} if compute_kind else {}), **(op_tags or {})},
            retry_policy=retry_policy,
            pool=pool,
            input_dict=inputs,
            output_dict=outputs,
        )
        return AssetChecksDefinition.create(
            keys_by_input_name=keys,
            node_def=node,
            check_specs_by_output_name=by_output,
            can_subset=can_subset,
            resource_defs=as_resource_definitions(resource_defs),
            source=source_of(fn),
        )

    return decorate
