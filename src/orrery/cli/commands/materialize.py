"""
``orrery materialize``: run assets and keep their values.
"""

from __future__ import annotations

import click

from orrery.api.verbs.materialize import reuse_of
from orrery.cli.completion import complete_selection
from orrery.cli.endings import wrong_usage
from orrery.cli.options import RunOptions, Source, run_options, source_options
from orrery.cli.project import load_project
from orrery.cli.refreshing import refreshed
from orrery.cli.running import load_config, run_shown

__all__ = ["command"]


@click.command("materialize", short_help="Run assets and keep their values.")
@click.argument("selection", nargs=-1, shell_complete=complete_selection)
@click.option("--reuse", is_flag=True, help="Skip what is current: code, config and inputs are as they were.")
@click.option("--force", metavar="SELECTION", help="With --reuse: assets that run in any case.")
@click.option("--refresh", metavar="SELECTION", help="With --reuse: run these, too, and what follows if they changed.")
@source_options
@run_options
def command(
    selection: tuple[str, ...],
    reuse: bool,
    force: str | None,
    refresh: str | None,
    source: Source,
    options: RunOptions,
) -> int:
    """
    Run the assets of SELECTION, with their checks, and keep their values.

    What they depend on and is not selected is loaded as it was last kept. Assets with a cache policy are skipped while
    they are current; with --reuse all are.

    \b
    Examples:
      orrery materialize '*'                   all that the project makes
      orrery materialize report                one asset
      orrery materialize '*report'             report, and all above it
      orrery materialize 'group:raw+'          a group, and all below it
      orrery materialize '*' --reuse           all that is out of date
    """  # noqa: D301 - click reads the backspace: the lines below it stay as they are
    if not selection:
        raise click.UsageError(
            "No asset is selected.\n  Try: orrery materialize '*' for all that the project makes.",
            click.get_current_context(),
        )
    if (force is not None or refresh is not None) and not reuse:
        raise click.UsageError(
            "--force and --refresh say what runs though it is current; without --reuse all runs.\n  Try: add --reuse.",
            click.get_current_context(),
        )
    project = load_project(source)
    keys, checks = project.select(selection)
    keys, fresh = refreshed(project, keys, refresh)
    job = project.job_of(keys, checks, " or ".join(selection))
    with wrong_usage():
        wanted = reuse_of(reuse, force, project.graph, fresh)
    return run_shown(
        job,
        options,
        load_config(options.config),
        origin=project.origin_of_selection(keys, checks),
        asset_selection=keys,
        check_selection=checks,
        reuse=wanted,
    )
