"""
``orrery db``: look after the records.
"""

from __future__ import annotations

import time

import click

from orrery.api.wiring.upkeep import migrate_records, open_upkeep, salvage_records
from orrery.base.errors import nearest_hint
from orrery.cli.app import LazyGroup
from orrery.cli.endings import FAILED
from orrery.cli.json_output import echo_json
from orrery.cli.options import json_option
from orrery.cli.paper import dim, echo, styled, table
from orrery.cli.text import count, instant, number, one_line
from orrery.model.records.upkeep import DEFAULT_DAYS, Retention

__all__ = ["command"]


@click.group("db", cls=LazyGroup, short_help="Look after the records: size, pruning, damage.")
def command() -> None:
    """Look after the records: how much there is, what may go, what is wrong."""


@command.command("stats", short_help="Show how much is recorded.")
@json_option()
def show_stats(as_json: bool) -> None:
    """Show how much is recorded, by kind, and how long each kind is kept."""
    with open_upkeep(may_only_read=True) as (upkeep, retention):
        stats = upkeep.get_stats()
    if as_json:
        echo_json(
            {
                "place": stats.place,
                "schema": stats.schema,
                "size_bytes": stats.size_bytes,
                "free_bytes": stats.free_bytes,
                "events": {
                    name: {
                        "count": group.count,
                        "size_bytes": group.size_bytes,
                        "oldest": group.oldest,
                        "keep_days": retention.days[name],
                        "keep_most": retention.most.get(name),
                    }
                    for name, group in stats.events.items()
                },
                "rows": stats.rows,
            }
        )
        return
    echo(f"{one_line(stats.place)}  {dim(f'schema {stats.schema}')}")
    free = f", of which {size(stats.free_bytes)} free" if stats.free_bytes else ""
    echo(f"{size(stats.size_bytes)}{free}")
    rows = [
        [
            name,
            number(group.count),
            size(group.size_bytes),
            instant(group.oldest) if group.oldest is not None else "",
            _kept(retention, name),
        ]
        for name, group in stats.events.items()
    ]
    for line in table(rows, head=["events", "count", "size", "oldest", "kept"], right=[1, 2]):
        echo(line)
    others = [[name, number(many)] for name, many in stats.rows.items() if many]
    for line in table(others, head=["rows", "count"], right=[1]):
        echo(line)


@command.command("prune", short_help="Delete what is older than the settings keep.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--keep", "kept", metavar="KIND=DAYS", multiple=True, help="Over the settings, for this time.")
@json_option()
def prune_records(dry_run: bool, kept: tuple[str, ...], as_json: bool) -> None:
    """
    Delete what the settings do not keep (`retention:` in orrery.yaml).

    Where there are such settings, whoever opens the records or ends a run does so bit by bit; this does all of it now.

    The latest of each asset, partition and check stays, however old, and so does what belongs to a run that has not
    ended. Other processes may go on writing.
    """
    periods = _periods(kept)
    with open_upkeep() as (upkeep, retention):
        chosen = retention.with_settings(periods)
        report = upkeep.prune(chosen.cutoffs(time.time()), dry_run=dry_run)
    if as_json:
        echo_json(
            {
                "dry_run": report.is_dry_run,
                "deleted": report.deleted,
                "size_bytes": report.size_bytes,
                "longest_seconds": report.longest_seconds,
            }
        )
        return
    verb = "would go" if report.is_dry_run else "deleted"
    rows = [[name, number(many), _kept(chosen, name)] for name, many in report.deleted.items()]
    for line in table(rows, head=["kind", verb, "kept"], right=[1]):
        echo(line)
    echo(f"{size(report.size_bytes)} {verb}")


@command.command("migrate", short_help="Bring the records to the schema of this release.")
@json_option()
def migrate(as_json: bool) -> None:
    """
    Bring the records to the schema of this release.

    Any command does so when it opens them; this one does nothing else. A SQLite database is copied first.
    """
    before, after = migrate_records()
    if as_json:
        echo_json({"before": before, "after": after})
    elif before == after:
        echo(f"{styled('done')}  the schema is {after} already")
    else:
        echo(f"{styled('done')}  {'made' if before is None else f'from schema {before}'} to {after}")


@command.command("check", short_help="Look for damage; the exit code is 1 if there is any.")
@json_option()
def check_records(as_json: bool) -> None:
    """Read all records and compare them with each other; the exit code is 1 if something is wrong."""
    with open_upkeep() as (upkeep, _):
        report = upkeep.check_records()
    if as_json:
        echo_json({"ok": not report.problems, "problems": report.problems, "entries_read": report.entries_read})
    else:
        for problem in report.problems:
            echo(f"{styled('failed')}  {one_line(problem)}")
        if not report.problems:
            echo(f"{styled('passed')}  {count(report.entries_read, 'entry', 'entries')} in {one_line(report.place)}")
    if report.problems:
        raise click.exceptions.Exit(FAILED)


@command.command("salvage", short_help="Save what is readable of a damaged database.")
@click.argument("source", metavar="[FILE]", required=False, type=click.Path())
@click.option("--lines", metavar="FILE", type=click.Path(), help="Write rows as lines of JSON to this new file.")
@click.option("--into", metavar="FILE", type=click.Path(), help="Make this new database of them.")
@json_option()
def salvage(source: str | None, lines: str | None, into: str | None, as_json: bool) -> None:
    """
    Save what is readable of a damaged SQLite database.

    FILE is the database, by default the project's, or a `.jsonl` file that was written before. Nothing is written to it.
    """
    if lines is None and into is None:
        raise click.UsageError(
            "Nothing says where the rows go.\n  Try: add --lines FILE.jsonl, --into FILE.db, or both.",
            click.get_current_context(),
        )
    rows, problems = salvage_records(source, lines, into)
    if as_json:
        echo_json({"rows": rows, "problems": problems})
        return
    for problem in problems:
        echo(f"{styled('failed')}  {one_line(problem)}")
    saved = [[name, number(many)] for name, many in rows.items() if many]
    for line in table(saved, head=["rows", "saved"], right=[1]):
        echo(line)
    if not saved:
        echo("no row is there that could be saved")


def size(size_bytes: int) -> str:
    """
    Return an amount of bytes, for people.

    >>> size(512), size(344_000_000)
    ('512 B', '344.0 MB')
    """
    value = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if value < 1_000:
            return f"{value:.1f} {unit}" if unit != "B" else f"{size_bytes} B"
        value /= 1_000
    return f"{value:,.1f} GB"


def _kept(retention: Retention, name: str) -> str:
    days, most = retention.days[name], retention.most.get(name)
    parts = [f"{days:g} days"] if days is not None else []
    parts += [f"the newest {number(most)}"] if most is not None else []
    return ", ".join(parts) or "for ever"


def _periods(kept: tuple[str, ...]) -> dict[str, float | str]:
    periods: dict[str, float | str] = {}
    for text in kept:
        name, equals, value = text.partition("=")
        if not equals or not (value == "forever" or value.replace(".", "", 1).isdigit()):
            raise click.UsageError(
                f"'{text}' says of no kind how long it is kept.\n  Try: write --keep log_lines=30, or =forever.",
                click.get_current_context(),
            )
        if name not in DEFAULT_DAYS:
            raise click.UsageError(
                f"There is no kind '{name}' that could be kept.\n  Try: {nearest_hint(name, DEFAULT_DAYS, noun='kind')}",
                click.get_current_context(),
            )
        periods[name] = value if value == "forever" else float(value)
    return periods
