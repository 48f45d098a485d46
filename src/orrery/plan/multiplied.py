"""
Steps that dynamic outputs multiply: their keys, the branches that they belong to, and what each of them loads.

A template stands in the plan; under each mapping key of the dynamic outputs that it lies below there is a step of it,
``clean[a][x]``. What shares mapping keys with a step is found by their *dimensions*, the dynamic outputs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import FromCollect, FromSeveral, FromStepOutput, InputSource, leaves
from orrery.plan.step import ExecutionStep, StepInput

__all__ = ["Branch", "bracketed", "branch_within", "collects", "key_within", "multiplied"]

Branch: TypeAlias = tuple[str, tuple[str, ...]]
"""A template with some of its mapping keys known: the key of the template in the plan, and those."""


def collects(source: InputSource) -> bool:
    """Tell whether anything is collected of *source*."""
    return any(type(each) is FromCollect for each in leaves(source))


def bracketed(key: str, mapping_keys: Iterable[str]) -> str:
    """Return the key of the step of a template under these mapping keys."""
    return key + "".join(f"[{each}]" for each in mapping_keys)


def _by_dimension(step: ExecutionStep, keys: tuple[str, ...] | None) -> dict[Any, str]:
    return dict(zip(step.dimensions, step.mapping_keys if keys is None else keys, strict=False))


def key_within(template: ExecutionStep, step: ExecutionStep, keys: tuple[str, ...] | None = None) -> str:
    """Return the key of the step of *template* that shares the mapping keys of *step*."""
    if not template.dimensions:
        return template.key
    by_dimension = _by_dimension(step, keys)
    return bracketed(template.key, [by_dimension[each] for each in template.dimensions])


def branch_within(template: ExecutionStep, step: ExecutionStep) -> Branch:
    """Return the innermost branch of *template* that shares the mapping keys of *step*."""
    outer = template.dimensions[:-1]
    if not outer:
        return template.key, ()
    by_dimension = _by_dimension(step, None)
    return template.key, tuple([by_dimension[each] for each in outer])


def multiplied(plan: ExecutionPlan, template: ExecutionStep, keys: tuple[str, ...]) -> ExecutionStep:
    """Return the step that *template* is multiplied into under *keys*."""
    by_dimension = dict(zip(template.dimensions, keys, strict=True))

    def concrete(source: InputSource) -> InputSource:
        if isinstance(source, FromStepOutput):
            producer = plan.step_dict[source.step_key]
            mapped = by_dimension.get((source.step_key, source.output_name))
            if not producer.dimensions and mapped is None:
                return source
            inner = [by_dimension[each] for each in producer.dimensions]
            return FromStepOutput(bracketed(source.step_key, inner), source.output_name, mapped)
        if isinstance(source, FromSeveral):
            return FromSeveral(tuple([concrete(each) for each in source.sources]))
        return source

    inputs = {
        name: StepInput(name, concrete(each.source), each.definition, each.asset_key)
        for name, each in template.inputs.items()
    }
    return template.resolved(bracketed(template.key, keys), keys, inputs, template.after)
