"""
A run under way, as a state machine: events in, commands out.

Pure: no clock, no threads. :meth:`ActiveExecution.note` is fed with each event of a step;
:meth:`ActiveExecution.commands` says what to launch and what to skip, with the reason. Steps become
ready in waves: whatever is ready is handed out in the order of the plan, by priority.

Dynamic outputs multiply steps. A step of the plan that depends on one is a *template*; as soon as its
dynamic output is complete, one step per mapping key is made. Templates may lie below several dynamic
outputs, one inside the other or side by side; collecting takes away the innermost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from orrery.definitions.parts.policies import RunWhen
from orrery.plan.commands import Command, LaunchStep, SkipStep, Wait
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import FromCollect, FromSeveral, FromStepOutput, InputSource, StepOutputHandle
from orrery.plan.step import ExecutionStep, StepInput

__all__ = ["PRIORITY_TAGS", "ActiveExecution", "StepState"]

PRIORITY_TAGS = ("orrery/priority", "dagster/priority")


class StepState:
    """How a step stands."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"
    IN_FLIGHT = "in_flight"


class _Partial(msgspec.Struct):
    """A template with some of its mapping keys known."""

    template: ExecutionStep
    keys: tuple[str, ...]


class ActiveExecution:
    """
    The state of a run.

    Args:
        plan: The plan.
        known_outputs: Outputs of an earlier run, for steps that are not executed again.
    """

    def __init__(self, plan: ExecutionPlan, known_outputs: Iterable[StepOutputHandle] = ()) -> None:
        self.plan = plan
        self.states: dict[str, str] = {}
        self.attempts: dict[str, int] = {}
        self.skip_reasons: dict[str, str] = {}
        self._given: set[tuple[str, str]] = set()
        self._waiting: dict[str, int] = {}
        self._children: dict[str, list[ExecutionStep]] = {}
        self._ready: list[ExecutionStep] = []
        self._retry_at: dict[str, float] = {}
        self._steps: dict[str, ExecutionStep] = {}
        self._open = 0
        self._order: dict[str, int] = {}
        self._has_priorities = False
        self._has_dynamic = False
        self._mapping_keys: dict[tuple[str, str], list[str]] = {}
        self._partials: dict[str, list[_Partial]] = {}
        self._outstanding: dict[tuple[str, tuple[str, ...]], int] = {}
        self._collectors: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        self._collect_depths: dict[str, set[int]] = {}
        self._instances: dict[str, list[ExecutionStep]] = {}
        executed = set(plan.step_keys_to_execute)
        steps = plan.steps
        templates = []
        for handle in known_outputs:
            self._given.add((handle.step_key, handle.output_name))
            if handle.mapping_key is not None:
                self._mapping_keys.setdefault((handle.step_key, handle.output_name), []).append(handle.mapping_key)
        for index, step in enumerate(steps):
            self._order[step.key] = index
            if step.tags and any(tag in step.tags for tag in PRIORITY_TAGS):
                self._has_priorities = True
            if step.dimensions:
                templates.append(step)
        if templates or any(
            isinstance(each.source, FromCollect) for step in steps for each in step.inputs.values()
        ):
            self._has_dynamic = True
            self._start_dynamic(steps, executed)
        else:
            waiting, children, ready = self._waiting, self._children, self._ready
            known = self._steps
            for step in steps:
                key = step.key
                known[key] = step
                count = 0
                inputs = step.inputs
                if not inputs and not step.after:
                    ready.append(step)
                    continue
                for parent in step.parent_keys:
                    if parent in executed:
                        count += 1
                        below = children.get(parent)
                        if below is None:
                            children[parent] = [step]
                        else:
                            below.append(step)
                if count:
                    waiting[key] = count
                else:
                    ready.append(step)
            self._open = len(steps)

    # -- questions -----------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Tell whether every step has ended."""
        return self._open == 0

    def step(self, key: str) -> ExecutionStep:
        """Return the step that runs under *key*."""
        return self._steps[key]

    def failed_steps(self) -> list[str]:
        """Return the keys of the steps that failed, in the order they did."""
        return [key for key, state in self.states.items() if state == StepState.FAILURE]

    def unfinished(self) -> list[ExecutionStep]:
        """Return the steps that have not ended."""
        return [
            step
            for key, step in self._steps.items()
            if self.states.get(key) in (None, StepState.IN_FLIGHT)
        ]

    # -- events in -----------------------------------------------------------------------------

    def note_output(self, step_key: str, output_name: str, mapping_key: str | None) -> None:
        """Note that a step gave an output."""
        self._given.add((step_key, output_name))
        if mapping_key is not None:
            self._mapping_keys.setdefault((step_key, output_name), []).append(mapping_key)

    def note_success(self, step_key: str) -> None:
        """Note that a step succeeded."""
        self._end(step_key, StepState.SUCCESS)

    def note_failure(self, step_key: str) -> None:
        """Note that a step failed for good."""
        self._end(step_key, StepState.FAILURE)

    def note_retry(self, step_key: str, at: float) -> None:
        """Note that a step failed and is tried again, not before *at* (monotonic seconds)."""
        self.attempts[step_key] = self.attempts.get(step_key, 1) + 1
        self.states.pop(step_key, None)
        self._retry_at[step_key] = at

    # -- commands out --------------------------------------------------------------------------

    def commands(self, now: float = 0.0) -> list[Command]:
        """
        Return what to do next: steps to launch, steps to skip; or to wait, if a retry is due later.

        Each step is handed out once. An empty answer means: wait for events.
        """
        found: list[Command] = []
        if self._retry_at:
            due = [key for key, at in self._retry_at.items() if at <= now]
            for key in due:
                del self._retry_at[key]
                self.states[key] = StepState.IN_FLIGHT
                found.append(LaunchStep(self._steps[key], self.attempts[key]))
        ready, self._ready = self._ready, []
        if len(ready) > 1:
            ready.sort(key=self._rank)
        for step in ready:
            reason, parents = self._skip_reason(step) if step.inputs or step.after else (None, ())
            if reason is not None:
                self.skip_reasons[step.key] = reason
                found.append(SkipStep(step, reason, parents))
                continue
            if self._has_dynamic:
                step = self._with_collected(step)
            self.states[step.key] = StepState.IN_FLIGHT
            found.append(LaunchStep(step))
        for command in found:
            if isinstance(command, SkipStep):
                self._end(
                    command.step.key, StepState.ABANDONED if command.failed_parents else StepState.SKIPPED
                )
        if not found and self._ready:
            return self.commands(now)
        if not found and self._retry_at and not any(state == StepState.IN_FLIGHT for state in self.states.values()):
            found.append(Wait(min(self._retry_at.values())))
        return found

    def next_retry(self) -> float | None:
        """Return when the next retry is due (monotonic seconds), if one is waiting."""
        return min(self._retry_at.values()) if self._retry_at else None

    def _rank(self, step: ExecutionStep) -> tuple[float, int, tuple[str, ...]]:
        priority = 0.0
        if self._has_priorities:
            for tag in PRIORITY_TAGS:
                if tag in step.tags:
                    try:
                        priority = -float(step.tags[tag])
                    except ValueError:
                        priority = 0.0
        return priority, self._order[step.template_key], ()

    # -- inside --------------------------------------------------------------------------------

    def _end(self, key: str, state: str) -> None:
        self.states[key] = state
        self._open -= 1
        below = self._children.get(key)
        if below is not None:
            waiting = self._waiting
            for child in below:
                left = waiting[child.key] - 1
                if left:
                    waiting[child.key] = left
                else:
                    del waiting[child.key]
                    self._ready.append(child)
        if self._has_dynamic:
            self._dynamic_end(self._steps[key], state)

    def _skip_reason(self, step: ExecutionStep) -> tuple[str | None, tuple[str, ...]]:
        states = self.states
        rule = step.run_when
        if rule is RunWhen.ALL_DONE:
            return None, ()
        parents = self._parents(step)
        if rule is RunWhen.ANY_SUCCEEDED:
            known = [key for key in parents if key in states]
            if not known or any(states[key] == StepState.SUCCESS for key in known):
                return None, ()
            return f"none of its parents succeeded: {', '.join(sorted(known))}", tuple(known)
        bad: list[str] | None = None
        for key in parents:
            state = states.get(key)
            if state == StepState.FAILURE or state == StepState.ABANDONED:
                if bad is None:
                    bad = []
                bad.append(key)
        if bad is not None:
            failed = [key for key in bad if states[key] == StepState.FAILURE]
            shown = ", ".join(f"'{key}'" for key in sorted(failed or bad))
            what = "failed" if failed else "was not executed, because of a failure above it"
            return f"upstream {shown} {what}", tuple(bad)
        given = self._given
        for each in step.inputs.values():
            source = each.source
            if type(source) is FromStepOutput:
                if (source.step_key, source.output_name) not in given and (
                    source.step_key in states or source.step_key not in self._steps
                ):
                    return self._missing(source.step_key, source.output_name, each.name), ()
            elif type(source) is FromSeveral:
                inner = [one for one in source.sources if isinstance(one, FromStepOutput)]
                if inner and len(inner) == len(source.sources) and not any(
                    (one.step_key, one.output_name) in given for one in inner
                ):
                    return self._missing(inner[0].step_key, inner[0].output_name, each.name), ()
        for key in step.after:
            if states.get(key) == StepState.SKIPPED:
                return f"upstream '{key}' was skipped", ()
        return None, ()

    def _missing(self, step_key: str, output_name: str, input_name: str) -> str:
        if self.states.get(step_key) == StepState.SKIPPED:
            return f"upstream '{step_key}', which input '{input_name}' takes, was skipped"
        return f"upstream '{step_key}' did not give output '{output_name}', which input '{input_name}' takes"

    def _parents(self, step: ExecutionStep) -> Iterable[str]:
        if not self._has_dynamic:
            return step.parent_keys
        found: dict[str, None] = {}
        for each in step.inputs.values():
            for key in self._source_parents(each.source, step):
                found[key] = None
        for key in step.after:
            found[key] = None
        return found

    def _source_parents(self, source: InputSource, step: ExecutionStep) -> Iterable[str]:
        if isinstance(source, FromCollect) and source.handles is None:
            template = self.plan.step_dict.get(source.step_key)
            if template is not None and template.dimensions:
                prefix = step.mapping_keys[: len(template.dimensions)]
                return [
                    each.key
                    for each in self._instances.get(template.key, ())
                    if each.mapping_keys[: len(prefix)] == prefix or not prefix
                ]
            return (source.step_key,)
        if isinstance(source, FromSeveral):
            return [key for each in source.sources for key in self._source_parents(each, step)]
        return source.step_keys

    # -- dynamic outputs -----------------------------------------------------------------------

    def _start_dynamic(self, steps: list[ExecutionStep], executed: set[str]) -> None:
        for step in steps:
            for each in step.inputs.values():
                for source in _flat(each.source):
                    if isinstance(source, FromCollect):
                        template = self.plan.step_dict[source.step_key]
                        if template.dimensions and not template.outputs[source.output_name].is_dynamic:
                            depth = len(template.dimensions) - 1
                            self._collect_depths.setdefault(source.step_key, set()).add(depth)
        for step in steps:
            if step.dimensions:
                self._open += 1
                self._note_partial(step, ())
        for step in steps:
            if not step.dimensions:
                self._open += 1
                self._add(step, executed)
        for step in steps:
            if step.dimensions:
                self._advance(_Partial(step, ()))

    def _note_partial(self, template: ExecutionStep, keys: tuple[str, ...]) -> None:
        for depth in self._collect_depths.get(template.key, ()):
            if len(keys) == depth:
                mark = (template.key, keys)
                self._outstanding[mark] = self._outstanding.get(mark, 0) + 1

    def _count(self, template_key: str, keys: tuple[str, ...], change: int) -> None:
        for depth in self._collect_depths.get(template_key, ()):
            if len(keys) >= depth:
                mark = (template_key, keys[:depth])
                left = self._outstanding.get(mark, 0) + change
                self._outstanding[mark] = left
                if left == 0:
                    for waiting_key in self._collectors.pop(mark, ()):
                        self._one_less(waiting_key)

    def _one_less(self, key: str) -> None:
        left = self._waiting[key] - 1
        if left:
            self._waiting[key] = left
        else:
            del self._waiting[key]
            self._ready.append(self._steps[key])

    def _add(self, step: ExecutionStep, executed: set[str] | None = None) -> None:
        """Add a step that can run as soon as its parents have ended."""
        self._steps[step.key] = step
        self._order.setdefault(step.key, self._order.get(step.template_key, 0))
        if step.mapping_keys:
            self._instances.setdefault(step.template_key, []).append(step)
        count = 0
        marks: set[tuple[str, tuple[str, ...]]] = set()
        parents: set[str] = set(step.after)
        for each in step.inputs.values():
            for source in _flat(each.source):
                if isinstance(source, FromCollect):
                    template = self.plan.step_dict[source.step_key]
                    if template.dimensions and not template.outputs[source.output_name].is_dynamic:
                        depth = len(template.dimensions) - 1
                        marks.add((template.key, step.mapping_keys[:depth]))
                        continue
                    parents.add(self._instance_key(template, step))
                else:
                    parents.update(source.step_keys)
        for mark in marks:
            if self._outstanding.get(mark, 0) > 0:
                count += 1
                self._collectors.setdefault(mark, []).append(step.key)
        for parent in parents:
            if executed is not None and parent not in executed:
                continue
            if self.states.get(parent) in (None, StepState.IN_FLIGHT) and (parent in self._steps or parent in self.plan.step_dict):
                count += 1
                self._children.setdefault(parent, []).append(step)
        if count:
            self._waiting[step.key] = count
        else:
            self._ready.append(step)

    @staticmethod
    def _instance_key(template: ExecutionStep, step: ExecutionStep) -> str:
        """Return the key of the step of *template* that lies on the way to *step*."""
        by_dimension = dict(zip(step.dimensions, step.mapping_keys, strict=False))
        keys = [by_dimension[each] for each in template.dimensions if each in by_dimension]
        return template.key + "".join(f"[{key}]" for key in keys)

    def _advance(self, partial: _Partial) -> None:
        """Learn the next mapping key of a template, or wait for the step that gives it."""
        template, keys = partial.template, partial.keys
        dimension = template.dimensions[len(keys)]
        producer = self.plan.step_dict[dimension[0]]
        by_dimension = dict(zip(template.dimensions, keys, strict=False))
        producer_key = producer.key + "".join(f"[{by_dimension[each]}]" for each in producer.dimensions)
        state = self.states.get(producer_key)
        if producer.key not in self._order:
            state = StepState.SUCCESS
        if state in (None, StepState.IN_FLIGHT):
            self._partials.setdefault(producer_key, []).append(partial)
            return
        if state != StepState.SUCCESS:
            self._end_partial(template, keys, producer_key, state)
            return
        found = self._mapping_keys.get((producer_key, dimension[1]), [])
        self._count(template.key, keys, len(found) - 1 if self._is_counted(template, keys) else 0)
        self._open += len(found) - 1
        for key in found:
            longer = (*keys, key)
            if not self._is_counted(template, keys):
                self._note_partial(template, longer)
            if len(longer) == len(template.dimensions):
                self._add(self._instance(template, longer))
            else:
                self._advance(_Partial(template, longer))

    def _is_counted(self, template: ExecutionStep, keys: tuple[str, ...]) -> bool:
        return any(len(keys) >= depth for depth in self._collect_depths.get(template.key, ()))

    def _end_partial(self, template: ExecutionStep, keys: tuple[str, ...], producer_key: str, state: str) -> None:
        """End a template whose dynamic output will never come."""
        key = template.key + "".join(f"[{each}]" for each in keys)
        self._steps.setdefault(key, template)
        failed = state in (StepState.FAILURE, StepState.ABANDONED)
        reason = f"upstream '{producer_key}' {'failed' if state == StepState.FAILURE else 'was not executed'}"
        self.states[key] = StepState.ABANDONED if failed else StepState.SKIPPED
        self.skip_reasons[key] = reason
        self._open -= 1
        self._instances.setdefault(template.key, []).append(_ended(template, keys))
        self._count(template.key, keys, -1)
        self._release(key)

    def _release(self, key: str) -> None:
        for child in self._children.pop(key, ()):
            self._one_less(child.key)
        for partial in self._partials.pop(key, ()):
            self._advance(partial)

    def _instance(self, template: ExecutionStep, keys: tuple[str, ...]) -> ExecutionStep:
        by_dimension = dict(zip(template.dimensions, keys, strict=True))

        def concrete(source: InputSource) -> InputSource:
            if isinstance(source, FromStepOutput):
                producer = self.plan.step_dict[source.step_key]
                inner = [by_dimension[each] for each in producer.dimensions if each in by_dimension]
                mapped = by_dimension.get((source.step_key, source.output_name))
                if not inner and mapped is None:
                    return source
                return FromStepOutput(
                    source.step_key + "".join(f"[{each}]" for each in inner), source.output_name, mapped
                )
            if isinstance(source, FromSeveral):
                return FromSeveral(tuple(concrete(each) for each in source.sources))
            return source

        inputs = {
            name: StepInput(name, concrete(each.source), each.definition, each.asset_key)
            for name, each in template.inputs.items()
        }
        key = template.key + "".join(f"[{each}]" for each in keys)
        return template.resolved(key, keys, inputs, template.after)

    def _dynamic_end(self, step: ExecutionStep, state: str) -> None:
        if step.mapping_keys:
            self._count(step.template_key, step.mapping_keys, -1)
        for partial in self._partials.pop(step.key, ()):
            self._advance(partial)

    def _with_collected(self, step: ExecutionStep) -> ExecutionStep:
        """Return *step* with the outputs that it collects named."""
        if not any(isinstance(source, FromCollect) for each in step.inputs.values() for source in _flat(each.source)):
            return step
        inputs = {}
        for name, each in step.inputs.items():
            source = each.source
            if isinstance(source, FromCollect):
                source = FromCollect(source.step_key, source.output_name, self._collected(source, step))
            inputs[name] = StepInput(name, source, each.definition, each.asset_key)
        made = step.resolved(step.key, step.mapping_keys, inputs, step.after)
        made.template_key = step.template_key
        self._steps[step.key] = made
        return made

    def _collected(self, source: FromCollect, step: ExecutionStep) -> tuple[StepOutputHandle, ...]:
        template = self.plan.step_dict[source.step_key]
        if template.outputs[source.output_name].is_dynamic:
            key = self._instance_key(template, step)
            return tuple(
                StepOutputHandle(key, source.output_name, each)
                for each in self._mapping_keys.get((key, source.output_name), ())
            )
        prefix = step.mapping_keys[: len(template.dimensions) - 1]
        return tuple(
            StepOutputHandle(each.key, source.output_name)
            for each in self._instances.get(template.key, ())
            if each.mapping_keys[: len(prefix)] == prefix and (each.key, source.output_name) in self._given
        )


def _ended(template: ExecutionStep, keys: tuple[str, ...]) -> ExecutionStep:
    made = template.resolved(template.key + "".join(f"[{each}]" for each in keys), keys, template.inputs, template.after)
    return made


def _flat(source: InputSource) -> Iterable[Any]:
    return source.sources if isinstance(source, FromSeveral) else (source,)


