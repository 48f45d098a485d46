"""
``orrery job``: list jobs, run one, and print what its config may hold.
"""

from __future__ import annotations

import click

from orrery.base.errors import InvalidSubsetError, nearest_hint
from orrery.cli.app import LazyGroup
from orrery.cli.completion import complete_jobs
from orrery.cli.definition_facts import job_document
from orrery.cli.endings import wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import RunOptions, Source, json_option, run_options, source_options
from orrery.cli.paper import dim, echo, first_line, strong, table
from orrery.cli.project import Project, load_project
from orrery.cli.running import load_config, run_shown
from orrery.cli.text import count, one_line
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.plan.config_document import config_document
from orrery.plan.config_skeleton import skeleton
from orrery.runtime.engine.policies import Reuse

__all__ = ["command"]


@click.group("job", cls=LazyGroup, short_help="List jobs, run one, print its config.")
def command() -> None:
    """List jobs, run one, and print what its config may hold."""


@command.command("list", short_help="List jobs.")
@source_options
@json_option()
def list_jobs(source: Source, as_json: bool) -> None:
    """List the jobs of the project, with what they run."""
    jobs = [job_document(job) for job in load_project(source).jobs]
    if as_json:
        echo_json({"jobs": jobs})
        return
    if not jobs:
        echo("no jobs are defined")
    rows = []
    for job in jobs:
        made = count(len(job["assets"]), "asset") if job["assets"] is not None else count(len(job["ops"]), "op")
        rows.append([strong(one_line(job["name"])), dim(made), first_line(job["description"])])
    for line in table(rows):
        echo(line)


@command.command("run", short_help="Run a job.")
@click.argument("name", shell_complete=complete_jobs)
@click.option("--reuse", is_flag=True, help="Skip assets that are current: code, config and inputs are as they were.")
@source_options
@run_options
def run_job(name: str, reuse: bool, source: Source, options: RunOptions) -> int:
    """Run the job NAME, and keep what it makes."""
    project = load_project(source)
    job = _job_named(name, project)
    wanted = Reuse(policy=CachePolicy(), is_default=True) if reuse else None
    return run_shown(job, options, load_config(options.config), origin=project.origin_of(job), reuse=wanted)


@command.command("config", short_help="Print what a job's config may hold.")
@click.argument("name", shell_complete=complete_jobs)
@source_options
@json_option("Print one JSON document: the least config as `skeleton`, and all `fields` with types and defaults.")
def show_config(name: str, source: Source, as_json: bool) -> None:
    """
    Print what the run config of the job NAME may hold, as YAML with comments.

    What must be given stands there with a value to replace; what may be given stands behind a '#'. Write it to a file,
    and give the file to `orrery job run NAME --config FILE`.
    """
    if as_json:
        echo_json(config_document(_job_named(name, load_project(source))))
        return
    for line in skeleton(_job_named(name, load_project(source))).splitlines():
        echo(line)


def _job_named(name: str, project: Project) -> JobDefinition:
    known: dict[str, JobDefinition] = {job.name: job for job in project.jobs}
    with wrong_usage():
        if name not in known:
            raise InvalidSubsetError(
                f"There is no job '{name}'.",
                mend=nearest_hint(name, known, noun="job"),
            )
    return known[name]
