"""
``orrery list``: what the project defines.
"""

from __future__ import annotations

from typing import Any

import click

from orrery.cli.definition_facts import asset_document, job_document, resource_document
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import dim, echo, first_line, strong, table
from orrery.cli.project import Project, load_project
from orrery.cli.text import count, one_line

__all__ = ["command"]

_KINDS = ("assets", "jobs", "resources")


@click.command("list", short_help="List assets, jobs and resources.")
@click.argument("what", type=click.Choice(_KINDS), required=False)
@source_options
@json_option()
def command(what: str | None, source: Source, as_json: bool) -> None:
    """
    List what the project defines: assets, jobs and resources, or one of these.

    Assets that something else makes are marked "external".
    """
    project = load_project(source)
    wanted = _KINDS if what is None else (what,)
    if as_json:
        echo_json({kind: _DOCUMENTS[kind](project) for kind in wanted})
        return
    for position, kind in enumerate(wanted):
        if position:
            echo()
        lines = _TABLES[kind](project)
        if what is None:
            echo(strong(kind.capitalize()) + dim(f"  {len(lines)}"))
        if not lines:
            echo(f"  no {kind}" if what is None else f"no {kind} are defined")
        for line in lines:
            echo(line)


def _assets(project: Project) -> list[str]:
    graph = project.graph
    rows = []
    for node in sorted(graph.nodes, key=lambda node: (node.group_name, node.key)):
        checks = len(graph.check_keys_of(node.key))
        rows.append(
            [
                one_line(node.key.to_escaped_user_string()),
                dim(one_line(node.group_name)),
                "" if node.is_materializable else "external",
                ", ".join(sorted(map(one_line, node.kinds))),
                dim(count(checks, "check")) if checks else "",
                first_line(node.description),
            ]
        )
    return table(rows, indent="  ")


def _jobs(project: Project) -> list[str]:
    rows = []
    for job in project.jobs:
        facts = job_document(job)
        made = count(len(facts["assets"]), "asset") if facts["assets"] is not None else count(len(facts["ops"]), "op")
        rows.append([one_line(job.name), dim(made), first_line(job.description)])
    return table(rows, indent="  ")


def _resources(project: Project) -> list[str]:
    rows = (
        [
            [one_line(facts["key"]), dim(one_line(facts["type"])), first_line(facts["description"])]
            for facts in map(resource_document, *zip(*sorted(project.resources.items()), strict=True))
        ]
        if project.resources
        else []
    )
    return table(rows, indent="  ")


def _asset_documents(project: Project) -> list[dict[str, Any]]:
    return [asset_document(project.graph, key) for key in project.graph.assets]


def _job_documents(project: Project) -> list[dict[str, Any]]:
    return [job_document(job) for job in project.jobs]


def _resource_documents(project: Project) -> list[dict[str, Any]]:
    return [resource_document(key, value) for key, value in sorted(project.resources.items())]


_TABLES = {"assets": _assets, "jobs": _jobs, "resources": _resources}
_DOCUMENTS = {"assets": _asset_documents, "jobs": _job_documents, "resources": _resource_documents}
