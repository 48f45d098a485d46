"""
What became of the steps of a run so far, and what follows from it for another one: may it run, and what does it load.

Pure: part of the state machine of ``active.py``, which fills :class:`Outcomes` as steps end and asks it about each step
before that is handed out.
"""

from __future__ import annotations

from collections.abc import Iterator

from orrery.definitions.parts.policies import RunWhen
from orrery.plan.blocked_by import EvaluatedChecks
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.multiplied import Branch, branch_within, key_within
from orrery.plan.sources import (
    FromCollect,
    FromDefault,
    FromSeveral,
    FromStepOutput,
    InputSource,
    StepOutputHandle,
    leaves,
)
from orrery.plan.step import ExecutionStep, StepInput

__all__ = ["ENDED_BADLY", "NESTED", "PHRASES", "Outcomes", "StepState"]


class StepState:
    """How a step stands."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"
    IN_FLIGHT = "in_flight"


ENDED_BADLY = frozenset({StepState.FAILURE, StepState.ABANDONED})
PHRASES: dict[str | None, str] = {
    StepState.SUCCESS: "succeeded",
    StepState.FAILURE: "failed",
    StepState.SKIPPED: "was skipped",
    StepState.ABANDONED: "was not executed",
}
"""What is said of a step that has ended."""
NESTED = (FromCollect, FromSeveral)
"""The sources that are made of others."""


class Outcomes:
    """
    What the steps of a run have come to.

    Args:
        plan: The plan.

    Attributes:
        steps: The steps that are known, by the key that they run under.
        states: How each step stands that was handed out or skipped, by key (see :class:`StepState`).
        given_outputs: (step key, output name) of each output that may be loaded.
        mapping_keys: Those that each dynamic output gave, in order.
        members: The keys of the steps that were made in each innermost branch, in order.
        origins: The failed step to blame for each that was not executed.
        checks: The checks that were evaluated.
        are_plain: Whether all that have ended succeeded, each gave all that it can give, and no other run gave anything:
            as long as that is so, nothing hinders any step.
    """

    __slots__ = (
        "are_plain",
        "checks",
        "given_outputs",
        "mapping_keys",
        "members",
        "origins",
        "plan",
        "states",
        "steps",
    )

    def __init__(self, plan: ExecutionPlan) -> None:
        self.plan = plan
        self.steps: dict[str, ExecutionStep] = {}
        self.states: dict[str, str] = {}
        self.given_outputs: set[tuple[str, str]] = set()
        self.mapping_keys: dict[tuple[str, str], list[str]] = {}
        self.members: dict[Branch, list[str]] = {}
        self.origins: dict[str, str] = {}
        self.checks = EvaluatedChecks()
        self.are_plain = False

    # -- may it run, and why not ---------------------------------------------------------------

    def verdict(self, step: ExecutionStep) -> tuple[str | None, tuple[str, ...]]:
        """Return why the step is not to run, and the failed parents that are to blame; or that it may."""
        rule = step.run_when
        checks = self.checks
        if checks.named and checks.failed:
            reason = checks.reason(step, (key for key, _state in self._parents(step)))
            if reason is not None:
                return reason, ()
        if rule is RunWhen.ALL_SUCCEEDED:
            return self._verdict_all_succeeded(step)
        if rule is RunWhen.ALL_DONE:
            return None, ()
        parents = dict(self._parents(step))
        if not parents or any(state in (None, StepState.SUCCESS) for state in parents.values()):
            return None, ()
        named = ", ".join(f"'{key}' {PHRASES[state]}" for key, state in sorted(parents.items()))
        return f"none of its parents succeeded: {named}", tuple(
            key for key, state in parents.items() if state in ENDED_BADLY
        )

    def _verdict_all_succeeded(self, step: ExecutionStep) -> tuple[str | None, tuple[str, ...]]:
        states, given = self.states, self.given_outputs
        is_hindered = False
        for each in step.inputs.values():
            source = each.source
            if type(source) is FromStepOutput:
                parent = source.step_key
                if (parent, source.output_name) not in given:
                    is_hindered = True
                    break
                if states.get(parent) == StepState.FAILURE:
                    is_hindered = True
                    break
            elif type(source) in NESTED:
                is_hindered = True
                break
        if not is_hindered and not step.after:
            return None, ()
        bad = {key: state for key, state in self._parents(step) if state in ENDED_BADLY}
        if bad:
            return self._blame(step, bad), tuple(bad)
        for each in step.inputs.values():
            missing = self._missing(each.name, each.source, step)
            if missing is not None:
                return missing, ()
        for key in step.after:
            if states.get(key) == StepState.SKIPPED:
                return f"upstream '{key}' was skipped", ()
        return None, ()

    def _blame(self, step: ExecutionStep, bad: dict[str, str]) -> str:
        failed = sorted(key for key, state in bad.items() if state == StepState.FAILURE)
        if not failed:
            key = min(bad)
            origin = self.origins.get(key)
            return f"upstream '{key}' was not executed, because " + (
                f"'{origin}' failed" if origin is not None else "of a failure above it"
            )
        steps = self.steps
        return "; ".join(self.checks.blame(step, steps[key]) or f"upstream '{key}' failed" for key in failed)

    def _parents(self, step: ExecutionStep) -> Iterator[tuple[str, str | None]]:
        """Iterate the parents of the step: key, and state; None for one that this run does not execute."""
        for each in step.inputs.values():
            for source in leaves(each.source):
                if type(source) is FromCollect:
                    yield from self._collected_parents(source, step)
                else:
                    for key in source.step_keys:
                        yield key, self._state_for(step, key)
        for key in step.after:
            template = self.plan.step_dict.get(key)
            if template is None or not template.dimensions:
                yield key, self._state_for(step, key)
                continue
            for branch, members in self.members.items():
                if branch[0] == key:
                    yield from ((member, self._state_for(step, member)) for member in members)

    def _state_for(self, step: ExecutionStep, parent: str) -> str | None:
        state = self.states.get(parent)
        if state == StepState.FAILURE and not self.checks.is_kept_back(step, self.steps[parent]):
            return StepState.SUCCESS
        return state

    def _collected_parents(self, source: FromCollect, step: ExecutionStep) -> Iterator[tuple[str, str | None]]:
        template = self.plan.step_dict[source.step_key]
        if template.outputs[source.output_name].is_dynamic:
            key = key_within(template, step)
            yield key, self.states.get(key)
            return
        for key in self.members.get(branch_within(template, step), ()):
            yield key, self.states.get(key)

    def _missing(self, input_name: str, source: InputSource, step: ExecutionStep) -> str | None:
        """Return why there is nothing to load for an input, if so, where no parent failed."""
        if isinstance(source, FromStepOutput):
            if (source.step_key, source.output_name) in self.given_outputs:
                return None
            return self._not_given(source.step_key, source.output_name, input_name)
        if isinstance(source, FromSeveral):
            inner = [self._missing(input_name, each, step) for each in source.sources]
            return inner[0] if inner and all(each is not None for each in inner) else None
        if not isinstance(source, FromCollect):
            return None
        template = self.plan.step_dict[source.step_key]
        if template.outputs[source.output_name].is_dynamic:
            key, optional = key_within(template, step), not template.outputs[source.output_name].is_required
            if self.states.get(key) == StepState.SKIPPED or (
                optional and not self.mapping_keys.get((key, source.output_name))
            ):
                return self._not_given(key, source.output_name, input_name)
            return None
        members = self.members.get(branch_within(template, step), ())
        if members:
            if any((key, source.output_name) in self.given_outputs for key in members):
                return None
            if len(members) == 1:
                return self._not_given(members[0], source.output_name, input_name)
            return f"none of the {len(members)} steps of '{template.key}' gave what input '{input_name}' collects"
        producer = self.plan.step_dict[template.dimensions[-1][0]]
        if producer.outputs[template.dimensions[-1][1]].is_required:
            return None
        return self._not_given(key_within(producer, step), template.dimensions[-1][1], input_name)

    def _not_given(self, step_key: str, output_name: str, input_name: str) -> str:
        if self.states.get(step_key) == StepState.SKIPPED:
            return f"upstream '{step_key}', which input '{input_name}' takes, was skipped"
        return f"upstream '{step_key}' did not give output '{output_name}', which input '{input_name}' takes"

    # -- what a step loads ---------------------------------------------------------------------

    def settled(self, step: ExecutionStep) -> ExecutionStep:
        """
        Return the step with what it collects named, and what nobody gave replaced.

        Only a step that runs whatever became of its parents can miss something: such an input gets its
        default value, or None; a list is left without it.
        """
        inputs = {}
        for name, each in step.inputs.items():
            source = self._settled_source(each.source, step)
            if source is None:
                definition = each.definition
                source = FromDefault(definition.default_value if definition.has_default_value else None)
            inputs[name] = StepInput(name, source, each.definition, each.asset_key)
        return step.with_inputs(inputs)

    def _settled_source(self, source: InputSource, step: ExecutionStep) -> InputSource | None:
        if isinstance(source, FromStepOutput):
            return source if (source.step_key, source.output_name) in self.given_outputs else None
        if isinstance(source, FromSeveral):
            settled = (self._settled_source(each, step) for each in source.sources)
            return FromSeveral(tuple(each for each in settled if each is not None))
        if isinstance(source, FromCollect):
            return FromCollect(source.step_key, source.output_name, self._collected(source, step))
        return source

    def _collected(self, source: FromCollect, step: ExecutionStep) -> tuple[StepOutputHandle, ...]:
        template = self.plan.step_dict[source.step_key]
        if template.outputs[source.output_name].is_dynamic:
            key = key_within(template, step)
            mapping_keys = self.mapping_keys.get((key, source.output_name), ())
            return tuple(StepOutputHandle(key, source.output_name, each) for each in mapping_keys)
        return tuple(
            StepOutputHandle(key, source.output_name)
            for key in self.members.get(branch_within(template, step), ())
            if (key, source.output_name) in self.given_outputs
        )
