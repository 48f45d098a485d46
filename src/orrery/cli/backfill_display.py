"""
A backfill, shown while it goes on and afterwards.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from orrery.api.verbs.backfill import BackfillResult, progress_of_backfill, resume_backfill
from orrery.api.verbs.backfill_driver import RunNews
from orrery.base.errors import ExecutionInterruptedError
from orrery.base.keys import AssetKey
from orrery.cli.displays.plain import tell_of_interrupt
from orrery.cli.endings import FAILED, SUCCESS
from orrery.cli.interrupts import Asked, once_in_order
from orrery.cli.json_output import echo_json
from orrery.cli.paper import dim, echo, is_terminal, strong, styled, table
from orrery.cli.text import count, duration, number, one_line
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.automation.backfill_progress import BackfillPlan
from orrery.model.partitions.subset import PartitionsSubset
from orrery.model.records.backfill import Backfill, BackfillRun, BackfillRunState, BackfillStatus
from orrery.runtime.instance.instance import Instance

__all__ = [
    "backfill_document",
    "go_on_shown",
    "plan_document",
    "plan_lines",
    "result_document",
    "result_lines",
    "state_of",
]

_LINE_SECONDS = 2.0
_BAR = 30
_SHOWN = 10


def go_on_shown(known: Backfill, repository: RepositoryDefinition, instance: Instance, *, as_json: bool) -> int:
    """Make what is left of a backfill, show it, and return the exit code."""
    display: _Lines | _Json = _Json(known) if as_json else _Lines(known)
    display.begin()
    code = None
    asked = Asked()
    try:
        with once_in_order(tell_of_interrupt, asked):
            result = resume_backfill(known.backfill_id, repository, instance=instance, tell=display.show)
    except (KeyboardInterrupt, ExecutionInterruptedError):
        code = asked.exit_code
        result = progress_of_backfill(known.backfill_id, repository, instance=instance)
    finally:
        display.end()
    display.finish(result)
    if code is not None:
        return code
    return SUCCESS if result.success else FAILED


class _Json:
    def __init__(self, known: Backfill) -> None:
        self._known = known

    def begin(self) -> None:
        echo_json({"event": "backfill_started", **backfill_document(self._known, is_held=True)})

    def show(self, news: RunNews) -> None:
        echo_json({"event": "run_ended", **_run_document(news.run), "seconds": news.seconds, "error": news.error})

    def end(self) -> None:
        pass

    def finish(self, result: BackfillResult) -> None:
        echo_json({"event": "backfill_ended", **result_document(result, is_held=False)})


class _Lines:
    """Tells of failures as they come, and of the rest now and then: as a bar on a terminal, as lines elsewhere."""

    def __init__(self, known: Backfill) -> None:
        self._known = known
        self._begun = time.monotonic()
        self._told = self._begun
        self._first: int | None = None
        self._is_live = is_terminal()
        self._has_bar = False

    def begin(self) -> None:
        known = self._known
        what = f"job {known.job_name}" if known.job_name is not None else count(len(known.targets), "asset")
        echo(f"backfill {strong(known.backfill_id)}: {_items(known.size)} of {what}")

    def show(self, news: RunNews) -> None:
        if self._first is None:
            self._first = max(0, news.ended - 1)
        if news.run.state is not BackfillRunState.SUCCESS:
            self._wipe()
            why = f": {one_line(news.error)}" if news.error else ""
            echo(f"{styled('failed')}  {_what(news.run)}{why}  {dim(news.run.run_id[:8])}")
        now = time.monotonic()
        if now - self._told < (0.1 if self._is_live else _LINE_SECONDS):
            return
        self._told = now
        done = news.ended - self._first
        left = (now - self._begun) / done * (news.all - news.ended) if done > 0 else 0.0
        told = f"{number(news.ended)} of {number(news.all)}, about {duration(left)} left"
        if self._is_live:
            filled = round(_BAR * news.ended / news.all)
            sys.stdout.write(f"\r\x1b[2K[{'#' * filled}{'.' * (_BAR - filled)}] {told}")
            sys.stdout.flush()
            self._has_bar = True
        else:
            echo(told)

    def _wipe(self) -> None:
        if self._has_bar:
            sys.stdout.write("\r\x1b[2K")
            sys.stdout.flush()
            self._has_bar = False

    def end(self) -> None:
        self._wipe()

    def finish(self, result: BackfillResult) -> None:
        for line in result_lines(result, is_held=False):
            echo(line)
        echo(dim(f"took {duration(time.monotonic() - self._begun)}"))
        if result.backfill.status is BackfillStatus.STARTED:
            echo(f"go on with: orrery backfills resume {result.backfill_id}")
        elif not result.success and result.backfill.status is not BackfillStatus.CANCELED:
            echo(f"make again what failed: orrery backfills retry {result.backfill_id}")


# -- before ------------------------------------------------------------------------------------


def plan_lines(plan: BackfillPlan, which: str) -> list[str]:
    """Return what a backfill would make, as lines."""
    if not plan.size:
        return [f"nothing is {which}: there is nothing to make" if which != "all" else "there is nothing to make"]
    rows = []
    runs = 0
    for group in plan.groups:
        planned = plan.count_of_runs(group)
        runs += planned
        for place, key in enumerate(group.keys):
            subset = plan.targets[key]
            has_keys = group.partitions_def is not None
            rows.append(
                [
                    one_line(key.to_escaped_user_string()),
                    number(len(subset)),
                    _partitions(plan, key, group.partitions_def) if has_keys else dim("no partitions"),
                    count(planned, "run") if place == 0 else dim("in the same runs"),
                ]
            )
    lines = table(rows, head=["asset" if plan.job_name is None else "job", "items", "partitions", "runs"], right=[1])
    lines.append(f"{_items(plan.size)} in {count(runs, 'run')}")
    if plan.leaves_current and len(plan.targets) > 1:
        lines.append(dim("what needs something that is made, and is current once that is there, is left alone"))
    return lines


def plan_document(plan: BackfillPlan) -> dict[str, Any]:
    """Return what a backfill would make, as data."""
    return {
        "items": plan.size,
        "runs": sum(map(plan.count_of_runs, plan.groups)),
        "job": plan.job_name,
        "leaves_current": plan.leaves_current,
        "groups": [
            {
                "assets": [key.to_escaped_user_string() for key in group.keys],
                "runs": plan.count_of_runs(group),
                "discovered": any(key in plan.growing for key in group.keys),
                "partitions": None if group.partitions_def is None else list(plan.targets[group.keys[0]]),
            }
            for group in plan.groups
        ],
    }


def _partitions(plan: BackfillPlan, key: AssetKey, partitions_def: Any) -> str:
    known = _span(plan.targets[key], partitions_def)
    return ", ".join(filter(None, [known, dim("what is found") if key in plan.growing else ""]))


def _span(subset: PartitionsSubset, partitions_def: Any) -> str:
    ranges = subset.get_partition_key_ranges(partitions_def)
    shown = [one_line(each.start if each.start == each.end else f"{each.start}...{each.end}") for each in ranges[:3]]
    return ", ".join(shown) + (f", and {count(len(ranges) - 3, 'more range')}" if len(ranges) > 3 else "")


# -- afterwards --------------------------------------------------------------------------------


def state_of(known: Backfill, is_held: bool) -> str:
    """Return how a backfill stands, in a word."""
    if known.status is BackfillStatus.STARTED:
        return "started" if is_held else "interrupted"
    status: str = known.status.value
    return status.lower()


def result_lines(result: BackfillResult, is_held: bool) -> list[str]:
    """Return how far a backfill is, as lines."""
    counts = result.counts
    parts = [f"{number(counts.made)} made"]
    parts += [f"{number(value)} {name}" for name, value in counts._asdict().items() if name != "made" and value]
    known = result.backfill
    lines = [f"backfill {strong(known.backfill_id)}  {styled(state_of(known, is_held))}  {', '.join(parts)}"]
    rows = []
    for key, target in result.progress.plan.targets.items():
        made = len(result.progress.made.get(key, ()))
        failed = _failed(result, key)
        current = len(result.progress.current.get(key, ()))
        notes = [f"{styled('failed')} {_some(failed)}"] if failed else []
        notes += [dim(f"{number(current)} current")] if current else []
        rows.append([one_line(key.to_escaped_user_string()), f"{number(made)}/{number(len(target))}", ", ".join(notes)])
    return [*lines, *table(rows, right=[1], indent="  ")]


def result_document(result: BackfillResult, is_held: bool) -> dict[str, Any]:
    """Return how far a backfill is, as data."""
    return {
        **backfill_document(result.backfill, is_held),
        **result.counts._asdict(),
        "assets": {
            key.to_escaped_user_string(): {
                "items": len(target),
                "made": len(result.made(key)),
                "current": len(result.current(key)),
                "failed": _failed(result, key),
            }
            for key, target in result.progress.plan.targets.items()
        },
        "runs": [_run_document(run) for run in result.runs],
    }


def backfill_document(known: Backfill, is_held: bool) -> dict[str, Any]:
    """Return what was asked for, as data."""
    return {
        "backfill_id": known.backfill_id,
        "status": state_of(known, is_held),
        "selection": known.selection,
        "job": known.job_name,
        "items": known.size,
        "created": known.created,
        "ended": known.ended,
    }


def _run_document(run: BackfillRun) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "assets": [key.to_escaped_user_string() for key in run.asset_keys],
        "start": run.start,
        "end": run.end,
        "state": run.state.value.lower(),
    }


def _failed(result: BackfillResult, key: AssetKey) -> list[str]:
    return [str(each) for each in result.failed(key)]


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(one_line(each) for each in keys[:_SHOWN] if each)
    return shown + (f" and {count(len(keys) - _SHOWN, 'more', 'more')}" if len(keys) > _SHOWN else "")


def _what(run: BackfillRun) -> str:
    names = ", ".join(one_line(key.to_escaped_user_string()) for key in run.asset_keys[:3])
    more = f" and {len(run.asset_keys) - 3} more" if len(run.asset_keys) > 3 else ""
    if run.start is None:
        return names + more
    return f"{names}{more} {one_line(run.start if run.start == run.end else f'{run.start}...{run.end}')}"


def _items(how_many: int) -> str:
    return count(how_many, "item")
