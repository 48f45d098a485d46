"""
What a run that repeats another executes, and what it takes from the runs before.

:class:`ReexecutionOptions` says what is wanted; :func:`decide` works it out from the events of the run that
is repeated, and of those that it repeated in turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import ExecutionStepNotFoundError, InvariantViolationError, RunNotFoundError, nearest_hint
from orrery.model.assets.syntax import resolve_op_selection
from orrery.model.events.event import Event, EventType
from orrery.model.records.run import Run
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.sources import StepOutputHandle
from orrery.plan.step import Dimension, ExecutionStep

__all__ = ["ReexecutionOptions", "Repetition", "decide", "past_of", "repetition_of"]


class ReexecutionOptions:
    """
    Which run to repeat, and which of its steps.

    Args:
        parent_run_id: The run.
        step_selection: Steps to execute, in the op selection syntax (``*a+``); all if empty. Of a step that a
            dynamic output multiplied, ``a[key]`` names one and ``a[?]`` all, as ``a`` does; ``a[key]*`` takes what
            follows, with the same mapping key as far as there is one. Where the dynamic output itself is made
            again, all that it multiplies runs. What they need of other steps is taken from the run that is
            repeated.

    Example::

        failed = execute_job(reconstructable(my_job), instance)
        execute_job(
            reconstructable(my_job),
            instance,
            reexecution_options=ReexecutionOptions.from_failure(failed.run_id, instance),
        )
    """

    __slots__ = ("is_from_failure", "parent_run_id", "step_selection")

    def __init__(self, parent_run_id: str, step_selection: Sequence[str] = ()) -> None:
        self.parent_run_id = parent_run_id
        self.step_selection = list(step_selection)
        self.is_from_failure = False

    @staticmethod
    def from_failure(run_id: str, instance: Any) -> ReexecutionOptions:
        """
        Return the options that execute what failed in a run, and what never came to run.

        Args:
            run_id: The run.
            instance: The instance that it is recorded in.
        """
        made = ReexecutionOptions(run_id)
        made.is_from_failure = True
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReexecutionOptions) and (
            self.parent_run_id,
            self.step_selection,
            self.is_from_failure,
        ) == (other.parent_run_id, other.step_selection, other.is_from_failure)

    def __hash__(self) -> int:
        return hash((self.parent_run_id, tuple(self.step_selection), self.is_from_failure))

    def __repr__(self) -> str:
        if self.is_from_failure:
            return f"ReexecutionOptions.from_failure({self.parent_run_id!r})"
        return f"ReexecutionOptions({self.parent_run_id!r}, {self.step_selection!r})"


class Repetition:
    """
    What a run that repeats another executes.

    Attributes:
        parent: The run that is repeated.
        step_keys: The steps to execute; None for all of them.
        known_outputs: The run that gave each output which is not made again.
    """

    __slots__ = ("known_outputs", "parent", "step_keys")

    def __init__(
        self, parent: Run, step_keys: Sequence[str] | None, known_outputs: Mapping[StepOutputHandle, str]
    ) -> None:
        self.parent = parent
        self.step_keys = step_keys
        self.known_outputs = known_outputs


class _Past:
    """How each step ended in the last run that executed it, and what it gave there."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.outputs: dict[str, dict[StepOutputHandle, str]] = {}

    def take(self, run_id: str, events: Iterable[Event]) -> None:
        """Take in the events of one run, which is older than those taken before."""
        states: dict[str, str] = {}
        outputs: dict[str, dict[StepOutputHandle, str]] = {}
        for event in events:
            key, kind = event.step_key, event.event_type_value
            if key is None:
                continue
            if kind == "STEP_START" or kind == "STEP_RESTARTED":
                states[key] = "started"
                outputs[key] = {}
            elif kind == "STEP_OUTPUT":
                handle = event.step_output_data.step_output_handle
                outputs.setdefault(key, {})[
                    StepOutputHandle(handle.step_key, handle.output_name, handle.mapping_key)
                ] = run_id
            elif kind == "STEP_SUCCESS":
                states[key] = "success"
            elif kind == "STEP_FAILURE":
                states[key] = "failure"
            elif kind == "STEP_SKIPPED":
                states[key] = "skipped"
            elif kind == "STEP_UP_FOR_RETRY":
                for producer in event.step_retry_data.made_again:  # found damaged: it counts as not made from here on
                    states[producer] = "started"
                    outputs[producer] = {}
        for key, state in states.items():
            if key not in self.states:
                self.states[key] = state
                self.outputs[key] = outputs.get(key, {}) if state == "success" else {}


def past_of(run: Run, instance: Any) -> _Past:
    """Return how the steps of *run* ended, there or in the runs that it repeated."""
    past = _Past()
    seen: set[str] = set()
    current: Run | None = run
    while current is not None and current.run_id not in seen:
        seen.add(current.run_id)
        entries = instance.all_logs(current.run_id, of_type=_KINDS)
        past.take(current.run_id, [each.dagster_event for each in entries if each.dagster_event is not None])
        if current.step_keys_to_execute is None and not current.is_resume_retry:
            break  # it executed everything: what came before is of no account
        current = instance.get_run_by_id(current.parent_run_id) if current.parent_run_id is not None else None
    return past


_KINDS = {
    EventType.STEP_START,
    EventType.STEP_RESTARTED,
    EventType.STEP_OUTPUT,
    EventType.STEP_SUCCESS,
    EventType.STEP_FAILURE,
    EventType.STEP_SKIPPED,
    EventType.STEP_UP_FOR_RETRY,
}


def decide(plan: ExecutionPlan, options: ReexecutionOptions, instance: Any) -> Repetition:
    """
    Return what a run executes that repeats another.

    Args:
        plan: The plan of the whole job.
        options: What is wanted.
        instance: The instance that the run is recorded in.

    Raises:
        RunNotFoundError: It is not recorded there.
        ExecutionStepNotFoundError: A selection names no step.
        InvariantViolationError: Nothing failed that could be repeated.
    """
    parent: Run | None = instance.get_run_by_id(options.parent_run_id)
    if parent is None:
        raise RunNotFoundError(
            f"Run '{options.parent_run_id}', which is to be repeated, is not recorded in this instance.",
            mend="give the id of a run of this instance.",
        )
    if not options.is_from_failure and not options.step_selection:
        return Repetition(parent, None, {})
    past = past_of(parent, instance)
    if options.is_from_failure and not past.states and instance.event_log.get_step_states(parent.run_id):
        raise InvariantViolationError(
            f"What the steps of run '{parent.run_id}' did is not known any more: their events were pruned.",
            mend="execute all steps again: ReexecutionOptions(parent_run_id), or `orrery runs retry ID --all`.",
        )
    chosen = _failed(plan, past) if options.is_from_failure else _selected(plan, options.step_selection, past)
    if not chosen:
        raise InvariantViolationError(
            f"No steps needed to be retried in run '{parent.run_id}'.",
            mend="execute all steps again: ReexecutionOptions(parent_run_id), or `orrery runs retry ID --all`.",
        )
    return repetition_of(plan, parent, chosen, past)


def repetition_of(plan: ExecutionPlan, parent: Run, chosen: Sequence[str], past: _Past) -> Repetition:
    """Return the repetition of the *chosen* steps of a run, with what the others gave before."""
    templates = {key.partition("[")[0] for key in chosen}
    again = {key for key in chosen if key.endswith("]")}
    known: dict[StepOutputHandle, str] = {}
    for key, outputs in past.outputs.items():
        template = key.partition("[")[0]
        if template in templates and (template in chosen or key in again):
            continue
        step = plan.step_dict.get(template)
        if step is None or any(producer in templates for producer, _name in step.dimensions):
            continue
        known.update(outputs)
    return Repetition(parent, chosen, known)


def _failed(plan: ExecutionPlan, past: _Past) -> list[str]:
    """Return the steps that did not succeed, or were skipped on account of one that did not."""
    chosen: list[str] = []
    again: set[str] = set()
    single: dict[str, list[str]] = {}
    by_template: dict[str, list[str]] = {}
    for key in past.states:
        if key.endswith("]"):
            by_template.setdefault(key.partition("[")[0], []).append(key)
    for key, step in plan.step_dict.items():
        parents_again = any(parent in again for parent in step.parent_keys)
        if step.dimensions:
            mapped = list(by_template.get(key, ()))
            if len(step.dimensions) == 1:
                producer, name = step.dimensions[0]
                for handle in past.outputs.get(producer, ()):
                    each = f"{key}[{handle.mapping_key}]"
                    if handle.output_name == name and each not in past.states:
                        mapped.append(each)
            if mapped and not any(producer in again for producer, _name in step.dimensions):
                bad = [
                    each
                    for each in mapped
                    if past.states.get(each) not in ("success", "skipped")
                    or (parents_again and _follows(plan, step, each, again, single))
                ]
                if bad:
                    again.add(key)
                    single[key] = bad
                    chosen += bad
                continue
            if mapped or parents_again:
                again.add(key)
                chosen.append(key)
            continue
        state = past.states.get(key)
        if state == "success" or (state == "skipped" and not parents_again):
            continue
        again.add(key)
        chosen.append(key)
    return chosen


def _follows(
    plan: ExecutionPlan, step: ExecutionStep, key: str, again: AbstractSet[str], single: Mapping[str, Sequence[str]]
) -> bool:
    """
    Tell whether one of a multiplied step takes from anything that is executed again.

    Args:
        plan: The plan of the whole job.
        step: The step as it stands in the plan.
        key: The one of it.
        again: The steps of the plan of which any is executed again.
        single: Which ones of a step are, where it is not all of them.
    """
    mapping_keys = key[len(step.key) + 1 : -1].split("][")
    for parent in step.parent_keys:
        if parent not in again:
            continue
        if parent not in single:
            return True
        shared = 0
        for ours, theirs in zip(step.dimensions, plan.step_dict[parent].dimensions, strict=False):
            if ours != theirs:
                break
            shared += 1
        begin = parent + "".join(f"[{each}]" for each in mapping_keys[:shared])
        if any(each == begin or each.startswith(f"{begin}[") for each in single[parent]):
            return True
    return False


def _selected(plan: ExecutionPlan, queries: Sequence[str], past: _Past) -> list[str]:
    """Return the steps that *queries* name; of a step that a dynamic output multiplied, ``step[key]``."""
    parents = {key: list(step.parent_keys) for key, step in plan.step_dict.items()}
    whole: set[str] = set()
    some: dict[str, None] = {}
    for clause in (each.strip() for text in queries for each in text.split(",")):
        name = clause.strip("*+")
        template = name.partition("[")[0]
        if template and template not in parents:
            raise _unknown_step(name, parents)
        reached = resolve_op_selection(parents, clause.replace(name, template) if template else clause)
        keys = _mapping_keys_of(name)
        if not keys:
            whole |= reached
            continue
        dimensions = plan.step_dict[template].dimensions
        if len(keys) != len(dimensions) or ("?" not in keys and not _was_mapped(plan, past, name)):
            raise _unknown_step(name, [*parents, *past.states])
        given = {each: key for each, key in zip(dimensions, keys, strict=True) if key != "?"}
        for each in reached:
            found = _mapped_below(plan.step_dict[each], given, past)
            some.update(dict.fromkeys(found))
            if not found:
                whole.add(each)
    return [key for key in parents if key in whole] + [key for key in some if key.partition("[")[0] not in whole]


def _unknown_step(name: str, known: Iterable[str]) -> ExecutionStepNotFoundError:
    return ExecutionStepNotFoundError(
        f"Step selection refers to unknown step: {name}",
        mend=nearest_hint(name, known, noun="step"),
        step_keys=[name],
    )


def _was_mapped(plan: ExecutionPlan, past: _Past, key: str) -> bool:
    """Tell whether a dynamic output gave what a multiplied step needs to be there."""
    if key in past.states:
        return True
    dimensions = plan.step_dict[key.partition("[")[0]].dimensions
    if len(dimensions) != 1:
        return False
    ((producer, name),) = dimensions
    return any(
        (handle.output_name, handle.mapping_key) == (name, *_mapping_keys_of(key))
        for handle in past.outputs.get(producer, ())
    )


def _mapped_below(step: ExecutionStep, given: Mapping[Dimension, str], past: _Past) -> list[str]:
    """Return the steps made of *step* that have the *given* mapping keys; nothing if it is taken whole."""
    if not any(each in given for each in step.dimensions):
        return []
    if all(each in given for each in step.dimensions):
        return [step.key + "".join(f"[{given[each]}]" for each in step.dimensions)]
    return [
        key
        for key in past.states
        if key.partition("[")[0] == step.key
        and all(
            given.get(each, known) == known for each, known in zip(step.dimensions, _mapping_keys_of(key), strict=True)
        )
    ]


def _mapping_keys_of(key: str) -> list[str]:
    """
    Return the mapping keys in the key of a step; none if it is no multiplied step.

    >>> _mapping_keys_of("work[a][b]"), _mapping_keys_of("work")
    (['a', 'b'], [])
    """
    return _MAPPING_KEY.findall(key)


_MAPPING_KEY = re.compile(r"\[([^\]]*)\]")
