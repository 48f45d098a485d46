"""
``orrery check``: look whether the definitions can stand, without running them.
"""

from __future__ import annotations

import click

from orrery.cli.app import LazyGroup
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo, styled
from orrery.cli.project import load_project
from orrery.cli.text import count

__all__ = ["command"]


@click.group("check", cls=LazyGroup, short_help="Check the definitions without running them.")
def command() -> None:
    """Check the definitions without running them."""


@command.command("defs", short_help="Load and validate all definitions.")
@source_options
@json_option()
def check_defs(source: Source, as_json: bool) -> None:
    """
    Load all definitions and look whether they can stand.

    Names, cycles, resources and the config of jobs are checked; the exit code is 1 if something is wrong.
    """
    project = load_project(source)
    project.repository.validate_loadable()
    counts = {
        "assets": len(project.graph),
        "checks": len(project.graph.asset_check_keys),
        "jobs": len(project.jobs),
        "resources": len(project.resources),
    }
    if as_json:
        echo_json({"ok": True, **counts})
        return
    echo(f"{styled('passed')}  " + ", ".join(count(counts[noun], noun.removesuffix("s")) for noun in counts))
