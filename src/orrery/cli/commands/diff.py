"""
``orrery diff``: how two materializations of an asset differ.
"""

from __future__ import annotations

import click

from orrery.api.verbs.diff import diff_materializations
from orrery.cli.completion import complete_assets, complete_runs
from orrery.cli.endings import wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo
from orrery.cli.plan_text import diff_document, diff_lines
from orrery.cli.project import load_project
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.command("diff", short_help="Compare an asset as two runs made it.")
@click.argument("asset", shell_complete=complete_assets)
@click.argument("run1", required=False, shell_complete=complete_runs)
@click.argument("run2", required=False, shell_complete=complete_runs)
@click.option("--partition", metavar="KEY", help="Partition to compare, of an asset that has some.")
@source_options
@json_option()
def command(
    asset: str, run1: str | None, run2: str | None, partition: str | None, source: Source, as_json: bool
) -> None:
    """
    Compare ASSET as RUN1 and RUN2 made it: code, config, inputs, columns, metadata.

    The beginning of a run's id is enough. Without them the last two runs that made it are compared; with RUN1 alone, that one
    and the last. Of an asset with partitions the same one is compared: the newest that both made, or KEY.
    """
    key = load_project(source).asset_key(asset)
    with Instance.get() as instance, wrong_usage():
        found = diff_materializations(key, run1, run2, instance=instance, partition_key=partition)
    if as_json:
        echo_json(diff_document(found))
    else:
        for line in diff_lines(found):
            echo(line)
