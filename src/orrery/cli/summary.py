"""
What is told after a run: the errors, checks that did not pass, where the values lie, and the totals last.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import click

from orrery.cli.failure_text import failure_lines
from orrery.cli.happenings import RunView, check_state
from orrery.cli.metadata_text import metadata_lines
from orrery.cli.paper import column_width, dim, pad, strong, styled, table
from orrery.cli.text import block, count, duration, number, one_line, short_path
from orrery.model.events.checks import AssetCheckEvaluation

__all__ = ["check_details", "summary_lines", "totals_line"]

_VALUES_SHOWN = 30
_SOME_VALUES = 10
_CHECKS_SHOWN = 20
_DETAILS_SHOWN = 20
_WORTH_TELLING = 0.01


def summary_lines(view: RunView, *, every_frame: bool = False) -> list[str]:
    """
    Return what is told after a run.

    Args:
        view: How the run ended.
        every_frame: Fold nothing in errors.
    """
    lines: list[str] = []
    lines += _value_lines(view.values)
    lines += _check_lines(view)
    for step in view.visible_steps:
        if step.state == "failed" and step.error is not None:
            lines += ["", f"{click.style('failed', fg='red')} {strong(one_line(step.label))}"]
            lines += failure_lines(step.error, every_frame=every_frame)
    if view.error is not None:
        lines += ["", f"{click.style('failed', fg='red')} {strong('the run')}"]
        lines += failure_lines(view.error, every_frame=every_frame)
    elif view.state == "failed" and not any(step.state == "failed" for step in view.visible_steps) and view.reason:
        lines += ["", block(view.reason)]
    return [*lines, "", totals_line(view)]


def totals_line(view: RunView) -> str:
    """Return how many steps ended how, in one line."""
    totals = view.totals
    parts = [
        f"{number(how_many)} {click.style(word, fg=colour) if how_many else word}"
        for how_many, word, colour in (
            (totals.done, "done", "green"),
            (totals.failed, "failed", "red"),
            (totals.skipped, "skipped", "yellow"),
            (totals.not_run, "not run", "magenta"),
        )
        if how_many or word == "done"
    ]
    rows = f", {number(totals.rows)} rows" if totals.rows is not None else ""
    checks = _checks_total(view)
    ends = {"failed": "; the run failed", "canceled": "; interrupted", "running": "; the run goes on"}
    end = ends.get(view.state, "")
    run = dim(f"  run {view.run_id[:8]}") if view.run_id else ""
    saved = f" (saved {duration(totals.saved_seconds)})" if totals.saved_seconds >= _WORTH_TELLING else ""
    return f"{', '.join(parts)}{saved} in {duration(totals.seconds)}{rows}{checks}{end}{run}"


def _checks_total(view: RunView) -> str:
    if not view.checks:
        return ""
    passed = sum(check.passed for check in view.checks)
    return f", {number(passed)} of {count(len(view.checks), 'check')} passed"


def _check_lines(view: RunView) -> list[str]:
    bad = [check for check in view.checks if not check.passed]
    if not bad:
        return []
    rows = [
        [
            styled(check_state(check)),
            one_line(f"{check.asset_key.to_escaped_user_string()}: {check.check_name}"),
            one_line((check.description or "").split("\n", 1)[0]),
        ]
        for check in bad[:_CHECKS_SHOWN]
    ]
    more = [dim(f"  and {len(bad) - _CHECKS_SHOWN} more")] if len(bad) > _CHECKS_SHOWN else []
    lines: list[str] = []
    for check, line in zip(bad, table(rows, indent="  "), strict=False):
        lines += [line, *check_details(check)]
    return ["", strong("Checks that did not pass"), *lines, *more]


def check_details(check: AssetCheckEvaluation) -> list[str]:
    """Return what a check says beyond the first line of its description: the other lines, and its metadata."""
    rest = (check.description or "").partition("\n")[2]
    details = [*(block(rest, "").split("\n") if rest.strip() else []), *metadata_lines(check.metadata)]
    lines = [f"          {line}".rstrip() for line in details[:_DETAILS_SHOWN]]
    left_out = len(details) - _DETAILS_SHOWN
    return [*lines, dim(f"          and {count(left_out, 'more line')}")] if left_out > 0 else lines


def _value_lines(values: Mapping[str, str]) -> list[str]:
    if not values:
        return []
    rows = [[one_line(name), one_line(short_path(place))] for name, place in values.items()]
    if len(rows) <= _VALUES_SHOWN:
        return ["", strong("Values"), *_uncut(rows)]
    some = rows[:_SOME_VALUES]
    below = _common_folder([short_path(place) for place in values.values()])
    more = f"  and {number(len(rows) - len(some))} more{f' below {one_line(below)}' if below else ''}"
    return ["", strong("Values"), *_uncut(some), dim(more)]


def _common_folder(places: list[str]) -> str:
    try:
        return posixpath.commonpath(places)
    except ValueError:  # some are absolute and some are not
        return ""


def _uncut(rows: list[list[str]]) -> list[str]:
    """Return the rows as lines; paths are not cut, for people copy them."""
    width = column_width(name for name, _ in rows)
    return [f"  {pad(name, width)}  {place}" for name, place in rows]
