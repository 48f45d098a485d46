"""
``orrery accept``: call stored values current after a change that does not matter.
"""

from __future__ import annotations

import click

from orrery.api.verbs.plan import accept_materializations
from orrery.cli.commands.plan import planned
from orrery.cli.completion import complete_selection
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo
from orrery.cli.project import load_project
from orrery.cli.text import count, one_line
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]

_NAMED = "it has partitions, of which none was named: accept each by --partition KEY"


@click.command("accept", short_help="Call stored values current after a cosmetic change.")
@click.argument("selection", nargs=-1, required=True, shell_complete=complete_selection)
@click.option("--partition", metavar="KEY", help="Partition to accept.")
@source_options
@json_option()
def command(selection: tuple[str, ...], partition: str | None, source: Source, as_json: bool) -> None:
    """
    Call the stored values of SELECTION current, though what they are made from changed.

    Use it after a change that does not change the values, such as a new name for a helper function. Each value is
    recorded once more as it is. What was never made, is missing, damaged, expired or refused by its own step, or always runs, is left out.
    """
    plan = planned(load_project(source), selection, partition)
    with Instance.get() as instance:
        accepted = accept_materializations(instance, plan)
    left = {
        name: step.decision.told
        for step in plan.to_run
        if step.decision.is_certain
        for name in step.assets
        if name not in accepted
    }
    left.update({each.asset: _NAMED for each in plan.partitions if not each.is_current})
    if as_json:
        echo_json({"accepted": list(accepted), "left_out": left})
        return
    for name in accepted:
        echo(f"accepted {one_line(name)}")
    for name, why in left.items():
        echo(f"left out {one_line(name)}: {one_line(why)}")
    echo(f"{count(len(accepted), 'value')} accepted")
