"""
Values that are stored, and that their own step refused after that: it failed, or a blocking check of its own did.

The materialization stands in the event log, as the value was there and others may have taken it. To use it again in place of
a new one would let pass what the step had stopped.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from orrery.model.events.event import EventType
from orrery.model.records.run import RunsFilter, RunStatus

__all__ = ["refused_values"]

_KEPT = "values that their steps refused"
_CHUNK = 500
_ENDED_BADLY = (RunStatus.FAILURE, RunStatus.CANCELED)


def refused_values(instance: Any, run_ids: Collection[str]) -> set[int]:
    """
    Return the numbers of those materializations of some runs whose step failed in the same run.

    An asset that a graph of ops makes is refused where any op of the graph failed.

    Args:
        instance: Where the runs are recorded.
        run_ids: The runs; those that ended well are asked about together, and nothing else of them.
    """
    found: set[int] = set()
    wanted = list(run_ids)
    for start in range(0, len(wanted), _CHUNK):
        filters = RunsFilter(run_ids=wanted[start : start + _CHUNK], statuses=_ENDED_BADLY)
        for run_id in instance.get_run_ids(filters):
            found |= _of_run(instance, run_id)
    return found


def _of_run(instance: Any, run_id: str) -> frozenset[int]:
    known: dict[str, frozenset[int]] = instance.scratch.setdefault(_KEPT, {})
    if run_id not in known:
        failed = instance.event_log.get_records_for_run(run_id, of_type=EventType.STEP_FAILURE).records
        makers = {_maker(each.event_log_entry.step_key) for each in failed}
        made = (
            instance.event_log.get_records_for_run(run_id, of_type=EventType.ASSET_MATERIALIZATION).records
            if makers
            else ()
        )
        known[run_id] = frozenset(each.storage_id for each in made if _maker(each.event_log_entry.step_key) in makers)
    return known[run_id]


def _maker(step_key: str | None) -> str:
    """Return the node that makes the asset: the step, or the graph around it."""
    return (step_key or "").partition(".")[0].partition("[")[0]
