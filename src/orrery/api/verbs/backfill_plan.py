"""Which partitions a backfill is about: chosen by the user, and recorded before."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from orrery.api.verbs.backfill_driver import loading
from orrery.api.verbs.backfill_facts import facts_of
from orrery.api.verbs.backfill_growth import growing_of
from orrery.api.verbs.backfill_jobs import graph_of_job, plan_of_job
from orrery.api.verbs.backfill_stale import judging
from orrery.base.errors import (
    InvalidInvocationError,
    InvalidSubsetError,
    InvariantViolationError,
    nearest_hint,
)
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.definitions import Definitions
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection
from orrery.model.automation.backfill_choice import Which, chosen_partitions, needed_of, taken_from_outside
from orrery.model.automation.backfill_groups import group_assets
from orrery.model.automation.backfill_progress import WHOLE, BackfillPlan
from orrery.model.partitions.loading import partition_loading_context
from orrery.model.partitions.subset import PartitionsSubset
from orrery.model.records.backfill import Backfill
from orrery.runtime.instance.instance import Instance

__all__ = [
    "job_of",
    "plan_again",
    "plan_backfill",
    "repository_of",
    "stale_of",
]


def plan_backfill(
    definitions: Definitions | RepositoryDefinition,
    selection: Any = "*",
    *,
    instance: Instance,
    partitions: str | Sequence[str] = (),
    which: str = "missing",
    partitions_of: CoercibleToAssetKey | None = None,
    discover: bool = False,
    job: str | JobDefinition | None = None,
    run_config: Mapping[str, Any] | None = None,
) -> BackfillPlan:
    """
    Say what :func:`backfill` would make, without making it.

    Args are those of :func:`backfill`.

    Returns:
        A :class:`BackfillPlan`: ``targets`` by asset, and ``groups`` of assets that share runs. Of a job, its name
        stands for the asset.
    """
    texts = [partitions] if isinstance(partitions, str) else list(partitions)
    wanted = _which(which)
    if job is not None:
        _refuse_assets_with_job(selection, partitions_of, discover)
        return plan_of_job(repository_of(definitions), _name_of(job), texts, wanted, instance)
    repository = repository_of(definitions)
    graph = repository.asset_graph
    keys = _keys(graph, AssetSelection.from_coercible(selection).resolve(graph))
    of = None if partitions_of is None else AssetKey.from_coercible(partitions_of)
    with partition_loading_context(dynamic_partitions_store=instance):
        named = chosen_partitions(graph, keys, texts, of=of)
        if wanted is Which.STALE:
            needed = stale_of(repository, named, instance, run_config)
        else:
            about = named if wanted is Which.FAILED or wanted is Which.MISSING else {}
            facts = {key: facts_of(instance, graph, key, with_ids=False, with_code=False) for key in about}
            needed = needed_of(graph, named, wanted, facts)
        growing = [] if texts or wanted is Which.FAILED else growing_of(graph, keys)
        if discover:
            needed.update(dict.fromkeys(_discovering(graph, keys, growing), WHOLE))
        return BackfillPlan.of(graph, needed, growing, leaves_current=wanted is Which.STALE)


def plan_again(known: Backfill, repository: RepositoryDefinition, instance: Instance) -> BackfillPlan:
    """Return the plan of a backfill that was recorded, for the assets, or the job, as they are now."""
    graph = repository.asset_graph if known.job_name is None else graph_of_job(repository, known.job_name)
    what = "Asset" if known.job_name is None else "Job"
    targets: dict[AssetKey, PartitionsSubset] = {}
    with loading(known, instance):
        for target in known.targets:
            definition = graph.get(target.asset_key).partitions_def
            if target.partitions is None and definition is None:
                targets[target.asset_key] = WHOLE
                continue
            if (
                target.partitions is None
                or definition is None
                or not definition.can_deserialize_subset(
                    target.partitions, target.partitions_id, type(definition).__name__
                )
            ):
                raise InvariantViolationError(
                    f"{what} '{target.asset_key.to_user_string()}' has other partitions than when backfill "
                    f"{known.backfill_id} was asked for.",
                    mend="start another backfill of it; what is made already is left alone.",
                )
            targets[target.asset_key] = definition.deserialize_subset(target.partitions)
        return BackfillPlan.of(
            graph, targets, known.growing, job_name=known.job_name, leaves_current=known.leaves_current
        )


def repository_of(definitions: Definitions | RepositoryDefinition) -> RepositoryDefinition:
    """Return the repository of a project that is given in either form."""
    return definitions if isinstance(definitions, RepositoryDefinition) else definitions.get_repository_def()


def job_of(repository: RepositoryDefinition, keys: Sequence[AssetKey]) -> JobDefinition:
    """Return the job that makes some assets, with their checks."""
    checks = AssetSelection.assets(*keys).resolve_checks(repository.asset_graph)
    whole = repository.get_implicit_global_asset_job_def()
    return whole.get_subset(asset_selection=set(keys), asset_check_selection=set(checks))


def _name_of(job: str | JobDefinition) -> str:
    return job if isinstance(job, str) else job.name


def _which(which: str) -> Which:
    try:
        return Which(which)
    except ValueError as error:
        raise InvalidSubsetError(
            f"which={which!r} says not which partitions to make.",
            mend=nearest_hint(which, [each.value for each in Which], noun="choice"),
        ) from error


def _keys(graph: AssetGraph, chosen: Any) -> set[AssetKey]:
    """Return what of the chosen assets can be made, with what can only be made together with it."""
    keys = {key for key in chosen if key in graph.materializable_asset_keys}
    if graph.has_execution_sets:
        together = {each for key in keys for each in graph.get_execution_set_asset_and_check_keys(key)}
        keys |= {each for each in together if isinstance(each, AssetKey)}
    if not keys:
        raise InvalidSubsetError(
            "Nothing that is selected is made by this project.",
            mend="select assets that have a function; `orrery list assets` marks the others.",
        )
    return keys


def _discovering(graph: AssetGraph, keys: set[AssetKey], growing: Sequence[AssetKey]) -> list[AssetKey]:
    """Return the selected assets without partitions from which those of *growing* may get theirs."""
    found = [
        key
        for key in graph.sort_keys(graph.upstream_of(growing, include_self=False) & keys)
        if graph.get(key).partitions_def is None
    ]
    if not found:
        raise InvalidInvocationError(
            "There is nothing to discover: no asset without partitions stands, selected, before a selected one with "
            "dynamic partitions, of which all are meant.",
            mend="select both, and name no partitions; or leave `discover` (`--discover`) out.",
        )
    return found


def _refuse_assets_with_job(selection: Any, partitions_of: Any, discover: bool) -> None:
    given = [
        name
        for name, is_given in (
            ("a selection of assets", selection != "*"),
            ("partitions_of (`--of`)", partitions_of is not None),
            ("discover (`--discover`)", discover),
        )
        if is_given
    ]
    if given:
        raise InvalidInvocationError(
            f"A backfill is about a job or about assets, not both: a job was given, and {given[0]}.",
            mend="leave one of them out.",
        )


def stale_of(
    repository: RepositoryDefinition,
    named: Mapping[AssetKey, PartitionsSubset],
    instance: Instance,
    run_config: Mapping[str, Any] | None,
) -> dict[AssetKey, PartitionsSubset]:
    """Return those of the named partitions that are missing or out of date, by what is recorded of them."""
    graph = repository.asset_graph
    about = {*named, *(parent for key in named for parent in graph.get_parents(key))}
    facts = {key: facts_of(instance, graph, key, with_ids=True, with_code=key in named) for key in about}
    groups = [group.keys for group in group_assets(graph, named)]
    outside = taken_from_outside(graph, named)
    with judging(groups, lambda keys: job_of(repository, keys), instance, run_config) as judge:
        taken = {key: None if graph.get(key).partitions_def is None else list(some) for key, some in outside.items()}
        for key, moved in judge.look_at(taken).items():
            facts[key] = facts[key]._replace(made={**facts[key].made, **dict.fromkeys(moved, sys.maxsize)})
        for key in named:
            known = facts[key]
            judged = judge.judged(key, known.made)
            by_record = {item for item, is_old in judged.items() if is_old}
            facts[key] = known._replace(other_code=by_record | (known.other_code - judged.keys()))
        return needed_of(graph, named, Which.STALE, facts, judge.unchanged, judge.recorded)
