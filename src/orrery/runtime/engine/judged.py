"""
Which partitions that were made are out of date, by what is recorded of each: as a run with reuse would decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from orrery.plan.decide import LastMade, Situation, decide
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.decisions import Decisions

__all__ = ["judged", "unchanged"]


def judged(decisions: Decisions, step: ExecutionStep, partitions: Sequence[str | None]) -> dict[str | None, bool]:
    """
    Tell of partitions that were made whether they are out of date for another reason than the versions of their inputs.

    Args:
        decisions: What would be decided about a run of the step.
        step: A step that makes assets.
        partitions: The partitions; None for an asset without.

    Returns:
        The partitions of which it is recorded what they were made from, each with whether it is out of date.
    """
    return _judged(decisions, step, partitions, with_inputs=False)


def unchanged(decisions: Decisions, step: ExecutionStep, partitions: Sequence[str | None]) -> set[str | None]:
    """Return those of some partitions that are as they would be made now: also their inputs are what they were."""
    return {each for each, is_old in _judged(decisions, step, partitions, with_inputs=True).items() if not is_old}


def _judged(
    decisions: Decisions, step: ExecutionStep, partitions: Sequence[str | None], *, with_inputs: bool
) -> dict[str | None, bool]:
    policy, instant, found = decisions.policies.of(step), datetime.now(UTC), dict[str | None, bool]()
    named = [each for each in partitions if each is not None]
    for output, graph in decisions.assets_of(step):
        key = output.asset_key
        assert key is not None
        external = decisions.external(step, graph)
        inputs = {each.to_user_string() for each in decisions.inputs_of(step, graph)}
        now = None if with_inputs else decisions.made_now(step, output, graph, policy, None, with_inputs=False)
        last_of = dict[str | None, LastMade | None](zip(named, decisions.present.last_of(key, named), strict=True))
        if None in partitions:
            last_of[None] = decisions.present.last(key)
        for partition, last in last_of.items():
            if last is None or last.provenance is None:
                continue
            if now is None or last.provenance.inputs.keys() != inputs:
                made_now = decisions.made_now(step, output, graph, policy, partition, with_inputs=True)
            else:
                made_now = msgspec.structs.replace(now, inputs=last.provenance.inputs)
            situation = Situation(asset=key.to_user_string(), last=last, now=made_now, policy=policy, external=external)
            is_old = decide(situation, instant).action == "run"
            found[partition] = found.get(partition, False) or is_old
    return found
