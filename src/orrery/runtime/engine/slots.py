"""
Slots of pools for the steps of a run: which launches may be carried out now.

For executors: what the state machine says to launch goes through :meth:`StepSlots.admitted`, and
:meth:`StepSlots.give_back` is called when an attempt at a step has ended. A run none of whose steps names a pool has no
``StepSlots`` at all, nor has one where pools limit runs and not steps. Slots belong to this process, so that they are free
again when it is gone, whatever ended it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.errors import InvariantViolationError
from orrery.base.tags import CONCURRENCY_KEY_TAG, POOL_SLOTS_TAG, PRIORITY_TAG, STEP_POOL_TAG_PREFIX
from orrery.model.automation.pools import Claim, granted, hindrances
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.records.lease import LEASE_SECONDS
from orrery.model.records.run import Run
from orrery.model.records.run_pools import RunOpConcurrency
from orrery.plan.commands import LaunchStep
from orrery.plan.step import ExecutionStep
from orrery.runtime.instance.leases import LeaseKeeper, is_gone, this_process
from orrery.runtime.instance.queue import let_waiting_runs_go, pool_rules_of

__all__ = ["TICK_SECONDS", "StepSlots", "pools_of", "slots_for", "wants_of"]

TICK_SECONDS = 0.1
"""How often those who wait look whether they were served."""


def wants_of(step: ExecutionStep) -> Mapping[str, int]:
    """
    Return how many slots of each pool a step takes while it runs.

    Its ``pool=`` and the tag ``orrery/concurrency_key`` name one, of which it takes one slot or as many as its tag
    ``orrery/pool_slots`` says; each tag ``orrery.pool/NAME`` names a further one, with the number as its value.

    Raises:
        InvariantViolationError: A number of slots is none.
    """
    tags = step.tags
    own = step.op.pool or (tags.get(CONCURRENCY_KEY_TAG) if tags else None)
    wants = {} if own is None else {own: _number(step, tags, POOL_SLOTS_TAG, "1")}
    for tag in tags or ():
        if tag.startswith(STEP_POOL_TAG_PREFIX):
            wants[tag[len(STEP_POOL_TAG_PREFIX) :]] = _number(step, tags, tag, "1")
    return wants


def _speaking_of_pools(steps: Iterable[ExecutionStep]) -> list[ExecutionStep]:
    """Return the steps that may say something of pools: most have neither tags nor a pool."""
    return [step for step in steps if step.tags or step.op.pool is not None]


def _number(step: ExecutionStep, tags: Mapping[str, str], tag: str, usual: str) -> int:
    text = tags.get(tag, usual) if tags else usual
    if not text.isdigit() or int(text) < 1:
        raise InvariantViolationError(
            f"The tag '{tag}' of step '{step.key}' is a number of slots from 1, not {text!r}.", mend=f'write {tag}="2".'
        )
    return int(text)


def slots_for(steps: Iterable[ExecutionStep], instance: Any, run: Run) -> StepSlots | None:
    """Return the slots of a run's steps; None where no step wants any, or nobody counts them."""
    if instance.keeper is None or not any(map(wants_of, _speaking_of_pools(steps))):
        return None
    rules = pool_rules_of(instance)
    if rules.is_of_runs:
        return None
    return StepSlots(instance.keeper, run, rules.default, lambda pools: let_waiting_runs_go(instance, pools))


def pools_of(steps: Iterable[ExecutionStep]) -> RunOpConcurrency | None:
    """Return what the steps of a plan take of pools, for the record of its run; None for nothing."""
    steps = list(steps)
    if not any(map(wants_of, _speaking_of_pools(steps))):
        return None
    found = [(step, wants_of(step)) for step in steps]
    return RunOpConcurrency.of_steps((not step.parent_keys, wants) for step, wants in found)


class StepSlots:
    """
    Claims slots for the steps of one run.

    Args:
        keeper: Keeps the claims, and renews them.
        run: The run.
        default: How many slots a pool has whose number nobody set; None for as many as are wanted.
        on_free: Called with the pools of which slots were given back.
    """

    def __init__(
        self,
        keeper: LeaseKeeper,
        run: Run,
        default: int | None = None,
        on_free: Callable[[Iterable[str]], None] | None = None,
    ) -> None:
        self._keeper = keeper
        self._on_free = on_free
        self._wants: dict[str, Mapping[str, int]] = {}
        self._run = run
        self._default = default
        self._tokens: dict[str, str] = {}
        self._waiting: dict[str, LaunchStep] = {}
        self._looked = 0.0

    @property
    def has_waiting(self) -> bool:
        """Tell whether launches wait for slots: ask again after a tick."""
        return bool(self._waiting)

    def admitted(self, launches: Sequence[LaunchStep]) -> tuple[list[LaunchStep], list[Event]]:
        """
        Return the launches that may be carried out now, of these and of those that waited, and what to record.

        Raises:
            InvariantViolationError: A step wants more slots than its pool will ever have.
        """
        ready: list[LaunchStep] = []
        asked: list[Claim] = []
        for launch in launches:
            wants = wants_of(launch.step)
            if wants:
                asked.append(self._claim(launch, wants))
            else:
                ready.append(launch)
        if not asked and (not self._waiting or time.monotonic() - self._looked < TICK_SECONDS / 2):
            return ready, []
        self._looked = time.monotonic()
        claims = self._exchange(asked)
        held = {claim.token for claim in claims if claim.is_held}
        for key in [key for key in self._waiting if self._tokens[key] in held]:
            ready.append(self._waiting.pop(key))
        slots = self._slots({}, claims)
        return ready, [self._told(claim, slots, claims) for claim in asked if claim.token not in held]

    def give_back(self, step_key: str) -> None:
        """Let go of the slots of a step; nothing happens if it has none."""
        token = self._tokens.pop(step_key, None)
        if token is None:
            return
        self._keeper.forget(token)
        self._exchange([], [token])
        if self._on_free is not None:
            self._on_free(self._wants.pop(step_key))

    def _claim(self, launch: LaunchStep, wants: Mapping[str, int]) -> Claim:
        step = launch.step
        counted = {pool.name: pool.slots for pool in self._keeper.storage.get_pools()}
        for pool, many in wants.items():
            limit = counted.get(pool, self._default)
            if limit and many > limit:
                raise InvariantViolationError(
                    f"Step '{step.key}' wants {many} slots of pool '{pool}', which has {limit}.",
                    mend=f"give it more: orrery pools set {pool} {many}; or let the step want fewer.",
                )
        priority = (step.tags.get(PRIORITY_TAG) if step.tags else None) or self._run.tags.get(PRIORITY_TAG, "0")
        now = self._keeper.storage.get_lease_time()
        claim = Claim(
            token=uuid.uuid4().hex,
            run_id=self._run.run_id,
            step_key=step.key,
            wants=wants,
            priority=int(priority) if priority.lstrip("+-").isdigit() else 0,
            owner=this_process(),
            asked=now,
            expires=now + LEASE_SECONDS,
        )
        self._tokens[step.key] = claim.token
        self._wants[step.key] = wants
        self._waiting[step.key] = launch
        self._keeper.hold(claim.token)
        return claim

    def _exchange(self, add: Sequence[Claim], remove: Sequence[str] = ()) -> Sequence[Claim]:
        """Change the claims; those of processes that are gone end, too."""
        storage = self._keeper.storage
        now = storage.get_lease_time()
        gone = [claim.token for claim in storage.get_claims() if is_gone(claim.owner, claim.expires, now)]
        return storage.exchange_claims(
            lambda slots, claims: granted(self._slots(slots, claims), claims), add=add, remove=[*remove, *gone]
        )

    def _slots(self, slots: Mapping[str, int], claims: Sequence[Claim]) -> Mapping[str, int]:
        found = dict(slots) or {pool.name: pool.slots for pool in self._keeper.storage.get_pools()}
        if self._default is not None:
            for claim in claims:
                for pool in claim.wants:
                    found.setdefault(pool, self._default)
        return found

    def _told(self, mine: Claim, slots: Mapping[str, int], claims: Sequence[Claim]) -> Event:
        """Say what a step waits for, and who has it."""
        parts = []
        for pool, others in hindrances(mine.token, slots, claims).items():
            who = ", ".join(
                f"{'held by' if other.is_held else 'wanted before by'} step '{other.step_key}' of run {other.run_id[:8]}"
                for other in others
            )
            parts.append(
                f"pool '{pool}' ({slots[pool]} slot{'' if slots[pool] == 1 else 's'}{': ' + who if who else ''})"
            )
        message = f"Step '{mine.step_key}' waits for {' and for '.join(parts)}."
        return build.engine_event(self._run.job_name, message, step_key=mine.step_key)
