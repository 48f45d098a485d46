"""
``orrery runs``: past runs, their logs, and what can be done with them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from orrery.api.wiring.instance import open_instance
from orrery.base.errors import nearest_hint
from orrery.cli.app import LazyGroup
from orrery.cli.captured import CapturedLine, CapturedLines
from orrery.cli.completion import complete_runs
from orrery.cli.displays.json_lines import happening_document, step_document
from orrery.cli.displays.plain import plain_line
from orrery.cli.failure_text import failure_document
from orrery.cli.happenings import RunView
from orrery.cli.json_output import echo_json
from orrery.cli.options import LEVELS, json_option
from orrery.cli.paper import dim, echo, strong, styled, table
from orrery.cli.past_runs import find_run, what_ran
from orrery.cli.run_actions import cancel_run, delete_run, retry_run, wait_for_run
from orrery.cli.summary import summary_lines
from orrery.cli.text import duration, instant, number, one_line, since
from orrery.model.records.run import FINISHED_STATUSES, RunRecord, RunsFilter, RunStatus
from orrery.runtime.instance.instance import Instance

__all__ = ["command"]

_PAGE = 500
_POLL_SECONDS = 0.2
_LOOK_SECONDS = 1.0
_ENDS = ("step_done", "step_failed", "step_retrying")


@click.group("runs", cls=LazyGroup, usual="list", short_help="Show, stop and repeat runs.")
def command() -> None:
    """Show past runs and their logs, stop and repeat them; without a command, list the latest, with the options of `list`."""


@command.command("list", short_help="List runs, the latest first.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--job", metavar="NAME", help="Only of this job.")
@click.option(
    "--status",
    type=click.Choice([status.value.lower() for status in RunStatus]),
    help="Only those that stand so.",
)
@json_option()
def list_runs(limit: int, job: str | None, status: str | None, as_json: bool) -> None:
    """List runs, the latest first."""
    statuses = () if status is None else (RunStatus(status.upper()),)
    with open_instance(may_only_read=True) as instance:
        records = instance.get_run_records(RunsFilter(job_name=job, statuses=statuses), limit=limit)
        others = [] if records or as_json else instance.get_run_records(limit=_PAGE)
    if as_json:
        echo_json({"runs": [_run_document(record) for record in records]})
        return
    if not records:
        for line in _none_found(job, status, others):
            echo(line)
        return
    now = time.time()
    rows = [
        [
            record.run.run_id[:8],
            styled(record.run.status.value.lower()),
            _when(record, now),
            _took(record, now),
            what_ran(record.run),
        ]
        for record in records
    ]
    for line in table(rows, head=["run", "status", "started", "took", "what"], right=[3]):
        echo(line)


def _none_found(job: str | None, status: str | None, others: Sequence[RunRecord]) -> Iterable[str]:
    """Iterate over what is said where no run is as it was asked for; *others* are the latest of all."""
    if not others:
        yield "no runs are recorded"
        return
    wanted = [] if job is None else [f"of job '{one_line(job)}'"]
    wanted += [] if status is None else [f"with status '{status}'"]
    yield f"no runs {' '.join(wanted)} are recorded, though others are"
    jobs = {record.run.job_name for record in others if not record.run.job_name.startswith("__")}
    if job is not None and job not in jobs:
        yield (
            f"  Try: {nearest_hint(job, jobs, noun='run of a job')}"
            if jobs
            else "  Try: leave --job out: they are of assets."
        )


@command.command("show", short_help="Show one run: its steps, errors and values.")
@click.argument("run_id", metavar="ID", shell_complete=complete_runs)
@click.option("--every-frame", is_flag=True, help="Fold no frames in errors.")
@json_option()
def show_run(run_id: str, every_frame: bool, as_json: bool) -> None:
    """
    Show one run: its steps, errors and values.

    ID is the id of a run, its first characters, or "latest".
    """
    with open_instance(may_only_read=True) as instance:
        record = find_run(instance, run_id)
        view = _view(instance, record.run.run_id)
        if view.state == "running":
            view.last = max(view.last or 0.0, time.time())  # its last event may be long ago
    if as_json:
        echo_json(
            {
                **_run_document(record),
                "config": record.run.run_config,
                "steps": [step_document(step) for step in view.visible_steps],
                "values": view.values,
                "error": None if view.error is None else failure_document(view.error),
            }
        )
        return
    run = record.run
    echo(f"{strong(run.run_id)}  {styled(run.status.value.lower())}")
    facts = [["what", what_ran(run)]]
    if record.start_time is not None:
        facts.append(["started", instant(record.start_time)])
    shown = {name: value for name, value in run.tags.items() if not name.startswith(".")}
    if shown:
        facts.append(["tags", ", ".join(one_line(f"{name}={value}") for name, value in sorted(shown.items()))])
    if run.run_config:
        facts.append(["config", one_line(run.run_config)])
    for name, value in facts:
        echo(f"  {dim(name.ljust(8))} {value}")
    rows = [
        [
            one_line(step.label),
            styled(step.state),
            "" if step.seconds is None else duration(step.seconds),
            "" if step.rows is None else number(step.rows),
            one_line(step.note),
        ]
        for step in view.visible_steps
    ]
    if rows:
        echo()
        for line in table(rows, head=["step", "state", "time", "rows", ""], right=[2, 3]):
            echo(line)
    for line in summary_lines(view, every_frame=every_frame):
        echo(line)


@command.command("logs", short_help="Print the log of a run.")
@click.argument("run_id", metavar="ID", shell_complete=complete_runs)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--log-level",
    type=click.Choice(list(LEVELS)),
    default="debug",
    show_default=True,
    help="Least level of log lines to show.",
)
@json_option("Print JSON lines.")
def show_logs(run_id: str, follow: bool, log_level: str, as_json: bool) -> None:
    """
    Print the log of a run: what happened, and what its functions logged and wrote.

    ID is the id of a run, its first characters, or "latest".
    """
    with open_instance(may_only_read=True) as instance:
        run = find_run(instance, run_id).run
        view = RunView()
        captured = CapturedLines(instance.compute_log_manager, run.run_id)
        cursor: str | None = None
        looked = time.monotonic()

        def show_output(lines: Iterable[CapturedLine]) -> None:
            for line in lines:
                if as_json:
                    echo_json({"event": "output", "step": line.step, "stream": line.stream, "text": line.text})
                else:
                    step = view.steps.get(line.step)
                    echo(line.plain(line.step if step is None else step.label))

        while True:
            finished = not follow or instance.is_run_finished(run.run_id)
            page = instance.get_records_for_run(run.run_id, cursor, limit=_PAGE)
            for record in page.records:
                happening = view.feed(record.event_log_entry)
                if happening is None or (happening.word == "log" and happening.level < LEVELS[log_level]):
                    continue
                if happening.step is not None and happening.word in _ENDS:
                    show_output(captured.of(happening.step.key, is_over=happening.word != "step_retrying"))
                if as_json:
                    echo_json(happening_document(happening))
                else:
                    echo(plain_line(happening))
            cursor = page.cursor
            if page.has_more:
                continue
            if finished:
                show_output(captured.left())
                break
            for step in [each for each in view.steps.values() if each.state == "running"]:
                show_output(captured.of(step.key, is_over=False))
            if time.monotonic() - looked > _LOOK_SECONDS:
                looked = time.monotonic()
                instance.report_lost_runs()
            time.sleep(_POLL_SECONDS)


def _view(instance: Instance, run_id: str) -> RunView:
    view = RunView()
    for entry in instance.all_logs(run_id):
        view.feed(entry)
    return view


def _when(record: RunRecord, now: float) -> str:
    started = record.start_time if record.start_time is not None else record.create_timestamp.timestamp()
    return since(max(0.0, now - started))


def _took(record: RunRecord, now: float) -> str:
    if record.start_time is None:
        return ""
    end = record.end_time
    if end is None:
        end = now if record.run.status not in FINISHED_STATUSES else record.start_time
    return duration(max(0.0, end - record.start_time))


def _run_document(record: RunRecord) -> dict[str, Any]:
    run = record.run
    assets = run.asset_selection
    return {
        "run_id": run.run_id,
        "job": run.job_name,
        "status": run.status.value.lower(),
        "assets": None if assets is None else sorted(key.to_escaped_user_string() for key in assets),
        "tags": dict(run.tags),
        "created": record.create_timestamp.isoformat(),
        "started": _iso(record.start_time),
        "ended": _iso(record.end_time),
    }


def _iso(timestamp: float | None) -> str | None:
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC).isoformat()


for _action in (wait_for_run, retry_run, cancel_run, delete_run):
    command.add_command(_action)
command.add_command(cancel_run, "terminate")
