"""
Backfills of jobs: many partitions of one job, a run of the whole job for each.

In the plan of a backfill the job stands as the one thing that is made: a graph of a single node that bears its name
and is cut as the job is. So the driver, the states, and what is done about failures and crashes are those of assets; what
is made and what failed is known of the runs of the job, by their partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.api.verbs.execute import plan_of, tags_and_config
from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetKey
from orrery.base.tags import PARTITION_NAME_TAG
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetNode
from orrery.model.automation.backfill_choice import Which, needed_of
from orrery.model.automation.backfill_outdated import AssetFacts
from orrery.model.automation.backfill_progress import BackfillPlan
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.partitions.spoken import partitions_named
from orrery.model.records.run import RunsFilter, RunStatus

__all__ = ["check_config_of_job", "graph_of_job", "plan_of_job"]

_ALL = "*"


def graph_of_job(repository: RepositoryDefinition, job_name: str) -> AssetGraph:
    """
    Return the graph in which the job is the one node.

    Raises:
        InvariantViolationError: There is no job of this name; the nearest is told.
    """
    definition = repository.get_job(job_name).partitions_def
    return AssetGraph([AssetNode(key=AssetKey(job_name), partitions_def=definition, is_materializable=True)])


def plan_of_job(
    repository: RepositoryDefinition, job_name: str, texts: Sequence[str], which: Which, instance: Any
) -> BackfillPlan:
    """
    Say which partitions of a job a backfill would run.

    Args:
        repository: The project.
        job_name: The job.
        texts: Partitions as people type them; all that exist if there are none.
        which: ``MISSING``: no run of the partition succeeded. ``FAILED``: the latest one failed. ``ALL``: all of them.
        instance: Where the runs are recorded.

    Raises:
        InvariantViolationError: There is no such job.
        InvalidInvocationError: The job has no partitions, or ``STALE`` is asked of it.
        UnknownPartitionError: No partition has a key that is named.
    """
    graph = graph_of_job(repository, job_name)
    key = AssetKey(job_name)
    definition = graph.get(key).partitions_def
    if definition is None:
        raise InvalidInvocationError(
            f"Job '{job_name}' has no partitions: there is nothing to backfill.",
            mend="give the job partitions_def= or partitioned config, or run it once, with `orrery job run`.",
        )
    if which is Which.STALE:
        raise InvalidInvocationError(
            f"Which partitions of job '{job_name}' are out of date cannot be told: that is known of assets only.",
            mend="ask for 'missing', 'failed' or 'all' (`--missing`, `--failed`, `--all`).",
        )
    with partition_loading_context(dynamic_partitions_store=instance):
        named = {key: partitions_named(texts or [_ALL], definition)}
        facts = {} if which is Which.ALL else {key: _facts(job_name, instance)}
        return BackfillPlan.of(graph, needed_of(graph, named, which, facts), job_name=job_name)


def check_config_of_job(job: JobDefinition, run_config: Any) -> None:
    """
    Refuse run config that does not fit the job.

    Config that a function of the job gives for each partition is looked at when the partition comes.

    Raises:
        InvalidConfigError: It does not fit.
    """
    if run_config is not None or job.partitioned_config is None:
        _, config = tags_and_config(job, run_config, None, None, None, None)
        plan_of(job, config)


def _facts(job_name: str, instance: Any) -> AssetFacts:
    """Return of which partitions a run of the whole job succeeded, and of which the latest run failed."""
    latest: dict[str, RunStatus] = {}
    made: dict[str, int] = {}
    for run in instance.get_runs(RunsFilter(job_name=job_name)):  # the newest first
        partition = run.tags.get(PARTITION_NAME_TAG)
        if partition is None or run.op_selection:
            continue
        latest.setdefault(partition, run.status)
        if run.status is RunStatus.SUCCESS:
            made[partition] = 0
    return AssetFacts(made, {partition for partition, status in latest.items() if status is RunStatus.FAILURE})
