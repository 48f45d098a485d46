"""
``orrery why``: why an asset would run, or not.
"""

from __future__ import annotations

import click

from orrery.api.verbs.plan import explained
from orrery.base.keys import AssetKey
from orrery.cli.commands.plan import planned_for
from orrery.cli.completion import complete_assets
from orrery.cli.endings import OUT_OF_DATE, SUCCESS, wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo
from orrery.cli.plan_text import step_document, why_lines
from orrery.cli.project import Project, load_project

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

    The exit code is 0 if it is current, and 3 if it is out of date.
    """
    project = load_project(source)
    key = project.asset_key(asset)
    plan = planned_for(project, _with_all_above(project, key), asset, partition, config)
    with wrong_usage():
        step = explained(plan, key.to_escaped_user_string())
    if as_json:
        echo_json(step_document(step))
    else:
        for line in why_lines(step):
            echo(line)
    return SUCCESS if step.decision.action == "skip" else OUT_OF_DATE


def _with_all_above(project: Project, key: AssetKey) -> set[AssetKey]:
    """Return the asset and all above it: whether one of these is out of date is a part of the answer."""
    found = {key}
    waiting = [key]
    while waiting:
        for parent in project.graph.get_parents(waiting.pop()):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found
