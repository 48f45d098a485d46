"""
``orrery check``: look whether the definitions can stand, without running them.
"""

from __future__ import annotations

import os

import click

from orrery.cli.app import LazyGroup
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo, styled
from orrery.cli.project import Project, load_project
from orrery.cli.text import block, count
from orrery.cli.warned import caught_warnings
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.runtime.engine.variables import problems_of_variables

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
    with caught_warnings() as warned:
        project = load_project(source)
        project.repository.validate_loadable()
    counts = {
        "assets": len(project.graph),
        "checks": len(project.graph.asset_check_keys),
        "jobs": len(project.jobs),
        "resources": len(project.resources),
    }
    notes = [*warned, *_unset_variables(project)]
    if as_json:
        echo_json({"ok": True, **counts, "warnings": notes})
        return
    echo(f"{styled('passed')}  " + ", ".join(count(counts[noun], noun.removesuffix("s")) for noun in counts))
    for note in notes:
        echo(f"{styled('warned')}  {block(note, '        ').lstrip()}")


def _unset_variables(project: Project) -> list[str]:
    """Return what is to be said of environment variables that resources read: they may be set where runs go on."""
    definitions = as_resource_definitions(project.resources)
    return [
        f"The environment variable '{problem.environment_variable}' of resource '{problem.path[1]}' is not set here."
        if problem.kind == "unset_environment_variable"
        else str(problem)
        for problem in problems_of_variables(definitions, definitions, None, os.environ)
    ]
