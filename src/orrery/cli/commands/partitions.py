"""
``orrery partitions``: how the partitions of an asset stand.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from orrery.base.errors import InvalidInvocationError
from orrery.cli.endings import wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import dim, echo, strong, styled
from orrery.cli.partition_drawing import LEGEND, drawing, ranges_by_state
from orrery.cli.project import load_project
from orrery.cli.text import count, number, one_line
from orrery.model.partitions.loading import partition_loading_context
from orrery.runtime.instance.assets import AssetPartitionStatus
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]

_STATES = {
    AssetPartitionStatus.MATERIALIZED: "made",
    AssetPartitionStatus.FAILED: "failed",
    AssetPartitionStatus.IN_PROGRESS: "in progress",
    None: "missing",
}
_SHOWN = 8


@click.command("partitions", short_help="Show how the partitions of an asset stand.")
@click.argument("asset")
@source_options
@json_option()
def command(asset: str, source: Source, as_json: bool) -> None:
    """Show how the partitions of ASSET stand: made, failed, in progress or missing."""
    project = load_project(source)
    key = project.asset_key(asset)
    definition: Any = project.graph.get(key).partitions_def
    if definition is None:
        with wrong_usage():
            raise InvalidInvocationError(
                f"Asset '{key.to_escaped_user_string()}' has no partitions.", mend="look at it with `orrery show`."
            )
    with Instance.get() as instance, partition_loading_context(dynamic_partitions_store=instance):
        keys = definition.get_partition_keys()
        known = instance.get_status_by_partition(key, keys, definition) or {}
        states = {each: _STATES[known.get(each)] for each in keys}
        counts = Counter(states.values())
        ranges = ranges_by_state(states.items())
        if as_json:
            echo_json(
                {
                    "asset": key.to_escaped_user_string(),
                    "partitions": len(keys),
                    "counts": {state: counts[state] for state in _STATES.values()},
                    "ranges": {state: [list(each) for each in found] for state, found in ranges.items()},
                }
            )
            return
        echo(f"{strong(one_line(key.to_escaped_user_string()))}  {count(len(keys), 'partition')}: {_totals(counts)}")
        lines = drawing(definition, states)
    for line in lines:
        echo(f"  {line}")
    if lines:
        echo(dim(f"  {LEGEND}"))
    for state in ("failed", "missing"):
        if found := ranges[state]:
            shown = ", ".join(
                one_line(each.start if each.start == each.end else f"{each.start}...{each.end}")
                for each in found[:_SHOWN]
            )
            more = f", and {count(len(found) - _SHOWN, 'more range')}" if len(found) > _SHOWN else ""
            echo(f"{styled(state)}  {shown}{more}")


def _totals(counts: Counter[str]) -> str:
    return ", ".join(f"{number(counts[state])} {state}" for state in _STATES.values() if counts[state]) or "none"
