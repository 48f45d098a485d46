"""
``orrery launch``: run a job or assets in a process of their own.
"""

from __future__ import annotations

import click

from orrery.api.verbs.recorded import record_run
from orrery.cli.completion import complete_selection
from orrery.cli.endings import wrong_usage
from orrery.cli.options import RunTags, Source, json_option, source_options, tag_option
from orrery.cli.project import load_project
from orrery.cli.running import load_config
from orrery.cli.waiting import follow_launched
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.command("launch", short_help="Run a job or assets in a process of their own.")
@click.argument("what", nargs=-1, shell_complete=complete_selection)
@source_options
@click.option("--config", metavar="FILE", multiple=True, help="Run config: YAML or JSON. Later files win.")
@tag_option
@click.option("--partition", metavar="KEY", help="Partition to run.")
@click.option("--wait", is_flag=True, help="Wait until the run has ended.")
@json_option()
def command(
    what: tuple[str, ...],
    source: Source,
    config: tuple[str, ...],
    tag: RunTags,
    partition: str | None,
    wait: bool,
    as_json: bool,
) -> int:
    """
    Run the job or the assets of WHAT in a process of their own, and print the id of the run.

    The run goes on when this command has ended. Where the instance has a queue, the run waits in it until there is
    room: `orrery queue` shows it. With --wait, the exit code is 0, 1 where the run failed, or where it was canceled
    130, or 143 if SIGTERM asked it to stop, as `orrery runs cancel` does.

    \b
    Examples:
      orrery launch nightly
      orrery launch 'group:raw+' --wait
    """  # noqa: D301 - click reads the backspace: the lines below it stay as they are
    if not what:
        raise click.UsageError(
            "Nothing is named that could run.\n  Try: orrery launch JOB, or orrery launch '*' for all assets.",
            click.get_current_context(),
        )
    project = load_project(source)
    jobs = {job.name: job for job in project.jobs}
    job = jobs.get(what[0]) if len(what) == 1 else None
    keys, checks = None, None
    if job is None:
        keys, checks = project.select(what)
        job = project.job_of(keys, checks, " or ".join(what))
    with Instance.get() as instance:
        with wrong_usage():
            run = record_run(
                instance,
                job,
                project.pointer,
                run_config=load_config(config),
                tags=tag,
                partition_key=partition,
                asset_selection=keys,
                check_selection=checks,
            )
        submitted = instance.submit_run(run.run_id)
        return follow_launched(instance, submitted, wait=wait, as_json=as_json)
