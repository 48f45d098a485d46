"""
``orrery accept``: call stored values current after a change that does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from orrery.api.verbs.plan import accept_materializations
from orrery.cli.commands.plan import planned
from orrery.cli.completion import complete_selection
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, range_of, refuse_both_partitions, source_options
from orrery.cli.paper import echo
from orrery.cli.project import Project, load_project
from orrery.cli.running import plan_checked
from orrery.cli.text import count, one_line
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]

_NAMED = (
    "it has partitions, of which none was named: accept each by --partition KEY, or several by --partition-range A...B"
)


@click.command("accept", short_help="Call stored values current after a cosmetic change.")
@click.argument("selection", nargs=-1, required=True, shell_complete=complete_selection)
@click.option("--partition", metavar="KEY", help="Partition to accept.")
@click.option("--partition-range", metavar="A...B", callback=range_of, help="Partitions to accept.")
@source_options
@json_option()
def command(
    selection: tuple[str, ...],
    partition: str | None,
    partition_range: tuple[str, str] | None,
    source: Source,
    as_json: bool,
) -> None:
    """
    Call the stored values of SELECTION current, though what they are made from changed.

    Use it after a change that does not change the values, such as a new name for a helper function. Each value is
    recorded once more as it is. What was never made, is missing, damaged, expired or refused by its own step, or always runs, is left out.
    """
    project = load_project(source)
    refuse_both_partitions(partition, partition_range)
    accepted: list[str] = []
    left: dict[str, str] = {}
    for key in [partition] if partition_range is None else _keys_within(project, selection, partition_range):
        plan = planned(project, selection, key)
        with Instance.get() as instance:
            done = accept_materializations(instance, plan)
        for step in plan.to_run:
            for name in step.assets if step.decision.is_certain else ():
                told = name if partition_range is None or step.partition is None else f"{name}[{step.partition}]"
                if name in done:
                    accepted.append(told)
                else:
                    left[told] = step.decision.told
        left.update({each.asset: _NAMED for each in plan.partitions if not each.is_current})
    if as_json:
        echo_json({"accepted": accepted, "left_out": left})
        return
    for name in accepted:
        echo(f"accepted {one_line(name)}")
    for name, why in left.items():
        echo(f"left out {one_line(name)}: {one_line(why)}")
    echo(f"{count(len(accepted), 'value')} accepted")


def _keys_within(project: Project, selection: tuple[str, ...], partition_range: tuple[str, str]) -> Sequence[str]:
    """Return the partitions of a range, in order; wrong usage if what is selected has no such partitions."""
    keys, _ = project.select(selection)
    job = project.job_of(keys, set(), " or ".join(selection))
    with Instance.get() as instance:
        plan_checked(job, None, None, instance, partition_range)
        with partition_loading_context(dynamic_partitions_store=instance):
            definition: Any = job.partitions_def
            found: Sequence[str] = definition.get_partition_keys_in_range(PartitionKeyRange(*partition_range))
            return found
