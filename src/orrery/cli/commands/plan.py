"""
``orrery plan``: what a run would do, and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import partial
from pathlib import Path
from typing import Any

import click

from orrery.api.verbs.asset_values import asset_value_loader
from orrery.api.verbs.execute import plan_of
from orrery.api.verbs.materialize import reuse_of
from orrery.api.verbs.plan import MaterializationPlan, plan_job
from orrery.api.verbs.plan_partitions import plan_with_partitions
from orrery.base.keys import AssetKey
from orrery.cli.completion import complete_selection
from orrery.cli.endings import OUT_OF_DATE, SUCCESS, wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, range_of, refuse_both_partitions, source_options
from orrery.cli.paper import echo
from orrery.cli.plan_text import plan_document, plan_lines
from orrery.cli.project import Project, load_project
from orrery.cli.refreshing import refreshed
from orrery.cli.running import load_config, plan_checked
from orrery.plan.discovering import finds_all_partitions
from orrery.runtime.instance.instance import Instance

__all__ = ["command", "planned", "planned_for"]


@click.command("plan", short_help="Show what is out of date, and why.")
@click.argument("selection", nargs=-1, shell_complete=complete_selection)
@click.option("--partition", metavar="KEY", help="Partition to plan for.")
@click.option("--config", metavar="FILE", multiple=True, help="Run config: YAML or JSON. Later files win.")
@click.option("--partition-range", metavar="A...B", callback=range_of, help="Partitions to plan for, in one run.")
@click.option("--force", metavar="SELECTION", help="Assets that run in any case.")
@click.option("--refresh", metavar="SELECTION", help="Run these, too, and what follows if they changed.")
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(dir_okay=False), help="Save the plan, for orrery apply."
)
@source_options
@json_option()
def command(
    selection: tuple[str, ...],
    partition: str | None,
    config: tuple[str, ...],
    partition_range: tuple[str, str] | None,
    force: str | None,
    refresh: str | None,
    output: str | None,
    source: Source,
    as_json: bool,
) -> int:
    """
    Show which assets of SELECTION, by default all, a run with --reuse would make, and why; nothing is run. Partitions,
    config, --force and --refresh are as there; tags of a run decide nothing.

    "maybe" is what runs only if an asset before it turns out otherwise than it was. Of an asset with partitions, where
    none is named, it is told how they stand.

    The exit code is 0 if all is current, and 3 if something is out of date.
    """
    project = load_project(source)
    refuse_both_partitions(partition, partition_range)
    plan = planned(project, selection, partition, config, force, refresh, partition_range)
    if output is not None and plan.partitions:
        raise click.UsageError(
            f"Asset '{plan.partitions[0].asset}' has partitions, of which none was named: no run makes this plan.\n"
            "  Try: add --partition KEY, or select assets without partitions.",
            click.get_current_context(),
        )
    if output is not None:
        Path(output).write_bytes(plan.to_json())
    if as_json:
        echo_json(plan_document(plan))
    else:
        for line in plan_lines(plan, selection):
            echo(line)
        if output is not None:
            echo(f"saved as {output}; carry it out by: orrery apply {output}")
    return SUCCESS if plan.is_current else OUT_OF_DATE


def planned(
    project: Project,
    selection: tuple[str, ...],
    partition: str | None,
    config: tuple[str, ...] = (),
    force: str | None = None,
    refresh: str | None = None,
    partition_range: tuple[str, str] | None = None,
) -> MaterializationPlan:
    """
    Return the plan for what the user selected.

    Args:
        project: The project.
        selection: Selections, as people write them; all if there is none.
        partition: The partition, if the assets have any.
        config: Paths of config files.
        force: Assets that run in any case.
        refresh: Assets that run, too, with what lies between them and the selection.
        partition_range: The first and last of the partitions, if they are several.
    """
    chosen = selection or ("*",)
    keys, _ = project.select(chosen)
    keys, fresh = refreshed(project, keys, refresh)
    return planned_for(project, keys, " or ".join(chosen), partition, config, force, fresh, partition_range)


def planned_for(
    project: Project,
    keys: set[AssetKey],
    said: str,
    partition: str | None,
    config: tuple[str, ...] = (),
    force: str | None = None,
    fresh: Set[AssetKey] = frozenset(),
    partition_range: tuple[str, str] | None = None,
) -> MaterializationPlan:
    """Return the plan for *keys*, which the user *said* so, with *fresh* made anew."""
    given = load_config(config)
    with Instance.get() as instance:
        with wrong_usage():
            reuse = reuse_of(True, force, project.graph, fresh)
        if partition is None and partition_range is None and _is_cut(project, keys, said, given):
            with wrong_usage():
                return plan_with_partitions(
                    project.repository,
                    keys & project.graph.materializable_asset_keys,
                    lambda plain: project.job_of(plain, set(), said),
                    instance,
                    reuse,
                    given,
                )
        job = project.job_of(keys, set(), said)
        plan_checked(job, partition, given, instance, partition_range)
        values = partial(asset_value_loader, project.repository, instance)
        return plan_job(job, instance, reuse, given, partition, partition_range, values=values)


def _is_cut(project: Project, keys: set[AssetKey], said: str, config: Mapping[str, Any] | None) -> bool:
    """Tell whether assets have partitions that no run finds on its way."""
    graph = project.graph
    made = keys & graph.materializable_asset_keys
    definitions = {graph.get(key).partitions_def for key in made} - {None}
    if len(definitions) != 1:
        return bool(definitions)
    job = project.job_of(keys, set(), said)
    with wrong_usage():
        return not finds_all_partitions(plan_of(job, config))
