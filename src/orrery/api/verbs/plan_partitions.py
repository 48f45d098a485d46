"""
A plan of assets of which some have partitions, and none of these was named: the others as a run would make them, and of
each that has some how they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from orrery.api.verbs.backfill_plan import plan_backfill, stale_of
from orrery.api.verbs.plan import MaterializationPlan, PlannedPartitions, plan_job
from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.automation.backfill_choice import needed_above
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.records.latest import MADE
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.instance.instance import Instance

__all__ = ["out_of_date_above", "plan_with_partitions"]


def plan_with_partitions(
    repository: RepositoryDefinition,
    keys: Collection[AssetKey],
    job_of: Callable[[set[AssetKey]], JobDefinition],
    instance: Instance,
    reuse: Reuse | None,
    run_config: Mapping[str, Any] | None = None,
) -> MaterializationPlan:
    """
    Return a plan of *keys*, of whose partitions none was named.

    Args:
        repository: The project.
        keys: The assets; at least one of them has partitions.
        job_of: Gives the job that makes some assets, none of which has partitions.
        instance: Where earlier runs are recorded.
        reuse: Which stored values may be used again.
        run_config: Run config; the job's own if None.

    Raises:
        InvalidInvocationError: An asset with partitions is forced.
        InvalidConfigError: The run config does not fit.
    """
    graph = repository.asset_graph
    made = [key for key in graph.sort_keys(keys) if key in graph.materializable_asset_keys]
    cut = [key for key in made if graph.get(key).partitions_def is not None]
    _refuse_forced(cut, reuse)
    targets = plan_backfill(repository, made, instance=instance, which="stale", run_config=run_config).targets
    found: list[PlannedPartitions] = []
    with partition_loading_context(dynamic_partitions_store=instance):
        for key in cut:
            definition: Any = graph.get(key).partitions_def
            wanted = targets.get(key)
            due = set() if wanted is None else set(wanted.get_partition_keys())
            have = set(instance.event_log.get_partition_states(key).keys_with(MADE)) if due else set()
            states = {
                each: "current" if each not in due else "out of date" if each in have else "missing"
                for each in definition.get_partition_keys()
            }
            found.append(PlannedPartitions(asset=key.to_user_string(), states=states))
    plain = set(made) - set(cut)
    if not plain:
        return MaterializationPlan(job_name="", steps=(), run_config=run_config, partitions=tuple(found))
    running = [key for key in cut if key in targets]
    plan = plan_job(job_of(plain), instance, reuse, run_config, running=running)
    return MaterializationPlan(
        job_name=plan.job_name, steps=plan.steps, run_config=plan.run_config, partitions=tuple(found)
    )


def out_of_date_above(
    repository: RepositoryDefinition,
    key: AssetKey,
    partition: str,
    above: Collection[AssetKey],
    instance: Instance,
    run_config: Mapping[str, Any] | None = None,
) -> list[AssetKey]:
    """
    Return those assets *above* that are cut otherwise, and of which something is out of date that a partition needs.

    Args:
        repository: The project.
        key: The asset.
        partition: Its partition.
        above: Assets upstream of it.
        instance: Where earlier runs are recorded.
        run_config: Run config; the job's own if None.
    """
    graph = repository.asset_graph
    own = graph.get(key).partitions_def
    cut = [each for each in above if graph.get(each).partitions_def not in (None, own)]
    if not cut:
        return []
    with partition_loading_context(dynamic_partitions_store=instance):
        assert own is not None
        named = needed_above(graph, key, own.subset_with_partition_keys([partition]), above)
        stale = stale_of(repository, named, instance, run_config)
    return [each for each in cut if each in stale and not stale[each].is_empty]


def _refuse_forced(cut: Collection[AssetKey], reuse: Reuse | None) -> None:
    forced = sorted(key.to_user_string() for key in cut if reuse is not None and key in reuse.forced)
    if forced:
        raise InvalidInvocationError(
            f"Asset '{forced[0]}' is forced, and has partitions, of which none was named.",
            mend="add --partition KEY; or make all of them again by `orrery backfill --all`.",
        )
