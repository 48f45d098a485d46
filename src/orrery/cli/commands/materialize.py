"""
``orrery materialize``: run assets and keep their values.
"""

from __future__ import annotations

import click

from orrery.cli.completion import complete_selection
from orrery.cli.options import RunOptions, Source, run_options, source_options
from orrery.cli.project import load_project
from orrery.cli.running import load_config, run_shown

__all__ = ["command"]


@click.command("materialize", short_help="Run assets and keep their values.")
@click.argument("selection", nargs=-1, shell_complete=complete_selection)
@source_options
@run_options
def command(selection: tuple[str, ...], source: Source, options: RunOptions) -> int:
    """
    Run the assets of SELECTION, with their checks, and keep their values.

    What they depend on and is not selected is loaded as it was last kept.

    \b
    Examples:
      orrery materialize '*'                   all that the project makes
      orrery materialize report                one asset
      orrery materialize '*report'             report, and all above it
      orrery materialize 'group:raw+'          a group, and all below it
    """  # noqa: D301 - click reads the backspace: the lines below it stay as they are
    if not selection:
        raise click.UsageError(
            "No asset is selected.\n  Try: orrery materialize '*' for all that the project makes.",
            click.get_current_context(),
        )
    project = load_project(source)
    keys, checks = project.select(selection)
    job = project.job_of(keys, checks, " or ".join(selection))
    return run_shown(job, options, load_config(options.config), asset_selection=keys, check_selection=checks)
