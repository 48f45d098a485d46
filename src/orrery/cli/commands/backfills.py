"""
``orrery backfills``: what was asked for, how far it is, and what to do about it.
"""

from __future__ import annotations

import time

import click

from orrery.api.verbs.backfill import (
    cancel_backfill,
    find_backfill,
    progress_of_backfill,
    reopen_backfill,
    require_open,
)
from orrery.api.verbs.backfill_hold import is_in_hand
from orrery.cli.app import LazyGroup
from orrery.cli.backfill_display import backfill_document, go_on_shown, result_document, result_lines, state_of
from orrery.cli.endings import wrong_usage
from orrery.cli.json_output import echo_json
from orrery.cli.options import Source, json_option, source_options
from orrery.cli.paper import echo, styled, table
from orrery.cli.project import load_project
from orrery.cli.text import number, one_line, since
from orrery.model.records.backfill import Backfill
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]


@click.group("backfills", cls=LazyGroup, usual="list", short_help="Show backfills, and go on with them.")
def command() -> None:
    """Show backfills, go on with them, cancel them; without a command, list the latest, with the options of `list`."""


@command.command("list", short_help="List backfills, the latest first.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@json_option()
def list_backfills(limit: int, as_json: bool) -> None:
    """List backfills, the latest first."""
    with Instance.get() as instance:
        found = [
            (each, is_in_hand(each.backfill_id, instance)) for each in instance.backfills.get_backfills(limit=limit)
        ]
    if as_json:
        echo_json({"backfills": [backfill_document(each, is_held) for each, is_held in found]})
        return
    if not found:
        echo("no backfills are recorded")
        return
    now = time.time()
    rows = [
        [
            each.backfill_id,
            styled(state_of(each, is_held)),
            since(now - each.created),
            number(each.size),
            one_line(each.selection if each.job_name is None else f"job {each.job_name}"),
        ]
        for each, is_held in found
    ]
    for line in table(rows, head=["backfill", "status", "asked", "items", "what"], right=[3]):
        echo(line)


@command.command("show", short_help="Show how far a backfill is.")
@click.argument("backfill_id", metavar="ID")
@source_options
@json_option()
def show_backfill(backfill_id: str, source: Source, as_json: bool) -> None:
    """Show how far the backfill ID is: what was made of each asset, and what failed."""
    repository = load_project(source).repository
    with Instance.get() as instance:
        known = _known(backfill_id, instance)
        is_held = is_in_hand(known.backfill_id, instance)
        result = progress_of_backfill(known.backfill_id, repository, instance=instance)
    if as_json:
        echo_json(result_document(result, is_held))
        return
    for line in result_lines(result, is_held):
        echo(line)


@command.command("cancel", short_help="Stop a backfill.")
@click.argument("backfill_id", metavar="ID")
@json_option()
def cancel(backfill_id: str, as_json: bool) -> None:
    """
    Stop the backfill ID: cancel the run that is going on, and begin no further one.

    Of several runs that go on at once, each comes to its end.
    """
    with Instance.get() as instance, wrong_usage():
        known = cancel_backfill(_known(backfill_id, instance).backfill_id, instance=instance)
    if as_json:
        echo_json(backfill_document(known, is_held=not known.is_finished))
    elif known.is_finished:
        echo(f"backfill {known.backfill_id} is canceled")
    else:
        echo(f"backfill {known.backfill_id} is being canceled: its process stops its run and begins no further one")


@command.command("resume", short_help="Go on with a backfill that was interrupted.")
@click.argument("backfill_id", metavar="ID")
@source_options
@json_option("Print JSON lines, the last one the result.")
def resume(backfill_id: str, source: Source, as_json: bool) -> int:
    """Go on with the backfill ID, after Ctrl-C or a crash. What it has made is not made again."""
    repository = load_project(source).repository
    with Instance.get() as instance:
        with wrong_usage():
            known = require_open(find_backfill(backfill_id, instance))
        return go_on_shown(known, repository, instance, as_json=as_json)


@command.command("retry", short_help="Make again what failed in a backfill.")
@click.argument("backfill_id", metavar="ID")
@source_options
@json_option("Print JSON lines, the last one the result.")
def retry(backfill_id: str, source: Source, as_json: bool) -> int:
    """Make again what failed in the backfill ID, and what was not made for that reason, or as it was canceled."""
    repository = load_project(source).repository
    with Instance.get() as instance:
        with wrong_usage():
            known = reopen_backfill(_known(backfill_id, instance).backfill_id, instance=instance)
        return go_on_shown(known, repository, instance, as_json=as_json)


def _known(backfill_id: str, instance: Instance) -> Backfill:
    with wrong_usage():
        return find_backfill(backfill_id, instance)
