"""
A plan as people and programs read it: one line for each step, the reasons below the steps that run.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from orrery.api.verbs.diff import MaterializationDiff
from orrery.api.verbs.plan import MaterializationPlan, PlannedPartitions
from orrery.cli.paper import dim, strong, table
from orrery.cli.partition_drawing import alike
from orrery.cli.text import count, duration, instant, one_line, short_path
from orrery.model.events.reuse import Provenance, Reason
from orrery.plan.decide import LastMade
from orrery.runtime.engine.planned import PlannedStep

__all__ = [
    "diff_document",
    "diff_lines",
    "partitions_document",
    "partitions_text",
    "plan_document",
    "plan_lines",
    "reason_text",
    "step_document",
    "why_lines",
]

_REASONS = 5
_PARTS = 12
_RANGES = 3


def plan_lines(plan: MaterializationPlan, selection: Sequence[str]) -> list[str]:
    """Return the plan of a *selection* (all, if there is none) as lines, the totals last."""
    rows = [
        [_mark(step), one_line(", ".join(step.assets)), one_line(_first(step)), dim(_took(step))] for step in plan.steps
    ]
    rows += [[_mark_of(each), one_line(each.asset), partitions_text(each), ""] for each in plan.partitions]
    lines = table(rows)
    run, skip = plan.to_run, plan.to_skip
    unsure = sum(not step.decision.is_certain for step in run)
    maybe = f" ({unsure} only if what comes before them changes)" if unsure else ""
    took = _seconds(run)
    saved = _seconds(skip)
    parts = [
        f"{count(len(run), 'step')} to run{maybe}" + (f", last time {duration(took)}" if took is not None else ""),
        f"{len(skip)} current" + (f", {duration(saved)} saved" if saved is not None else ""),
    ]
    if plan.partitions:
        due = sum(state != "current" for each in plan.partitions for state in each.states.values())
        parts.append(f"{count(due, 'partition')} to make" + (f", by: {_backfill_of(selection)}" if due else ""))
        if not plan.steps:
            del parts[:2]
    if plan.lacking:
        names = one_line(", ".join(plan.lacking))
        lines += [
            "",
            f"not selected, taken, and not stored: {names}; materialize, or select, {_them(plan.lacking)}, too",
        ]
    return [*lines, "", "; ".join(parts)]


def _backfill_of(selection: Sequence[str]) -> str:
    """Return the command that makes what is out of date of *selection*, as a shell takes it."""
    return one_line(f"orrery backfill {shlex.join(selection or ('*',))} --stale")


def _them(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _mark_of(each: PlannedPartitions) -> str:
    return click.style("skip", fg="green") if each.is_current else click.style("run", fg="yellow")


def partitions_text(planned: PlannedPartitions) -> str:
    """Return how the partitions of an asset stand, in words: those that are not current by ranges."""
    if not planned.states:
        return "no partitions yet"
    ranges = alike(planned.states.items())
    told: list[str] = []
    for state in ("missing", "out of date"):
        found = ranges.get(state)
        if found:
            shown = ", ".join(
                one_line(each.start if each.start == each.end else f"{each.start}...{each.end}")
                for each in found[:_RANGES]
            )
            more = f", and {count(len(found) - _RANGES, 'more range')}" if len(found) > _RANGES else ""
            told.append(f"{_number(planned, state)} {state} ({shown}{more})")
    current = _number(planned, "current")
    told += [f"{current} current"] if told and current else [] if told else ["all current"]
    return f"{count(len(planned.states), 'partition')}: {', '.join(told)}"


def _number(planned: PlannedPartitions, state: str) -> int:
    return sum(each == state for each in planned.states.values())


def partitions_document(planned: PlannedPartitions) -> dict[str, Any]:
    """Return how the partitions of an asset stand as a JSON document."""
    ranges = alike(planned.states.items())
    states = ("current", "missing", "out of date")
    return {
        "asset": planned.asset,
        "is_current": planned.is_current,
        "partitions": len(planned.states),
        "counts": {state.replace(" ", "_"): _number(planned, state) for state in states},
        "ranges": {
            state.replace(" ", "_"): [[each.start, each.end] for each in ranges.get(state, ())] for state in states
        },
    }


def _mark(step: PlannedStep) -> str:
    if step.decision.action == "skip":
        return click.style("skip", fg="green")
    return click.style("run", fg="yellow") if step.decision.is_certain else click.style("maybe", fg="cyan")


def _first(step: PlannedStep) -> str:
    reasons = step.decision.reasons
    more = f"; and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return reason_text(reasons[0]) + more


def reason_text(reason: Reason) -> str:
    """Return a reason in words, its place as a path that is short here."""
    text = str(reason)
    return text.replace(reason.place, short_path(reason.place)) if reason.place else text


def _took(step: PlannedStep) -> str:
    seconds = _seconds([step])
    return "" if seconds is None else duration(seconds)


def _seconds(steps: Any) -> float | None:
    found = [
        step.last.provenance.seconds
        for step in steps
        if step.last is not None and step.last.provenance is not None and step.last.provenance.seconds is not None
    ]
    return sum(found) if found else None


def why_lines(step: PlannedStep) -> list[str]:
    """Return why a step would run or be skipped, how its value came to be, and what it was made from."""
    decision = step.decision
    word = {"skip": "is current"}.get(
        decision.action, "is out of date" if decision.is_certain else "may be out of date"
    )
    name = ", ".join(step.assets) + (f" [{step.partition}]" if step.partition is not None else "")
    lines = [f"{strong(one_line(name))} {word}"]
    lines += [f"  {one_line(reason_text(reason))}" for reason in decision.reasons]
    if step.last is not None:
        version = f", data version {step.last.data_version[:16]}" if step.last.data_version else ""
        lines += ["", f"{strong('Made last')}  {instant(step.last.at)} {_origin(step.last)}{version}"]
        lines += [f"{strong('Accepted')}   {told}" for told in _acceptance(step.last)]
    made = step.last.provenance if step.last is not None else None
    lines += ["", strong("Made from" if made is not None else "Would be made from")]
    lines += _provenance_lines(made if made is not None else step.provenance)
    return lines


def _origin(last: LastMade) -> str:
    if not last.made_by:
        return "reported by hand" if last.retold is None else "by no run that is recorded"
    pulled = ", pulled" if last.retold is not None and last.retold.is_pulled else ""
    return f"by run {last.made_by[:8]}{pulled}"


def _acceptance(last: LastMade) -> list[str]:
    """Return in a line when a value was accepted, and what for; no line if it was not."""
    accepted_at = last.retold.accepted_at if last.retold is not None else None
    if accepted_at is None:
        return []
    version = last.provenance.code_version if last.provenance is not None else None
    code = f"code version {one_line(version)}" if version is not None else "the code of that time"
    return [f"{instant(accepted_at) if accepted_at else 'once'}, as current for {code}"]


def _provenance_lines(provenance: Provenance) -> list[str]:
    rows: list[list[str]] = []
    if provenance.code_version is not None:
        rows.append(["code version", one_line(provenance.code_version), ""])
    parts, constants = list(provenance.code.items()), provenance.constants
    rows += [
        ["code", one_line(name), one_line(constants[name]) if name in constants else dim(digest[:8])]
        for name, digest in parts[:_PARTS]
    ]
    if len(parts) > _PARTS:
        rows.append(["code", f"and {len(parts) - _PARTS} more", ""])
    rows += [["library", one_line(name), version] for name, version in provenance.libraries.items()]
    rows += [["config", one_line(path), one_line(part.shown)] for path, part in provenance.config.items()]
    rows += [
        [
            "input",
            one_line(key),
            dim(part.version[:16]) + (f" of {count(part.partitions, 'partition')}" if part.partitions > 1 else ""),
        ]
        for key, part in provenance.inputs.items()
    ]
    rows += [["resource", one_line(key), one_line(text)] for key, text in provenance.resources.items()]
    if provenance.format:
        rows.append(["stored by", one_line(provenance.format), ""])
    return table(rows, indent="  ") if rows else ["  nothing"]


def diff_lines(diff: MaterializationDiff) -> list[str]:
    """Return how two materializations differ, as lines."""
    one, other = diff.partitions
    name = diff.asset if one is None or one != other else f"{diff.asset} [{one}]"
    runs = [
        f"run {run[:8]}" + (f" [{each}]" if each is not None and one != other else "")
        for run, each in zip(diff.runs, diff.partitions, strict=True)
    ]
    lines = [f"{strong(one_line(name))}  {one_line(' to '.join(runs))}"]
    if not diff.is_recorded:
        lines.append("  what one of them was made from is not recorded")
    before, after = diff.data_versions
    if before == after:
        lines.append("  the value is the same")
    else:
        lines.append(f"  the value differs: data version {(before or 'none')[:16]} to {(after or 'none')[:16]}")
    lines += [f"  {one_line(reason_text(reason))}" for reason in diff.reasons]
    if diff.columns:
        rows = [
            [one_line(name), one_line(old or "is new"), one_line(new or "is gone")]
            for name, (old, new) in diff.columns.items()
        ]
        lines += ["", strong("Columns"), *table(rows, indent="  ")]
    if diff.metadata:
        rows = [
            [one_line(name), one_line(old or "-"), one_line(new or "-")] for name, (old, new) in diff.metadata.items()
        ]
        lines += ["", strong("Metadata"), *table(rows, indent="  ")]
    return lines


# -- for programs --------------------------------------------------------------------------------


def plan_document(plan: MaterializationPlan) -> dict[str, Any]:
    """Return the plan as a JSON document."""
    return {
        "job": plan.job_name,
        "partition": plan.partition_key,
        "is_current": plan.is_current,
        "steps": [step_document(step) for step in plan.steps],
        "partitions": [partitions_document(each) for each in plan.partitions],
        "lacking": list(plan.lacking),
    }


def step_document(step: PlannedStep) -> dict[str, Any]:
    """Return a step of a plan as a JSON document."""
    last = step.last
    return {
        "step": step.step_key,
        "assets": list(step.assets),
        "partition": step.partition,
        "action": step.decision.action,
        "is_certain": step.decision.is_certain,
        "reasons": [_reason_document(reason) for reason in step.decision.reasons],
        "last": None
        if last is None
        else {
            "time": datetime.fromtimestamp(last.at, UTC).isoformat(),
            "run_id": last.made_by,
            "accepted": _acceptance_document(last),
            "is_pulled": last.retold is not None and last.retold.is_pulled,
            "data_version": last.data_version,
            "seconds": last.provenance.seconds if last.provenance is not None else None,
        },
        "made_from": _provenance_document(step.provenance),
    }


def _acceptance_document(last: LastMade) -> dict[str, Any] | None:
    accepted_at = last.retold.accepted_at if last.retold is not None else None
    if accepted_at is None:
        return None
    return {
        "time": datetime.fromtimestamp(accepted_at, UTC).isoformat() if accepted_at else None,
        "code_version": last.provenance.code_version if last.provenance is not None else None,
    }


def _reason_document(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "subject": reason.subject,
        "old": reason.old,
        "new": reason.new,
        "shown_old": reason.shown_old,
        "shown_new": reason.shown_new,
        "run_id": reason.run_id,
        "place": reason.place,
        "accepted": reason.accepted,
        "asset": reason.asset,
        "text": str(reason),
    }


def _provenance_document(provenance: Provenance) -> Mapping[str, Any]:
    return {
        "code": dict(provenance.code),
        "constants": dict(provenance.constants),
        "libraries": dict(provenance.libraries),
        "code_version": provenance.code_version,
        "config": {path: part.shown for path, part in provenance.config.items()},
        "inputs": {key: part.version for key, part in provenance.inputs.items()},
        "resources": dict(provenance.resources),
        "format": provenance.format,
    }


def diff_document(diff: MaterializationDiff) -> dict[str, Any]:
    """Return how two materializations differ as a JSON document."""
    return {
        "asset": diff.asset,
        "runs": list(diff.runs),
        "partitions": list(diff.partitions),
        "is_recorded": diff.is_recorded,
        "data_versions": list(diff.data_versions),
        "reasons": [_reason_document(reason) for reason in diff.reasons],
        "columns": {name: list(pair) for name, pair in diff.columns.items()},
        "metadata": {name: list(pair) for name, pair in diff.metadata.items()},
    }
