"""
``orrery backfill``: make many partitions, in the right order.
"""

from __future__ import annotations

import click

from orrery.api.verbs.backfill import request_backfill
from orrery.api.verbs.backfill_plan import plan_backfill
from orrery.cli.backfill_display import go_on_shown, plan_document, plan_lines
from orrery.cli.completion import complete_jobs
from orrery.cli.endings import SUCCESS, wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options, tag_option
from orrery.cli.paper import echo
from orrery.cli.project import load_project
from orrery.cli.running import load_config
from orrery.model.partitions.loading import partition_loading_context
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.command("backfill", short_help="Make many partitions, in the right order.")
@click.argument("selection", nargs=-1)
@source_options
@click.option(
    "--partitions",
    metavar="KEYS",
    multiple=True,
    help="Keys, a range (A...B), or NAME=KEYS of one dimension; all if not given.",
)
@click.option(
    "--job", "job_name", metavar="NAME", shell_complete=complete_jobs, help="A partitioned job, instead of assets."
)
@click.option("--of", "of", metavar="ASSET", help="The asset whose keys they are.")
@click.option("--missing", "which", flag_value="missing", default=True, help="Make what was never made (the default).")
@click.option("--failed", "which", flag_value="failed", help="Make what failed at its latest attempt.")
@click.option(
    "--stale",
    "which",
    flag_value="stale",
    help="Make what is missing, or was made by other code, with other config, or of other inputs; but nothing that turns out "
    "to be current once what it needs is made.",
)
@click.option("--all", "which", flag_value="all", help="Make all of it again.")
@click.option(
    "--discover", is_flag=True, help="Make what finds dynamic partitions in any case, then those that it found."
)
@click.option(
    "--max-concurrent",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many runs may go on at once.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and make nothing.")
@click.option("--config", metavar="FILE", multiple=True, help="Run config: YAML or JSON. Later files win.")
@tag_option
@json_option("Print JSON lines, the last one the result.")
def command(
    selection: tuple[str, ...],
    source: Source,
    partitions: tuple[str, ...],
    job_name: str | None,
    of: str | None,
    which: str,
    discover: bool,
    max_concurrent: int,
    dry_run: bool,
    config: tuple[str, ...],
    tag: dict[str, str],
    as_json: bool,
) -> int:
    """
    Make many partitions of the assets of SELECTION, with their checks, in the right order; or run a job for many.

    A failure leaves alone what does not need what failed. Ctrl-C stops it; `orrery backfills resume` goes on, also
    after a crash, and makes nothing twice.

    \b
    Examples:
      orrery backfill daily                               what was never made of it
      orrery backfill 'daily+' --partitions 2013-01-01...2013-01-31
      orrery backfill by_carrier --partitions carrier=AA,UA
      orrery backfill --job nightly --failed              a job, once for each partition that failed
      orrery backfill '*' --stale --dry-run               what is out of date
      orrery backfill 'cities+' --discover                new cities, and what is missing of them
    """  # noqa: D301 - click reads the backspace: the lines below it stay as they are
    if bool(selection) and job_name is not None:
        raise click.UsageError(
            "Both a selection of assets and --job are given.\n  Try: leave one of them out.",
            click.get_current_context(),
        )
    if not selection and job_name is None:
        raise click.UsageError(
            "No asset is selected.\n  Try: orrery backfill '*' for all that the project makes.",
            click.get_current_context(),
        )
    project = load_project(source)
    keys, _ = project.select(selection) if job_name is None else ((), ())
    run_config = load_config(config)
    with Instance.get() as instance:
        with wrong_usage():
            plan = plan_backfill(
                project.repository,
                sorted(keys) if job_name is None else "*",
                instance=instance,
                partitions=partitions,
                which=which,
                partitions_of=None if of is None else project.asset_key(of),
                discover=discover,
                job=job_name,
                run_config=run_config,
            )
        if dry_run or not plan.size:
            with partition_loading_context(dynamic_partitions_store=instance):
                if as_json:
                    echo_json(plan_document(plan))
                else:
                    for line in plan_lines(plan, which):
                        echo(line)
            return SUCCESS
        with wrong_usage():
            asked = request_backfill(
                plan,
                project.repository,
                instance=instance,
                selection=" or ".join(selection),
                run_config=run_config,
                tags=tag,
                max_concurrent=max_concurrent,
            )
        return go_on_shown(asked, project.repository, instance, as_json=as_json)
