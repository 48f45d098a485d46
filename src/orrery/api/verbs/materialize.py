"""``materialize`` and its kin: make assets, in this process, now."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.api.verbs.execute import execute_job_in_process
from orrery.api.verbs.results import ExecuteInProcessResult
from orrery.api.wiring.values import memory_io_manager
from orrery.base.arguments import check_kind
from orrery.base.errors import InvalidInvocationError, InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.assets.asset_job import build_asset_job, normalize_assets, only_partitions_definition
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.selection import AssetSelection
from orrery.model.assets.subset import lying_between, subset_to_run, with_needed_upstream
from orrery.model.events.entry import EventLogEntry
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.instance.instance import Instance

__all__ = [
    "EPHEMERAL_JOB_NAME",
    "check_assets",
    "ephemeral_job",
    "fresh_of",
    "kept_job",
    "materialize",
    "materialize_to_memory",
    "observe",
    "reuse_of",
]

EPHEMERAL_JOB_NAME = "__ephemeral_asset_job__"


def materialize(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
    *,
    definitions: Any = None,
    trace: bool = False,
    trace_out: str | None = None,
    on_event: Callable[[EventLogEntry], None] | None = None,
    partition_key_range: tuple[str, str] | None = None,
    reuse: bool | CachePolicy = False,
    force: Any = None,
    refresh: Any = None,
) -> ExecuteInProcessResult:
    """
    Make assets in this process, traced or not, whatever executor a job or *definitions* names for them.

    ``orrery materialize`` and :func:`execute_job` carry steps out by the executor, and trace them there.

    Args:
        assets: Assets and checks. Assets that are made elsewhere may stand among them, to be loaded.
        run_config: Run config as a dictionary or :class:`RunConfig`.
        instance: Where the run is recorded and values are kept; an ephemeral one if not given.
        resources: Resources by key: definitions, or objects to be used as they are.
        partition_key: The partition to make.
        raise_on_error: Raise the first failure; else return a result whose ``success`` is False.
        tags: Tags of the run.
        selection: Which of *assets* to make; all if not given.
        definitions: A :class:`Definitions`. What the chosen assets need and nobody chose is taken from
            there and made, too; so are its resources, where *resources* does not name them.
        trace: Print the tree of what was really called, with durations.
        trace_out: Write the same to this file in the Chrome trace format.
        on_event: Called with each entry of the event log as it is made; nothing is shown on the console then.
        partition_key_range: First and last of the partitions to make, in one run.
        reuse: Skip what is current (True), or what a :class:`CachePolicy` calls so: the stored value is then as good
            as a new one. Assets with a policy of their own follow that, whatever is said here.
        force: A selection of assets that run in any case; all if True.
        refresh: A selection of assets that run, too, though nobody chose them: with what lies between them and the chosen
            ones, which runs if they changed.

    Returns:
        An :class:`ExecuteInProcessResult`, with the values.

    Raises:
        InvalidDefinitionError: Assets that contradict one another, or lack a resource.
        InvalidConfigError: The run config does not fit.
        Exception: What the first failed step raised, under *raise_on_error*.
    """
    job, graph, asset_keys = kept_job(assets, resources, selection, definitions, instance, refresh=refresh)
    return execute_job_in_process(
        job,
        run_config=run_config,
        instance=instance,
        partition_key=partition_key,
        partition_key_range=partition_key_range,
        raise_on_error=raise_on_error,
        tags=tags,
        trace=trace,
        trace_out=trace_out,
        on_event=on_event,
        asset_selection=asset_keys if instance is not None else None,
        reuse=reuse_of(reuse, force, graph, fresh_of(refresh, graph)),
    )


def fresh_of(refresh: Any, graph: AssetGraph) -> set[AssetKey]:
    """Return the assets that a selection to be refreshed names; none where nothing is said."""
    return set(AssetSelection.from_coercible(refresh).resolve(graph)) if refresh else set()


def reuse_of(
    reuse: bool | CachePolicy, force: Any, graph: AssetGraph, fresh: AbstractSet[AssetKey] = frozenset()
) -> Reuse | None:
    """
    Return what a run may use again.

    Args:
        reuse: What the user said: whether, or under which policy.
        force: A selection of assets that run in any case; all if True.
        graph: The assets.
        fresh: Assets that run in any case, too.

    Raises:
        InvalidInvocationError: *reuse* is neither a truth value nor a policy.
    """
    if not isinstance(reuse, bool | CachePolicy):
        raise InvalidInvocationError(
            f"reuse={reuse!r} is neither True nor False nor a policy.",
            mend="write reuse=True, or reuse=CachePolicy(...).",
        )
    policy = CachePolicy() if reuse is True else reuse or None
    if force is True:
        return Reuse(policy=policy, is_default=reuse is True, force_all=True)
    forced = fresh | (AssetSelection.from_coercible(force).resolve(graph) if force else frozenset())
    if policy is None and not forced:
        return None
    return Reuse(policy=policy, is_default=reuse is True, forced=frozenset(forced))


_Made = tuple[JobDefinition, AssetGraph, set[AssetKey]]
_KEPT = "last job of materialize"


def kept_job(
    assets: Sequence[Any],
    resources: Any,
    selection: Any,
    definitions: Any,
    instance: Any,
    caller: str = "materialize",
    refresh: Any = None,
) -> _Made:
    """Return what :func:`ephemeral_job` does: for the very assets that the instance was given last, what it made then."""
    if resources or selection is not None or definitions is not None or refresh or not isinstance(instance, Instance):
        return ephemeral_job(assets, resources, selection, definitions, caller, refresh)
    if not isinstance(assets, list | tuple):
        return ephemeral_job(assets, resources, selection, definitions, caller)
    given = tuple(assets)
    before, made = instance.scratch.get(_KEPT, ((), None))
    if made is not None and len(before) == len(given) and all(map(operator.is_, before, given)):
        found: _Made = made
        return found
    made = ephemeral_job(assets, resources, selection, definitions, caller)
    if all(isinstance(each, AssetsDefinition) for each in given):  # those never change
        instance.scratch[_KEPT] = given, made
    return made


def check_assets(assets: Any, caller: str, call: str = "{}([my_asset])") -> None:
    """
    Refuse what is no sequence of assets.

    Args:
        assets: What the user gave.
        caller: The function that the user called.
        call: How to call it; ``{}`` stands for its name.

    Raises:
        WrongArgumentsError: It is nothing that can be iterated.
        InvalidInvocationError: It is one asset, or the name of one.
    """
    call = call.format(caller)
    check_kind(assets, Iterable, name="assets", of=caller, wanted=f"a sequence of assets: {call}")
    if isinstance(assets, AssetsDefinition | SourceAsset | str | AssetKey):
        raise InvalidInvocationError(f"{caller} takes a sequence of assets, not one asset.", mend=f"write {call}.")


def ephemeral_job(
    assets: Sequence[Any],
    resources: Mapping[str, Any] | None,
    selection: Any,
    definitions: Any,
    caller: str = "materialize",
    refresh: Any = None,
) -> tuple[JobDefinition, AssetGraph, set[AssetKey]]:
    """
    Return the job that makes the chosen assets, all assets it may see, and those it makes.

    Args are those of :func:`materialize`; *caller* is the function that errors name.
    """
    check_assets(assets, caller)
    if resources is not None:
        check_kind(resources, Mapping, name="resources", of=caller, wanted="a mapping of resources by key")
    chosen = normalize_assets(assets)
    everything = list(chosen)
    bound: dict[str, Any] = dict(as_resource_definitions(resources))
    pulled_from = None
    if definitions is not None:
        chosen = [definitions.with_policies(each) for each in chosen]
        everything = list(chosen)
        known = {id(each) for each in chosen}
        keys = {key for each in chosen for key in each.asset_and_check_keys}
        for each in definitions.all_assets_defs():
            if id(each) not in known and not (each.asset_and_check_keys and each.asset_and_check_keys <= keys):
                everything.append(each)
        for key, value in definitions.resource_definitions().items():
            bound.setdefault(key, value)
        pulled_from = definitions
    _check_no_conflicts(chosen, bound)
    graph = AssetGraph.from_assets(everything, strict="inputs")
    asset_keys, check_keys = _selected(
        graph, chosen, selection, pulled_from is not None, fresh_of(refresh, graph) & graph.materializable_asset_keys
    )
    only_partitions_definition(graph, asset_keys, EPHEMERAL_JOB_NAME)
    job = build_asset_job(
        EPHEMERAL_JOB_NAME,
        everything,
        asset_graph=graph,
        asset_keys=asset_keys,
        check_keys=check_keys,
        resource_defs=bound,
    )
    return job, graph, asset_keys


def _selected(
    graph: AssetGraph, chosen: Sequence[AssetsDefinition], selection: Any, pull: bool, fresh: AbstractSet[AssetKey]
) -> tuple[set[AssetKey], set[AssetCheckKey]]:
    """
    Return the assets and checks to make.

    Args:
        graph: All assets and checks.
        chosen: What the user gave.
        selection: What the user selects of it; all if None.
        pull: Whether what is needed besides is made, too.
        fresh: Assets that are made anew, chosen or not; so what lies between, and what can only run together with that.
    """
    asset_keys = {key for each in chosen if each.is_materializable for key in each.keys}
    check_keys = {key for each in chosen for key in each.check_keys}
    own_checks = set(check_keys)
    if selection is not None:
        wanted = AssetSelection.from_coercible(selection)
        asset_keys &= wanted.resolve(graph)
        check_keys &= wanted.resolve_checks(graph)
    if fresh:
        added = lying_between(graph, fresh, asset_keys) & graph.materializable_asset_keys - asset_keys
        whole = _with_what_runs_together(graph, added)
        asset_keys |= {key for key in whole if isinstance(key, AssetKey)}
        check_keys |= {key for key in whole if isinstance(key, AssetCheckKey)}
    if not pull:
        return asset_keys, check_keys
    subset = subset_to_run(graph, AssetSelection.assets(*sorted(asset_keys)))
    needed = with_needed_upstream(graph, subset)
    return set(needed.asset_keys), check_keys | {
        each for each in needed.check_keys if each.asset_key in asset_keys and each in own_checks
    }


def _with_what_runs_together(graph: AssetGraph, keys: AbstractSet[AssetKey]) -> set[AssetKey | AssetCheckKey]:
    found: set[AssetKey | AssetCheckKey] = set(keys)
    for key in keys:
        if graph.get_execution_set_identifier(key) is not None:
            found |= graph.get_execution_set_asset_and_check_keys(key)
    return found


def _check_no_conflicts(chosen: Sequence[AssetsDefinition], resources: Mapping[str, Any]) -> None:
    for each in chosen:
        for key, value in each.resource_defs.items():
            given = resources.get(key)
            if given is not None and given is not value:
                raise InvalidInvocationError(
                    f"resource with key '{key}' is bound to asset '{sorted(k.to_user_string() for k in each.keys)[0]}' and "
                    "was also provided: conflicting versions.",
                    mend="provide it in one place.",
                )


def materialize_to_memory(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
    selection: Any = None,
) -> ExecuteInProcessResult:
    """
    Make assets in this process and keep their values in memory alone, whatever IO managers they name.

    Args are those of :func:`materialize`.

    Raises:
        InvariantViolationError: *resources* gives an IO manager.
    """
    check_assets(assets, "materialize_to_memory")
    definitions = normalize_assets(assets)
    keys = {
        output.io_manager_key
        for each in definitions
        if each.is_executable
        for output in each.node_def.output_dict.values()
    }
    keys |= {each.get_io_manager_key_for_asset_key(key) for each in definitions for key in each.keys}
    given = [key for key in keys if key in (resources or {}) or any(key in each.resource_defs for each in definitions)]
    if given:
        raise InvariantViolationError(
            "Attempted to call `materialize_to_memory` with a resource provided for io manager key "
            f"'{given[0]}'. All io management behavior will be overridden with in-memory versions.",
            mend="leave the IO manager out, or call materialize.",
        )
    memory = dict.fromkeys(keys, memory_io_manager())
    return materialize(
        assets,
        run_config=run_config,
        instance=instance,
        resources={**(resources or {}), **memory},
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        tags=tags,
        selection=selection,
    )


def observe(
    assets: Sequence[Any],
    run_config: Any = None,
    instance: Any = None,
    resources: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    tags: Mapping[str, str] | None = None,
) -> ExecuteInProcessResult:
    """
    Observe source assets in this process: call their functions and record what they say.

    Args are those of :func:`materialize`.

    Raises:
        InvariantViolationError: None of *assets* has a function that observes it.
    """
    check_assets(assets, "observe")
    definitions = normalize_assets(assets)
    keys = {key for each in definitions if each.is_observable for key in each.keys}
    if not keys:
        raise InvariantViolationError(
            "Attempted to observe assets, but none of the given assets can be observed.",
            mend="decorate the function with @observable_source_asset.",
        )
    job = build_asset_job(
        "in_process_observation_job", definitions, asset_keys=keys, check_keys=set(), resource_defs=resources
    )
    return execute_job_in_process(
        job,
        run_config=run_config,
        instance=instance,
        partition_key=partition_key,
        raise_on_error=raise_on_error,
        tags=tags,
    )
