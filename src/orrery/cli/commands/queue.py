"""
``orrery queue``: the runs that wait.
"""

from __future__ import annotations

import time

import click

from orrery.cli.app import LazyGroup
from orrery.cli.json_output import echo_json
from orrery.cli.options import json_option
from orrery.cli.paper import echo, table
from orrery.cli.past_runs import what_ran
from orrery.cli.text import one_line, since
from orrery.model.automation.queue import in_order_of_queue, priority_of
from orrery.model.records.run import ACTIVE_RUN_STATUSES, RunsFilter, RunStatus
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.queue import limits_of, pools_now

__all__ = ["command"]

_SECONDS = 1.0


@click.group("queue", cls=LazyGroup, usual="list", short_help="Show the runs that wait, and launch them.")
def command() -> None:
    """Show the runs that wait, and launch them; without a command, list them."""


@command.command("list", short_help="List the runs that wait, the next first.")
@json_option()
def list_queue(as_json: bool) -> None:
    """List the runs that wait, the next first, and how many go on."""
    with Instance.get() as instance:
        limits = limits_of(instance)
        waiting = instance.get_run_records(RunsFilter(statuses=[RunStatus.QUEUED]), ascending=True)
        going_on = instance.get_runs(RunsFilter(statuses=sorted(ACTIVE_RUN_STATUSES, key=lambda each: each.value)))
        room = pools_now(instance, limits.pools, going_on)
    many = len(going_on)
    records = {record.run.run_id: record for record in waiting}
    ordered = in_order_of_queue(record.run for record in waiting)
    hindrances = {run.run_id: room.hinders(run) for run in ordered}
    if as_json:
        rows = [
            {
                "run_id": run.run_id,
                "job": run.job_name,
                "priority": priority_of(run),
                "pools": list(hindrances[run.run_id]),
            }
            for run in ordered
        ]
        echo_json({"waiting": rows, "going_on": many, "limit": limits.runs})
        return
    now = time.time()
    lines = [
        [
            run.run_id[:8],
            str(priority_of(run)),
            since(now - records[run.run_id].create_timestamp.timestamp()),
            what_ran(run),
            ", ".join(f"pool {one_line(pool)}" for pool in hindrances[run.run_id]),
        ]
        for run in ordered
    ]
    for line in table(lines, head=["run", "priority", "asked", "what", "waits for"], right=[1]) if lines else ():
        echo(line)
    most = "" if limits.runs is None else f" of {limits.runs}"
    echo(f"{len(ordered)} waiting, {many}{most} going on")


@command.command("run", short_help="Launch what waits, as there is room.")
@click.option("--once", is_flag=True, help="Look once, and end.")
@json_option("Print JSON lines, one for each run that is launched.")
def run_queue(once: bool, as_json: bool) -> None:
    """
    Launch the runs that wait, as there is room, until interrupted.

    A queue moves on by itself when a run is submitted and when one ends. This is for runs whose process was killed.
    """
    with Instance.get() as instance:
        while True:
            for run_id in instance.launch_queued_runs():
                if as_json:
                    echo_json({"run_id": run_id, "event": "launched"})
                else:
                    echo(f"{run_id}  launched")
            if once:
                return
            time.sleep(_SECONDS)
