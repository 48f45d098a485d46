"""
``orrery why``: why an asset would run, or not.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import click

from orrery.api.verbs.materialize import reuse_of
from orrery.api.verbs.plan import MaterializationPlan, explained, plan_job
from orrery.api.verbs.plan_partitions import out_of_date_above
from orrery.base.keys import AssetKey
from orrery.cli.commands.plan import planned_for
from orrery.cli.completion import complete_assets
from orrery.cli.endings import OUT_OF_DATE, SUCCESS, wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import dim, echo, strong
from orrery.cli.plan_text import partitions_document, partitions_text, step_document, why_lines
from orrery.cli.project import Project, load_project
from orrery.cli.running import load_config, plan_checked
from orrery.cli.text import one_line
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.command("why", short_help="Say why an asset is out of date, or is not.")
@click.argument("asset", shell_complete=complete_assets)
@click.argument("partition", required=False)
@click.option("--config", metavar="FILE", multiple=True, help="Run config: YAML or JSON. Later files win.")
@source_options
@json_option()
def command(asset: str, partition: str | None, config: tuple[str, ...], source: Source, as_json: bool) -> int:
    """
    Say why ASSET (its PARTITION) is out of date or current, and what its value is made from.

    Of an asset with partitions, where none is named, it is told how they stand.

    The exit code is 0 if it is current, and 3 if it is out of date.
    """
    project = load_project(source)
    key = project.asset_key(asset)
    above = project.graph.with_required_neighbors({key, *project.graph.get_ancestors(key)}) - {key}
    if partition is not None:
        plan = _planned_partition(project, key, above, partition, config)
    else:
        plan = planned_for(project, {key, *above}, asset, None, config)
        name = key.to_user_string()
        found = next((each for each in plan.partitions if each.asset == name), None)
        if found is not None:
            if as_json:
                echo_json(partitions_document(found))
            else:
                echo(f"{strong(one_line(asset))}  {partitions_text(found)}")
                due = next((each for each, state in found.states.items() if state != "current"), None)
                if due is not None:
                    echo(dim(f"  why one of them is: orrery why {one_line(asset)} {one_line(due)}"))
            return SUCCESS if found.is_current else OUT_OF_DATE
    with wrong_usage():
        step = explained(plan, key.to_escaped_user_string())
    if as_json:
        echo_json(step_document(step))
    else:
        for line in why_lines(step):
            echo(line)
    return SUCCESS if step.decision.action == "skip" else OUT_OF_DATE


def _planned_partition(
    project: Project, key: AssetKey, above: AbstractSet[AssetKey], partition: str, config: tuple[str, ...]
) -> MaterializationPlan:
    """
    Return the plan for a partition of an asset with all above it: whether one of these is out of date is a part of it.

    What is cut otherwise no run makes together with it; of those it is known which the partition waits for.
    """
    graph = project.graph
    own = graph.get(key).partitions_def
    together = {each for each in above if graph.get(each).partitions_def in (None, own)}
    made = above & graph.materializable_asset_keys
    if own is None or not made - together:
        return planned_for(project, {key, *above}, key.to_user_string(), partition, config)
    given = load_config(config)
    job = project.job_of({key, *together}, set(), key.to_user_string())
    with Instance.get() as instance:
        plan_checked(job, partition, given, instance)
        with wrong_usage():
            running = out_of_date_above(project.repository, key, partition, made, instance, given)
            reuse = reuse_of(True, None, graph)
        return plan_job(job, instance, reuse, given, partition, running=running)
