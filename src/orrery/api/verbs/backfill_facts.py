"""What is known of the partitions of an asset: which were made, seen, failed, or made by other code."""

from __future__ import annotations

from collections.abc import Iterable

from orrery.base.keys import AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.automation.backfill_outdated import AssetFacts
from orrery.model.events.event import EventType
from orrery.model.records.latest import FAILED, MADE, PLANNED
from orrery.model.records.run import RunsFilter, RunStatus
from orrery.runtime.instance.instance import Instance

__all__ = [
    "facts_of",
]


_RUNS_AT_ONCE = 500


def facts_of(instance: Instance, graph: AssetGraph, key: AssetKey, *, with_ids: bool, with_code: bool) -> AssetFacts:
    """
    Return what is known of the partitions of an asset, by the latest that is kept of each: no event is read.

    Args:
        instance: Where it is kept.
        graph: The assets.
        key: The asset.
        with_ids: Whether to tell which materialization it was, and of an asset that the project does not make which
            observation, if that is later; else all are number 0.
        with_code: Whether to tell which were made by another code version than the asset declares.
    """
    log = instance.event_log
    is_seen = with_ids and graph.get(key).is_external
    if graph.get(key).partitions_def is None:
        whole = log.get_latest_of_assets([key]).get(key)
        latest = {} if whole is None else {"": whole}
        failed = {item for item, state in latest.items() if state.flags & FAILED}
        planned = {
            item: state.planned_run_id
            for item, state in latest.items()
            if state.flags & PLANNED and state.planned_run_id is not None
        }
        made = {item: state.materialization for item, state in latest.items() if state.materialization is not None}
        seen = {item: state.observation for item, state in latest.items() if is_seen and state.observation is not None}
    else:
        states = log.get_partition_states(key)
        failed = set(states.keys_with(FAILED))
        planned = dict(log.get_planned_partitions(key)) if states.count(PLANNED) else {}
        if with_ids:
            made = dict(log.get_latest_storage_id_by_partition(key, EventType.ASSET_MATERIALIZATION))
        else:
            made = dict.fromkeys(states.keys_with(MADE), 0)
        seen = {}
        if is_seen:
            seen = dict(log.get_latest_storage_id_by_partition(key, EventType.ASSET_OBSERVATION))
        latest = {}
        if with_code and graph.get(key).code_version is not None:
            latest = dict(log.get_latest_of_partitions(key))
    failed_runs = _failed_runs(instance, planned.values())
    failed.update(partition for partition, run_id in planned.items() if run_id in failed_runs)
    declared = graph.get(key).code_version
    other_code = {
        item
        for item, state in latest.items()
        if declared is not None and state.materialization is not None and state.code_version not in (None, declared)
    }
    made.update((item, number) for item, number in seen.items() if number > made.get(item, -1))
    return AssetFacts(made, failed, other_code)


def _failed_runs(instance: Instance, run_ids: Iterable[str]) -> set[str]:
    """Return those of these runs that failed."""
    wanted = sorted(set(run_ids))
    failed: set[str] = set()
    for start in range(0, len(wanted), _RUNS_AT_ONCE):
        some = RunsFilter(run_ids=wanted[start : start + _RUNS_AT_ONCE], statuses=[RunStatus.FAILURE])
        failed.update(run.run_id for run in instance.get_runs(some))
    return failed
