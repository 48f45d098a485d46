"""
A run under way, as a state machine: events in, commands out.

Pure: no clock, no threads. The ``note_...`` methods are fed with what steps told;
:meth:`ActiveExecution.commands` says what to launch and what to skip, with the reason. A step is handed
out after its parents, in the order in which steps became ready; by priority, where steps have one.

Dynamic outputs multiply steps. A step of the plan that depends on one is a *template*; as soon as its
dynamic output is complete, one step per mapping key is made of it. Templates may lie below several
dynamic outputs, one inside the other or side by side: their mapping keys become known one dimension at
a time, as a tree of *branches*, each of which is closed when all steps below it have ended. Collecting
waits for one branch: it takes away the innermost dimension.

What the steps have come to so far, whether another one may run after that, and what it loads: ``outcomes.py``. A step that
was skipped as current runs after all if what follows finds its stored value damaged: who may ask for that, and who has, is
kept in ``made_again.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.definitions.parts.policies import RunWhen
from orrery.model.events.checks import AssetCheckSeverity
from orrery.model.events.event import Event
from orrery.plan.commands import Command, DecideLater, LaunchStep, SkipStep, Wait
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.made_again import MakingAgain
from orrery.plan.multiplied import Branch, bracketed, branch_within, collects, key_within, multiplied
from orrery.plan.outcomes import ENDED_BADLY, NESTED, PHRASES, Outcomes, StepState
from orrery.plan.sources import FromCollect, StepOutputHandle, leaves
from orrery.plan.step import ExecutionStep

__all__ = ["NOTED_KINDS", "PRIORITY_TAGS", "ActiveExecution", "priority_in"]

PRIORITY_TAGS = ("orrery/priority", "dagster/priority")
NOTED_KINDS = frozenset({"STEP_OUTPUT", "ASSET_CHECK_EVALUATION", "STEP_UP_FOR_RETRY"})
"""Kinds of events of a step under way that say something about what follows it."""
_KEPT = "how a run of the steps starts"
_Start = tuple[dict[str, ExecutionStep], list[ExecutionStep], dict[str, int], dict[Hashable, list[ExecutionStep]], bool]


class ActiveExecution:
    """
    The state of a run.

    Args:
        plan: The plan.
        known_outputs: Outputs of an earlier run, for steps that are not executed again.
        consult: Asked before a step is launched for the first time, when its parents have ended; answers
            that it is skipped because its stored values are as good as new ones, or nothing; or, once, after which
            steps it wants to be asked.

    Attributes:
        plan: The plan.
        states: How each step stands that was handed out or skipped, by key (see :class:`StepState`).
        attempts: Which attempt is next, or under way, of each step that was tried again.
        skip_reasons: Why each step that did not run did not.
        given_outputs: (step key, output name) of each output that may be loaded.
        has_priorities: Whether any step has a priority: then steps should be asked for one at a time.
    """

    def __init__(
        self,
        plan: ExecutionPlan,
        known_outputs: Iterable[StepOutputHandle] = (),
        consult: Callable[[ExecutionStep], SkipStep | DecideLater | None] | None = None,
    ) -> None:
        self.plan = plan
        self._consult = consult
        self._outcomes = Outcomes(plan)
        self._steps = self._outcomes.steps
        self._checks = self._outcomes.checks
        self.states = self._outcomes.states
        self.attempts: dict[str, int] = {}
        self.skip_reasons: dict[str, str] = {}
        self.given_outputs = self._outcomes.given_outputs
        self.has_priorities = False
        self._priorities: dict[str, float] = {}
        self._ready: list[ExecutionStep] = []
        self._waiting: dict[str, int] = {}
        self._children: dict[Hashable, list[ExecutionStep]] = {}
        self._retry_at: dict[str, float] = {}
        self._again = MakingAgain()
        self._open = 0
        self._in_flight = 0
        self._is_dynamic = False
        self._executed = frozenset(plan.step_keys_to_execute)
        steps = plan.steps
        known_mapped: dict[str, None] = {}
        for handle in known_outputs:
            self.note_output(handle.step_key, handle.output_name, handle.mapping_key)
            if handle.step_key.endswith("]"):
                known_mapped[handle.step_key] = None
        for step in steps:
            if step.tags:
                self._read_priority(step)
                self._checks.read(step)
            if step.dimensions:
                self._is_dynamic = True
            elif not self._is_dynamic and not step.is_whole_asset and step.inputs:
                for each in step.inputs.values():
                    if type(each.source) in NESTED and collects(each.source):
                        self._is_dynamic = True
        if self._is_dynamic:
            self._start_dynamic(steps, known_mapped)
        else:
            self._start_static(steps)
            self._outcomes.are_plain = self._outcomes.are_plain and not self.given_outputs and not self._checks.named

    def _read_priority(self, step: ExecutionStep) -> None:
        priority = priority_in(step.tags)
        if priority is not None:
            self._priorities[step.key] = -priority
            self.has_priorities = True

    def _start_static(self, steps: list[ExecutionStep]) -> None:
        self._open = len(steps)
        kept: _Start | None = self.plan.kept.get(_KEPT)
        if kept is None:
            kept = self.plan.kept[_KEPT] = self._find_start(steps)
        known, ready, waiting, children, self._outcomes.are_plain = kept
        self._steps.update(known)
        self._ready, self._waiting, self._children = ready.copy(), waiting.copy(), children.copy()

    def _find_start(self, steps: list[ExecutionStep]) -> _Start:
        """
        Return the steps by key, those that wait for none, for how many the others wait, who waits for each, and whether none takes
        what may not be given.
        """
        executed = self._executed
        known: dict[str, ExecutionStep] = {}
        ready: list[ExecutionStep] = []
        waiting: dict[str, int] = {}
        children: dict[Hashable, list[ExecutionStep]] = {}
        are_plain = True
        for step in steps:
            key = step.key
            known[key] = step
            if are_plain and not _gives_all(step):
                are_plain = False
            count = 0
            for parent in step.parent_keys:
                if parent in executed:
                    count += 1
                    below = children.get(parent)
                    if below is None:
                        children[parent] = [step]
                    else:
                        below.append(step)
                else:
                    are_plain = False
            if count:
                waiting[key] = count
            else:
                ready.append(step)
        return known, ready, waiting, children, are_plain

    # -- questions -----------------------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Tell whether every step has ended."""
        return self._open == 0

    @property
    def has_ready(self) -> bool:
        """Tell whether there are steps to launch or to skip at once."""
        return bool(self._ready)

    def step(self, key: str) -> ExecutionStep:
        """Return the step that runs under *key*."""
        return self._steps[key]

    def priority_of(self, step: ExecutionStep) -> float:
        """Return the priority of a step: the higher goes first."""
        return -self._rank(step)

    def failed_steps(self) -> list[str]:
        """Return the keys of the steps that failed, in the order they did."""
        return [key for key, state in self.states.items() if state == StepState.FAILURE]

    def unfinished(self) -> list[ExecutionStep]:
        """Return the steps that have not ended."""
        return [step for key, step in self._steps.items() if self.states.get(key) in (None, StepState.IN_FLIGHT)]

    def was_skipped(self, step_key: str, producer_key: str) -> bool:
        """Tell whether a step takes from one that was skipped, and that was not made again for it (see :meth:`MakingAgain.may`)."""
        return self._again.may(step_key, producer_key)

    def skipped_before(self, step: ExecutionStep) -> tuple[str, ...]:
        """Return the parents of a step of which :meth:`was_skipped` is true."""
        return self._again.allowed(step)

    def next_retry(self) -> float | None:
        """Return when the next retry is due (on the clock that was handed in), if one is waiting."""
        return min(self._retry_at.values()) if self._retry_at else None

    # -- events in -----------------------------------------------------------------------------

    def note_event(self, step_key: str, event: Event) -> None:
        """Note what *event*, of a step that is under way, tells of outputs and checks; of ``NOTED_KINDS`` only."""
        kind = event.event_type_value
        if kind == "STEP_OUTPUT":
            data: Any = event.event_specific_data
            handle = data.step_output_handle
            self.note_output(step_key, handle.output_name, handle.mapping_key)
        elif kind == "STEP_UP_FOR_RETRY":
            retry: Any = event.event_specific_data
            if retry.made_again:
                self._again.note_found(step_key, retry.made_again)
        elif kind == "ASSET_CHECK_EVALUATION":
            found: Any = event.event_specific_data
            failed = not found.passed and found.severity is AssetCheckSeverity.ERROR
            self.note_check(
                step_key, found.asset_key, found.check_name, blocks=found.blocking and failed, failed=failed
            )

    def note_output(self, step_key: str, output_name: str, mapping_key: str | None) -> None:
        """Note that a step gave an output."""
        self.given_outputs.add((step_key, output_name))
        if mapping_key is not None:
            self._outcomes.mapping_keys.setdefault((step_key, output_name), []).append(mapping_key)

    def note_check(
        self, step_key: str, asset_key: AssetKey, check_name: str, *, blocks: bool, failed: bool = False
    ) -> None:
        """
        Note that a step evaluated a check.

        A step that fails on account of blocking checks alone keeps only those back that depend on the
        assets whose checks failed.

        Args:
            step_key: The step.
            asset_key: The asset that was checked.
            check_name: Name of the check.
            blocks: Whether it did not pass, and blocks.
            failed: Whether it did not pass, with severity ERROR; then it keeps back what names it.
        """
        self._checks.note(step_key, (asset_key.parts, check_name), blocks=blocks, failed=failed)

    def note_success(self, step_key: str) -> None:
        """Note that a step succeeded."""
        self._landed(step_key)
        self._end(step_key, StepState.SUCCESS)

    def note_failure(self, step_key: str) -> None:
        """Note that a step failed for good. What it gave before is not loaded by any other."""
        self._landed(step_key)
        if self._checks.blocked_assets(self._steps[step_key]) is None:
            self._forget_outputs(step_key)
        self._end(step_key, StepState.FAILURE)

    def note_retry(self, step_key: str, at: float) -> None:
        """
        Note that a step failed and is tried again, not before *at* (seconds, on any one clock).

        If it found stored values of steps damaged that were skipped, those run first; that is no attempt of its own.
        """
        self._landed(step_key)
        self._forget_outputs(step_key)
        producers = self._again.found_by(step_key)
        if producers:
            self._make_again(step_key, producers)
            return
        self.attempts[step_key] = self.attempts.get(step_key, 1) + 1
        del self.states[step_key]
        self._retry_at[step_key] = at

    def _make_again(self, step_key: str, producers: tuple[str, ...]) -> None:
        """Open the steps again that were skipped, and let *step_key* wait for them, or for who opened them before."""
        step = self._steps[step_key]
        del self.states[step_key]
        opened = self._again.ask(step_key, producers)
        for producer in opened:
            self._open_again(producer)
        waits_for = 0
        for producer in producers:
            if self.states.get(producer) in (None, StepState.IN_FLIGHT):
                self._children.setdefault(producer, []).append(step)
                waits_for += 1
        if waits_for:
            self._waiting[step_key] = waits_for
        else:
            self._ready.append(step)
        if opened and not self._is_dynamic:
            self._hold_below(opened)

    def _hold_below(self, opened: Iterable[str]) -> None:
        """Let what was skipped below *opened* be decided anew, and what was not handed out yet wait for all of these."""
        below: dict[str, list[str]] = {}
        for step in self._steps.values():
            for parent in step.parent_keys:
                below.setdefault(parent, []).append(step.key)

        def is_untouched(key: str) -> bool:
            return key not in self.states and key not in self._retry_at

        held = self._again.hold(opened, below, lambda key: self._steps[key].is_whole_asset, is_untouched)
        for key in held:
            del self.states[key]
            self._open += 1
        for key in (*opened, *held):
            for child in below.get(key, ()):
                if is_untouched(child):
                    self._wait_also(self._steps[child], key)

    def _wait_also(self, step: ExecutionStep, parent: str) -> None:
        """Let a step that was not handed out yet wait for one more of its parents, which is open again."""
        waiting_for = self._children.get(parent, ())
        if any(each is step for each in waiting_for):
            return
        self._children[parent] = [*waiting_for, step]
        self._waiting[step.key] = self._waiting.get(step.key, 0) + 1
        self._ready = [each for each in self._ready if each is not step]

    def _open_again(self, key: str) -> None:
        """Open a step again that was skipped, after those of its graph that gave nothing to load, as they were skipped too."""
        step = self._steps[key]
        del self.states[key]
        self._open += 1
        waits_for = 0
        for parent in self._parents_in_graph(step):
            if self._again.reopen(parent):
                self._open_again(parent)
            if self.states.get(parent) in (None, StepState.IN_FLIGHT):
                self._children[parent] = [*self._children.get(parent, ()), step]
                waits_for += 1
        if waits_for:
            self._waiting[key] = waits_for
        else:
            self._ready.append(step)

    def _parents_in_graph(self, step: ExecutionStep) -> list[str]:
        """Return the parents of a step that belong to the graph of ops which makes the same assets."""
        if step.is_whole_asset or step.assets_def is None:
            return []
        known = self._steps
        return [key for key in step.parent_keys if key in known and known[key].assets_def is step.assets_def]

    def _landed(self, step_key: str) -> None:
        if self.states.get(step_key) != StepState.IN_FLIGHT:
            raise InvariantViolationError(
                f"Step '{step_key}' is told to have ended, but it is not under way: it "
                f"{PHRASES.get(self.states.get(step_key), 'was not launched')}."
            )
        self._in_flight -= 1

    def _forget_outputs(self, step_key: str) -> None:
        for name in self._steps[step_key].outputs:
            self.given_outputs.discard((step_key, name))
            self._outcomes.mapping_keys.pop((step_key, name), None)
        self._checks.forget(step_key)

    # -- commands out --------------------------------------------------------------------------

    def commands(self, now: float = 0.0, limit: int | None = None) -> list[Command]:
        """
        Return what to do next: steps to launch, steps to skip; or to wait, if a retry is due later.

        Each step is handed out once. An empty answer means: wait for events.

        Args:
            now: The instant, on the clock of :meth:`note_retry`.
            limit: At most so many steps; all that are ready if None.
        """
        if self._retry_at:
            for key in [key for key, at in self._retry_at.items() if at <= now]:
                del self._retry_at[key]
                self._ready.append(self._steps[key])
        found: list[Command] = []
        while self._ready and not found:
            ready, self._ready = self._ready, []
            if self.has_priorities and len(ready) > 1:
                ready.sort(key=self._rank)
            if limit is not None:
                ready, self._ready = ready[:limit], ready[limit:]
            for step in ready:
                self._hand_out(step, found)
        if not found and self._retry_at and not self._in_flight:
            found.append(Wait(min(self._retry_at.values())))
        return found

    def _hand_out(self, step: ExecutionStep, found: list[Command]) -> None:
        key = step.key
        if key in self.skip_reasons:  # a branch that never came to have steps; it has ended
            self._open -= 1
            origin = self._outcomes.origins.get(key)
            found.append(SkipStep(step, self.skip_reasons[key], () if origin is None else (origin,)))
            return
        again = self._again
        if self.attempts and key in self.attempts and key not in again.to_launch:
            self.states[key] = StepState.IN_FLIGHT
            self._in_flight += 1
            found.append(LaunchStep(step, self.attempts[key], again.times(key)))
            return
        if again.held and key in again.held:
            self._decide_anew(step, found)
            return
        reason: str | None = None
        failed: tuple[str, ...] = ()
        if not self._outcomes.are_plain and (step.inputs or step.after):
            reason, failed = self._outcomes.verdict(step)
        if reason is not None:
            found.append(SkipStep(step, reason, failed))
            self.skip_reasons[key] = reason
            if failed:
                self._outcomes.origins[key] = self._outcomes.origins.get(failed[0], failed[0])
            self._end(key, StepState.ABANDONED if failed else StepState.SKIPPED)
            return
        if step.run_when is not RunWhen.ALL_SUCCEEDED or (self._is_dynamic and step.template_key in self._collecting):
            step = self._steps[key] = self._outcomes.settled(step)
        if self._consult is not None:
            skip = self._consult(step)
            while isinstance(skip, DecideLater):
                if self._postpone(step, skip.after):
                    return
                skip = self._consult(step)
            if skip is not None:
                found.append(skip)
                for name, output in step.outputs.items():
                    if output.is_selected and output.check_spec is None:
                        self.given_outputs.add((key, name))
                if not (self._is_dynamic and self._is_multiplied(step)):
                    again.reused[key] = True
                self._end(key, StepState.SUCCESS)
                return
        self.states[key] = StepState.IN_FLIGHT
        self._in_flight += 1
        if again.to_launch and key in again.to_launch:
            again.to_launch.discard(key)
            found.append(LaunchStep(step, self.attempts.get(key, 1), again.times(key)))
            return
        found.append(LaunchStep(step))

    def _decide_anew(self, step: ExecutionStep, found: list[Command]) -> None:
        """Hand a step out that was skipped, if its value is not as good as a new one any more, and can be made."""
        key = step.key
        self._again.held.discard(key)
        if self._outcomes.verdict(step)[0] is not None or self._consult is None or self._consult(step) is not None:
            self._end(key, StepState.SUCCESS)  # that it is skipped was told before
            return
        self._again.reused[key] = False
        self.states[key] = StepState.IN_FLIGHT
        self._in_flight += 1
        found.append(LaunchStep(step))

    def _postpone(self, step: ExecutionStep, after: Iterable[str]) -> bool:
        """Let a step wait for some that have not ended; tell whether there are any."""
        open_ones = [
            key for key in after if key in self._executed and self.states.get(key) in (None, StepState.IN_FLIGHT)
        ]
        for key in open_ones:
            self._children[key] = [*self._children.get(key, ()), step]
        if open_ones:
            self._waiting[step.key] = len(open_ones)
        return bool(open_ones)

    def _rank(self, step: ExecutionStep) -> float:
        return self._priorities.get(step.template_key, 0.0)

    def _end(self, key: str, state: str) -> None:
        self.states[key] = state
        self._open -= 1
        if state != StepState.SUCCESS:
            self._outcomes.are_plain = False
        if key in self._children:
            self._release(key)
        if self._is_dynamic:
            step = self._steps[key]
            for branch in self._awaiting.pop(key, ()):
                self._advance(branch)
            if step.mapping_keys:
                self._one_less_below((step.template_key, step.mapping_keys[:-1]))

    def _release(self, node: Hashable) -> None:
        waiting = self._waiting
        for child in self._children.pop(node, ()):
            left = waiting[child.key] - 1
            if left:
                waiting[child.key] = left
            else:
                del waiting[child.key]
                self._ready.append(child)

    # -- dynamic outputs -----------------------------------------------------------------------

    def _is_multiplied(self, step: ExecutionStep) -> bool:
        """Tell whether a step belongs to a graph of ops in which a dynamic output multiplies steps: what was skipped stays so."""
        return id(step.assets_def) in self._multiplied

    def _start_dynamic(self, steps: list[ExecutionStep], known_mapped: Iterable[str]) -> None:
        self._multiplied = {id(step.assets_def) for step in steps if step.dimensions and step.assets_def is not None}
        self._members = self._outcomes.members
        self._left_below: dict[Branch, int] = {}
        self._closed: set[Branch] = set()
        self._awaiting: dict[str, list[Branch]] = {}
        self._collecting = {step.key for step in steps if any(collects(each.source) for each in step.inputs.values())}
        self._only = {
            key: only
            for key, only in self.plan.mapped_keys_to_execute.items()
            if not any(producer in self._executed for producer, _name in self.plan.step_dict[key].dimensions)
        }
        for key in known_mapped:
            template, _bracket, rest = key.partition("[")
            if template not in self._executed or key not in self._only.get(template, (key,)):
                self._members.setdefault((template, tuple(rest[:-1].split("][")[:-1])), []).append(key)
        for branch, members in self._members.items():
            members.sort(key=self._rank_below(branch))
        self._open = len(steps)
        for step in steps:
            if not step.dimensions:
                self._add(step)
        for step in steps:
            if step.dimensions:
                self._advance((step.key, ()))

    def _rank_below(self, branch: Branch) -> Callable[[str], int]:
        """Return the place of a multiplied step in its branch: that of the dynamic output it is made for."""
        template = self.plan.step_dict[branch[0]]
        producer, output_name = template.dimensions[len(branch[1])]
        producer_key = key_within(self.plan.step_dict[producer], template, branch[1])
        place = {key: at for at, key in enumerate(self._outcomes.mapping_keys.get((producer_key, output_name), ()))}
        return lambda key: place.get(key[:-1].rpartition("[")[2], len(place))

    def _add(self, step: ExecutionStep) -> None:
        """Take in a step that can run as soon as its parents have ended."""
        self._steps[step.key] = step
        count = 0
        for node in self._nodes_before(step):
            self._children.setdefault(node, []).append(step)
            count += 1
        if count:
            self._waiting[step.key] = count
        else:
            self._ready.append(step)

    def _nodes_before(self, step: ExecutionStep) -> dict[Hashable, None]:
        """Return the steps and branches that the step has still to wait for."""
        found: dict[Hashable, None] = {}
        plan_steps = self.plan.step_dict
        for each in step.inputs.values():
            for source in leaves(each.source):
                if type(source) is FromCollect:
                    template = plan_steps[source.step_key]
                    if template.outputs[source.output_name].is_dynamic:
                        self._wait_for(key_within(template, step), found)
                    else:
                        self._wait_for_branch(branch_within(template, step), found)
                else:
                    for key in source.step_keys:
                        self._wait_for(key, found)
        for key in step.after:
            template = plan_steps[key]
            if template.dimensions:
                self._wait_for_branch((key, ()), found)
            else:
                self._wait_for(key, found)
        return found

    def _wait_for(self, key: str, found: dict[Hashable, None]) -> None:
        template = key.partition("[")[0]
        if template not in self._executed or self.states.get(key) not in (None, StepState.IN_FLIGHT):
            return
        only = self._only.get(template)
        if only is None or key in only:
            found[key] = None

    def _wait_for_branch(self, branch: Branch, found: dict[Hashable, None]) -> None:
        if branch[0] in self._executed and branch not in self._closed:
            found[branch] = None

    def _advance(self, branch: Branch) -> None:
        """Learn the next mapping keys of a template, or wait for the step that gives them."""
        template_key, keys = branch
        template = self.plan.step_dict[template_key]
        producer_template, output_name = template.dimensions[len(keys)]
        producer_key = key_within(self.plan.step_dict[producer_template], template, keys)
        is_known = producer_template not in self._executed
        state = StepState.SUCCESS if is_known else self.states.get(producer_key)
        if state is None or state == StepState.IN_FLIGHT:
            self._awaiting.setdefault(producer_key, []).append(branch)
            return
        if state != StepState.SUCCESS:
            self._prune(template, keys, producer_key, state)
            return
        found = self._outcomes.mapping_keys.get((producer_key, output_name), ())
        if not found:
            self._close(branch)
            return
        self._left_below[branch] = len(found)
        is_last = len(keys) + 1 == len(template.dimensions)
        only = self._only.get(template_key)
        restored = frozenset(self._members.get(branch, ())) if is_last else frozenset()
        members: list[str] = []
        if is_last:
            self._members[branch] = members
        done = 0
        for key in found:
            longer = (*keys, key)
            if not is_last:
                self._advance((template_key, longer))
                continue
            instance = multiplied(self.plan, template, longer)
            if only is not None and instance.key not in only:
                if instance.key in restored:
                    members.append(instance.key)
                done += 1
                continue
            members.append(instance.key)
            self._open += 1
            self._add(instance)
        for _ in range(done):
            self._one_less_below(branch)

    def _prune(self, template: ExecutionStep, keys: tuple[str, ...], producer_key: str, state: str) -> None:
        """End a branch whose mapping keys will never be known: one skip stands for all its steps."""
        unknown = len(template.dimensions) - len(keys)
        key = bracketed(template.key, keys) + "[?]" * unknown
        step = template.resolved(key, keys, template.inputs, template.after)
        step.mapping_keys = keys
        failed = state in ENDED_BADLY
        origin = self._outcomes.origins.get(producer_key)
        why = f"upstream '{producer_key}', over whose outputs it is mapped, "
        if state == StepState.ABANDONED and origin is not None:
            why += f"was not executed, because '{origin}' failed"
        else:
            why += PHRASES[state]
        if failed:
            self._outcomes.origins[key] = origin if origin is not None else producer_key
        self._steps[key] = step
        self.skip_reasons[key] = why
        self.states[key] = StepState.ABANDONED if failed else StepState.SKIPPED
        self._members[template.key, keys] = [key]
        self._ready.append(step)
        self._open += 1
        self._close((template.key, keys))

    def _one_less_below(self, branch: Branch) -> None:
        left = self._left_below[branch] - 1
        self._left_below[branch] = left
        if not left:
            self._close(branch)

    def _close(self, branch: Branch) -> None:
        """Note that all steps below a branch have ended."""
        self._closed.add(branch)
        self._release(branch)
        template_key, keys = branch
        if keys:
            self._one_less_below((template_key, keys[:-1]))
        else:
            self._open -= 1


def _gives_all(step: ExecutionStep) -> bool:
    """Tell whether the step gives all its outputs whenever it succeeds."""
    if len(step.outputs) != 1:
        return not step.outputs
    (output,) = step.outputs.values()
    return output.is_selected and output.definition.is_required and not output.definition.is_dynamic


def priority_in(tags: Mapping[str, str]) -> float | None:
    """Return the priority that the tags of a step say, if they do."""
    for tag in PRIORITY_TAGS:
        if tag in tags:
            try:
                return float(tags[tag])
            except ValueError:
                continue
    return None
