"""
``orrery show``: what is known of one asset.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from orrery.api.wiring.instance import open_instance
from orrery.base.keys import AssetKey
from orrery.base.tags import CODE_VERSION_TAG, DATA_VERSION_TAG, KIND_PREFIX
from orrery.cli.completion import complete_assets
from orrery.cli.definition_facts import asset_document
from orrery.cli.happenings import check_state, headline
from orrery.cli.json_output import echo_json
from orrery.cli.metadata_text import metadata_document, metadata_lines
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import dim, echo, strong, styled, table
from orrery.cli.project import load_project
from orrery.cli.summary import check_details
from orrery.cli.text import block, count, instant, one_line, short_path, since
from orrery.model.assets.graph import AssetGraph
from orrery.model.events.entry import EventLogRecord
from orrery.model.events.payloads import AssetFailedToMaterializeData
from orrery.model.records.run import Run
from orrery.runtime.instance.instance import Instance
from orrery.runtime.ports.event_log import AssetState, CheckState

__all__ = ["command"]


@click.command("show", short_help="Show what is known of one asset.")
@click.argument("asset", shell_complete=complete_assets)
@source_options
@json_option()
def command(asset: str, source: Source, as_json: bool) -> None:
    """
    Show what is known of ASSET: how it is defined, when it was last made and what of, its metadata and checks.

    The parts of a key are joined by "/".
    """
    project = load_project(source)
    key = project.asset_key(asset)
    check_keys = project.graph.check_keys_of(key)
    with open_instance(may_only_read=True) as instance:
        neighbours = [*project.graph.get_parents(key)]
        states = {state.asset_key: state for state in instance.get_asset_states([key, *neighbours])}
        checks = {state.check_key.name: state for state in instance.get_check_states(list(check_keys))}
        partitions = instance.get_materialized_partitions(key) if project.graph.get(key).is_partitioned else None
        state = states.get(key)
        failed = _failed_run(instance, state)
    if as_json:
        echo_json(
            {
                **asset_document(project.graph, key),
                "materialization": _made_document(state),
                "observation": _observed_document(state),
                "last_failure": _failure_document(state, failed),
                "materialized_partitions": None if partitions is None else sorted(partitions),
                "checks": [_check_document(each.name, checks.get(each.name)) for each in check_keys],
            }
        )
        return
    _definition(project.graph, key)
    _upstream(project.graph, key, states)
    _latest(state, partitions)
    _failure(state, failed)
    _checks([check.name for check in check_keys], checks)


# -- as text -------------------------------------------------------------------------------------


def _definition(graph: AssetGraph, key: AssetKey) -> None:
    facts = asset_document(graph, key)
    echo(f"{strong(one_line(facts['key']))}  {dim('external') if facts['external'] else ''}".rstrip())
    if facts["description"]:
        echo(block(facts["description"].strip()))
    shown = {
        "group": facts["group"] if facts["group"] != "default" else "",
        "kinds": ", ".join(facts["kinds"]),
        "owners": ", ".join(facts["owners"]),
        "tags": ", ".join(f"{name}={value}" if value else name for name, value in _own_tags(facts["tags"])),
        "code": facts["code_version"] or "",
        "parts": facts["partitions"] or "",
        "defined": short_path(facts["defined_at"] or ""),
        "below": ", ".join(facts["downstream"]),
    }
    for name, value in shown.items():
        if value:
            echo(f"  {dim(name.ljust(8))} {one_line(value)}")


def _own_tags(tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the tags without those that stand for kinds, which are shown by themselves."""
    return sorted((name, value) for name, value in tags.items() if not name.startswith(KIND_PREFIX))


def _upstream(graph: AssetGraph, key: AssetKey, states: Mapping[AssetKey, AssetState]) -> None:
    parents = graph.get_parents(key)
    if not parents:
        return
    now = time.time()
    own = _timestamp(states.get(key))
    rows = []
    for parent in parents:
        made = _timestamp(states.get(parent))
        if made is None:
            said = dim("external" if graph.get(parent).is_external else "never made")
        else:
            said = dim(since(max(0.0, now - made)))
        newer = click.style("newer", fg="yellow") if made is not None and own is not None and made > own else ""
        rows.append([one_line(parent.to_escaped_user_string()), said, newer])
    echo()
    echo(strong("Upstream"))
    for line in table(rows, indent="  "):
        echo(line)


def _latest(state: AssetState | None, partitions: set[str] | None) -> None:
    now = time.time()
    record = None if state is None else state.last_materialization
    echo()
    if record is None:
        echo(strong("Never materialized"))
    else:
        made = record.event_log_entry.asset_materialization
        when = dim(f"{instant(record.timestamp)}, {since(max(0.0, now - record.timestamp))}")
        echo(f"{strong('Latest materialization')}  {when}")
        tags = (made.tags or {}) if made is not None else {}
        facts = {
            "run": record.run_id,
            "part": (made.partition if made is not None else None) or "",
            "version": tags.get(DATA_VERSION_TAG, ""),
            "code": tags.get(CODE_VERSION_TAG, ""),
        }
        for name, value in facts.items():
            if value:
                echo(f"  {dim(name.ljust(8))} {one_line(value)}")
        if made is not None and made.metadata:
            echo()
            for line in metadata_lines(made.metadata):
                echo(f"  {line}".rstrip())
    if partitions is not None:
        echo(f"  {dim(count(len(partitions), 'partition') + ' made')}")
    observed = None if state is None else state.last_observation
    if observed is not None:
        seen = observed.asset_observation
        echo()
        echo(f"{strong('Latest observation')}  {dim(since(max(0.0, now - observed.timestamp)))}")
        for line in metadata_lines(seen.metadata) if seen is not None else ():
            echo(f"  {line}")


def _failure(state: AssetState | None, run: Run | None) -> None:
    """Tell of a run that was to make the asset and did not, later than one that did if there is one."""
    if state is None or run is None or state.last_planned is None:
        return
    which = "the latest run that was to" if state.last_materialization is None else "a later run"
    when = since(max(0.0, time.time() - state.last_planned.timestamp))
    ended = styled(run.status.value.lower())
    echo()
    echo(f"{strong('Not made')} by {which}: {ended}, {dim(when)}  {_why(state.last_failed)}".rstrip())
    echo(f"  {dim('see')}      orrery runs show {run.run_id[:8]}")


def _failed_run(instance: Instance, state: AssetState | None) -> Run | None:
    """Return the run that was to make the asset since it was last made, and ended otherwise."""
    planned = None if state is None else state.last_planned
    if state is None or planned is None:
        return None
    made = state.last_materialization
    if made is not None and made.storage_id > planned.storage_id:
        return None
    run = instance.get_run_by_id(planned.run_id)
    return run if run is not None and run.is_failure_or_canceled else None


def _checks(names: list[str], states: Mapping[str, CheckState]) -> None:
    if not names:
        return
    now = time.time()
    rows = []
    details: list[list[str]] = []
    for name in names:
        record = states[name].last_evaluation if name in states else None
        found = None if record is None else record.event_log_entry.asset_check_evaluation
        if record is None or found is None:
            rows.append([one_line(name), dim("never evaluated"), "", ""])
            details.append([])
        else:
            said = one_line((found.description or "").split("\n", 1)[0])
            rows.append(
                [one_line(name), styled(check_state(found)), dim(since(max(0.0, now - record.timestamp))), said]
            )
            details.append(check_details(found))
    echo()
    echo(strong("Checks"))
    for line, more in zip(table(rows, indent="  "), details, strict=True):
        for each in (line, *more):
            echo(each)


def _timestamp(state: AssetState | None) -> float | None:
    return None if state is None or state.last_materialization is None else state.last_materialization.timestamp


def _why(record: EventLogRecord | None) -> str:
    event = None if record is None else record.event_log_entry.dagster_event
    data = None if event is None else event.event_specific_data
    return one_line(headline(data.error)) if isinstance(data, AssetFailedToMaterializeData) else ""


# -- as JSON -------------------------------------------------------------------------------------


def _made_document(state: AssetState | None) -> dict[str, Any] | None:
    record = None if state is None else state.last_materialization
    made = None if record is None else record.event_log_entry.asset_materialization
    if record is None or made is None:
        return None
    tags = made.tags or {}
    return {
        "time": _iso(record.timestamp),
        "run_id": record.run_id,
        "partition": made.partition,
        "data_version": tags.get(DATA_VERSION_TAG),
        "code_version": tags.get(CODE_VERSION_TAG),
        "metadata": metadata_document(made.metadata),
    }


def _observed_document(state: AssetState | None) -> dict[str, Any] | None:
    record = None if state is None else state.last_observation
    seen = None if record is None else record.asset_observation
    if record is None or seen is None:
        return None
    return {"time": _iso(record.timestamp), "run_id": record.run_id, "metadata": metadata_document(seen.metadata)}


def _failure_document(state: AssetState | None, run: Run | None) -> dict[str, Any] | None:
    if state is None or run is None or state.last_planned is None:
        return None
    return {
        "time": _iso(state.last_planned.timestamp),
        "run_id": run.run_id,
        "status": run.status.value.lower(),
        "why": _why(state.last_failed) or None,
    }


def _check_document(name: str, state: CheckState | None) -> dict[str, Any]:
    record = None if state is None else state.last_evaluation
    found = None if record is None else record.event_log_entry.asset_check_evaluation
    if record is None or found is None:
        return {"name": name, "state": None}
    return {
        "name": name,
        "state": check_state(found),
        "time": _iso(record.timestamp),
        "run_id": record.run_id,
        "description": found.description,
        "metadata": metadata_document(found.metadata),
    }


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()
