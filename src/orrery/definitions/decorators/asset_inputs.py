"""
What the function of an asset loads, and which assets it comes after.

Most functions say it by their parameters alone, at most with the key of an asset for some of them:
:func:`keys_as_written` answers for those in a microsecond or two, and their inputs are made when somebody
looks. :func:`asset_inputs` answers for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.base.keys import AssetKey, key_named
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_spec import AssetDep, coerce_asset_deps
from orrery.definitions.parts.inputs_outputs import NO_VALUE, InputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.signature import EMPTY, ComputeFunction
from orrery.definitions.parts.types import NOTHING, resolve_type

__all__ = ["asset_inputs", "keys_as_written"]


def keys_as_written(fn: ComputeFunction, ins: Mapping[str, Any] | None) -> dict[str, AssetKey] | None:
    """
    Return the asset that each parameter loads, in the order of the parameters.

    None where more is said of an input than the key of its asset, or two inputs load one asset, or
    something is not as it should be: then :func:`asset_inputs` says it all.
    """
    names = fn.input_names
    if names is None:
        return None
    if not ins:
        return {name: key_named(name) for name in names}
    keys: dict[str, AssetKey] = {}
    declared = 0
    for name in names:
        given = ins.get(name)
        if given is None:
            keys[name] = key_named(name)
        elif type(given) is AssetIn and given._more is None and given.key is not None:
            keys[name] = given.key
            declared += 1
        else:
            return None
    return keys if declared == len(ins) and len({key.parts for key in keys.values()}) == len(keys) else None


def asset_inputs(
    fn: ComputeFunction,
    ins: Mapping[str, Any] | None,
    deps: Iterable[Any] | None,
    owner: str,
) -> tuple[dict[str, InputDefinition], dict[str, AssetKey], tuple[AssetDep, ...], dict[AssetKey, Any]]:
    """
    Return the inputs, the asset that each loads, all dependencies, and the partition mappings among them.

    Args:
        fn: The function.
        ins: What the user says of inputs, by name.
        deps: Assets to come after, whose values are not loaded: order-only inputs.
        owner: What the function belongs to, for messages: ``asset 'orders'``.

    Raises:
        InvalidDefinitionError: *ins* names what is no parameter, or a name that an input cannot bear.
    """
    inputs: dict[str, InputDefinition] = {}
    keys: dict[str, AssetKey] = {}
    found: list[AssetDep] = []
    mappings: dict[AssetKey, Any] = {}
    taken: set[tuple[str, ...]] = set()
    noun = f"an input of {owner}"
    given = dict(ins) if ins else {}
    for parameter in fn.input_params:
        name = parameter.name
        declared = given.pop(name, None)
        if declared is None:
            key = key_named(name)
            inputs[name] = InputDefinition(check_name(name, noun=noun), annotation=parameter.annotation, fn=fn.fn)
            keys[name] = key
            taken.add(key.parts)
            found.append(AssetDep(key))
            continue
        _add_declared(name, declared, parameter, fn, inputs, keys, found, mappings, taken, noun)
    for name, declared in given.items():
        asset_in = AssetIn.from_coercible(declared)
        is_nothing = asset_in.dagster_type is not NO_VALUE and resolve_type(asset_in.dagster_type).is_nothing
        if not (fn.takes_kwargs or is_nothing):
            known = [each.name for each in fn.input_params]
            raise InvalidDefinitionError(
                f"{owner}: ins names '{name}', but the function has no parameter of that name.",
                mend=f"add a parameter '{name}'; or {nearest_hint(name, known, noun='parameter')}"
                if known
                else f"add a parameter '{name}', or put the asset in deps.",
            )
        _add_declared(name, asset_in, None, fn, inputs, keys, found, mappings, taken, noun)
    if deps is not None:
        for dep in coerce_asset_deps(deps):
            key = dep.asset_key
            if key.parts in taken:
                continue
            name = key.to_python_identifier()
            while name in inputs:
                name += "_"
            inputs[name] = InputDefinition(name, dagster_type=NOTHING)
            keys[name] = key
            found.append(dep)
            if dep.partition_mapping is not None:
                mappings[key] = dep.partition_mapping
    if len(inputs) > 1:
        inputs = {name: inputs[name] for name in sorted(inputs)}
        keys = {name: keys[name] for name in inputs}
    return inputs, keys, tuple(found), mappings


def _add_declared(
    name: str,
    declared: Any,
    parameter: Any,
    fn: ComputeFunction,
    inputs: dict[str, InputDefinition],
    keys: dict[str, AssetKey],
    found: list[AssetDep],
    mappings: dict[AssetKey, Any],
    taken: set[tuple[str, ...]],
    noun: str,
) -> None:
    asset_in = declared if type(declared) is AssetIn else AssetIn.from_coercible(declared)
    key = asset_in.key or asset_in.resolve_key(name)
    inputs[name] = InputDefinition(
        check_name(name, noun=noun),
        dagster_type=asset_in.dagster_type,
        metadata=asset_in.metadata,
        input_manager_key=asset_in.input_manager_key,
        annotation=parameter.annotation if parameter is not None else EMPTY,
        fn=fn.fn,
    )
    keys[name] = key
    if key.parts in taken:
        return
    taken.add(key.parts)
    found.append(AssetDep(key, partition_mapping=asset_in.partition_mapping))
    if asset_in.partition_mapping is not None:
        mappings[key] = asset_in.partition_mapping
