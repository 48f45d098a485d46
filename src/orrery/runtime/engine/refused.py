"""
Values that are stored, and that their own step refused after that: it failed, or a blocking check of its own did.

The materialization stands in the event log, as the value was there and others may have taken it. To use it again in place of
a new one would let pass what the step had stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from orrery.model.events.event import EventType
from orrery.model.records.run import RunsFilter, RunStatus

__all__ = ["refused_values"]

_KEPT = "values that their steps refused"
_SUCCEEDED = "runs that succeeded, which stays so"
_CHUNK = 500
_MOST = 10_000
_ENDED_BADLY = (RunStatus.FAILURE, RunStatus.CANCELED)


def refused_values(instance: Any, run_ids: Collection[str]) -> set[int]:
    """
    Return the numbers of those materializations of some runs whose step failed in the same run.

    An asset that a graph of ops makes is refused where any op of the graph failed.

    Args:
        instance: Where the runs are recorded.
        run_ids: The runs.
    """
    return {number for run_id in _ended_badly(instance, list(run_ids)) for number in _of_run(instance, run_id)}


def _ended_badly(instance: Any, run_ids: Sequence[str]) -> Iterator[str]:
    if len(run_ids) == 1:  # as a rule: and this question is kept ready
        run_id = run_ids[0]
        succeeded: set[str] = instance.scratch.setdefault(_SUCCEEDED, set())
        if run_id in succeeded:
            return
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status in _ENDED_BADLY:
            yield run_id
        elif run is not None and run.status is RunStatus.SUCCESS:
            if len(succeeded) >= _MOST:
                succeeded.clear()
            succeeded.add(run_id)
        return
    for start in range(0, len(run_ids), _CHUNK):
        yield from instance.get_run_ids(RunsFilter(run_ids=run_ids[start : start + _CHUNK], statuses=_ENDED_BADLY))


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
