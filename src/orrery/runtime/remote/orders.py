"""
Write a step down for another process, and find it again there.

The other process compiled the same plan. What it cannot know is what the run learned on its way: the mapping keys of
dynamic outputs, and which of several sources gave a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from orrery.base.errors import ExecutionStepNotFoundError
from orrery.definitions.graphs.job import JobDefinition
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import (
    FromAsset,
    FromCollect,
    FromDefault,
    FromInputManager,
    FromSeveral,
    FromStepOutput,
    InputSource,
    StepOutputHandle,
    leaves,
)
from orrery.plan.step import ExecutionStep, StepInput
from orrery.runtime.engine.limits import TimeLimits
from orrery.runtime.remote.messages import Source, StepOrder

__all__ = ["order_for", "resource_keys_of", "step_of_order"]


def order_for(
    step: ExecutionStep,
    attempt: int,
    *,
    plan: ExecutionPlan,
    was_given: Callable[[tuple[str, str]], bool],
    limits: TimeLimits | None = None,
    run_seconds: float | None = None,
    skipped: tuple[str, ...] = (),
    may_make_again: bool = True,
    may_reuse: Callable[[ExecutionStep], bool] | None = None,
) -> StepOrder:
    """
    Return the order to carry *step* out.

    Args:
        step: The step, as the state of the run handed it out.
        attempt: Which attempt.
        plan: The plan.
        was_given: Tells whether (step key, output name) was given.
        limits: Those of the run.
        run_seconds: The limit of the run, as it was set.
        skipped: Steps before it that were skipped: their values were stored before the run.
        may_make_again: Whether these values are made again if they are found damaged.
        may_reuse: Tells whether later runs may use the value of a step again; None if none may.
    """
    known = plan.step_dict.get(step.key)
    sources = {}
    for name, each in step.inputs.items():
        if known is None or each.source is not known.inputs[name].source or type(each.source) is FromSeveral:
            told = _told(each.source, was_given)
            if told is not None:
                sources[name] = told
    return StepOrder(
        step.key,
        attempt,
        step.template_key if known is None else "",
        step.mapping_keys,
        sources,
        limits.left() if limits is not None else None,
        run_seconds,
        skipped,
        may_make_again,
        may_reuse is not None and may_reuse(step),
    )


def _told(source: InputSource, was_given: Callable[[tuple[str, str]], bool]) -> Source | None:
    """Return what is to be said of a source; None where the plan says it."""
    if isinstance(source, FromStepOutput):
        return Source("output", (StepOutputHandle(source.step_key, source.output_name, source.mapping_key),))
    if isinstance(source, FromCollect):
        return Source("collect", (StepOutputHandle(source.step_key, source.output_name), *(source.handles or ())))
    if isinstance(source, FromDefault):
        return Source("default")
    if isinstance(source, FromSeveral):
        members = [
            each
            for each in source.sources
            if not isinstance(each, FromStepOutput) or was_given((each.step_key, each.output_name))
        ]
        told = [_told(each, was_given) for each in members]
        if all(each is not None for each in told):
            return Source("several", (), tuple(each for each in told if each is not None))
    return None


def step_of_order(plan: ExecutionPlan, order: StepOrder) -> ExecutionStep:
    """
    Return the step that *order* names, with its inputs as the run knows them.

    Raises:
        ExecutionStepNotFoundError: The plan of this process has no such step: the code made another job here.
    """
    template = plan.step_dict.get(order.template_key or order.key)
    if template is None:
        raise ExecutionStepNotFoundError(
            f"The worker finds no step '{order.key}' in the job '{plan.job.name}' as it was made again there.",
            mend="let the code define the same job each time it is imported.",
        )
    if not order.template_key and not order.sources:
        return template
    inputs = {
        name: StepInput(name, _source(order.sources[name], each), each.definition, each.asset_key)
        if name in order.sources
        else each
        for name, each in template.inputs.items()
    }
    if not order.template_key:
        return template.with_inputs(inputs)
    return template.resolved(order.key, order.mapping_keys, inputs, template.after)


def _source(told: Source, step_input: StepInput) -> InputSource:
    if told.kind == "output":
        handle = told.handles[0]
        return FromStepOutput(handle.step_key, handle.output_name, handle.mapping_key)
    if told.kind == "collect":
        origin = told.handles[0]
        return FromCollect(origin.step_key, origin.output_name, told.handles[1:])
    if told.kind == "several":
        return FromSeveral(tuple(_source(each, step_input) for each in told.sources))
    definition = step_input.definition
    return FromDefault(definition.default_value if definition.has_default_value else None)


def resource_keys_of(step: ExecutionStep, plan: ExecutionPlan) -> set[str]:
    """Return the keys of the resources that a step needs: its own, those of its hooks, and its IO managers."""
    owner: Any = step.assets_def if step.assets_def is not None else step.op
    keys = set(owner.get_resource_requirements()) | set(step.op.required_resource_keys)
    for hook in step._hooks:
        keys |= hook.required_resource_keys
    keys.update(each.definition.io_manager_key for each in step.outputs.values())
    for each in step.inputs.values():
        if each.definition.input_manager_key is not None:
            keys.add(each.definition.input_manager_key)
        keys.update(_managers(leaves(each.source), plan))
    return keys


def _managers(sources: Iterable[InputSource], plan: ExecutionPlan) -> Iterable[str]:
    job: JobDefinition = plan.job
    for source in sources:
        if isinstance(source, FromStepOutput | FromCollect):
            producer = plan.step_dict[source.step_key.partition("[")[0]]
            yield producer.outputs[source.output_name].definition.io_manager_key
        elif isinstance(source, FromInputManager):
            yield source.manager_key
        elif isinstance(source, FromAsset):
            layer = job.asset_layer
            known = layer.assets_def_for_key(source.asset_key) if layer is not None else None
            yield known.get_io_manager_key_for_asset_key(source.asset_key) if known is not None else "io_manager"
