"""
One step of a plan: what a run would do with it, and why.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from orrery.model.events.reuse import Provenance, Reason
from orrery.plan.decide import Decision, LastMade

__all__ = ["PlannedStep", "decision_of_found"]


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """
    One step of a plan.

    Attributes:
        step_key: The step.
        assets: Its assets, as people write them.
        partition: Its partition, if one.
        decision: Run or skip, and why.
        provenance: What it would be made from.
        last: How it was made last; of several assets, the first.
    """

    step_key: str
    assets: tuple[str, ...]
    decision: Decision
    provenance: Provenance
    partition: str | None = None
    last: LastMade | None = None


def decision_of_found(partitions: Sequence[str], above: tuple[str, ...]) -> Decision:
    """Return what comes of a step that finds its partitions on the way: it makes those that were never made."""
    if partitions:
        return Decision(action="run", reasons=(Reason(kind="never_materialized"),))
    if above:  # which may find some
        reasons = tuple(Reason(kind="upstream_will_run", subject=each) for each in above)
        return Decision(action="run", reasons=reasons, is_certain=False)
    return Decision(action="skip", reasons=(Reason(kind="none_missing"),))
