"""
What can be done with a run: wait for it, repeat it, stop it, delete it.
"""

from __future__ import annotations

import click

from orrery.base.errors import InvariantViolationError
from orrery.base.pointer import decode_pointer
from orrery.cli.completion import complete_runs
from orrery.cli.endings import FAILED, SUCCESS, wrong_usage
from orrery.cli.options import Source, json_option, seconds_of, source_options
from orrery.cli.paper import echo
from orrery.cli.past_runs import find_run
from orrery.cli.waiting import exit_code_of, follow_launched, tell_status, wait_until_it_ends
from orrery.runtime.instance.instance import Instance
from orrery.runtime.instance.termination import GRACE_SECONDS

__all__ = ["cancel_run", "delete_run", "retry_run", "wait_for_run"]

_run_id = click.argument("run_id", metavar="ID", shell_complete=complete_runs)


@click.command("wait", short_help="Wait until a run has ended.")
@_run_id
@click.option("--timeout", callback=seconds_of, metavar="SECONDS", help="Wait at most so long.")
@json_option()
def wait_for_run(run_id: str, timeout: float | None, as_json: bool) -> int:
    """
    Wait until a run has ended, and tell how: the exit code is 0, 1 where it failed, or where it
    was canceled 130, or 143 if SIGTERM asked it to stop, as `orrery runs cancel` does.

    ID is the id of a run, its first characters, or "latest".
    """
    with Instance.get() as instance:
        found = find_run(instance, run_id).run.run_id
        run = wait_until_it_ends(instance, found, timeout)
        if run is not None:
            return exit_code_of(instance, run, as_json)
        going_on = instance.get_run_by_id(found)
        if as_json and going_on is not None:
            tell_status(found, going_on.status.value.lower(), as_json)
        else:
            echo("the run goes on")
        return FAILED


@click.command("retry", short_help="Repeat a run, in whole or in part.")
@_run_id
@click.option("--from-failure", "part", flag_value="failure", default=True, help="What failed or never ran (usual).")
@click.option("--all", "part", flag_value="all", help="Everything.")
@click.option("--select", metavar="STEPS", multiple=True, help="These steps, for example 'clean+'.")
@click.option("--wait", is_flag=True, help="Wait until the new run has ended.")
@source_options
@json_option()
def retry_run(run_id: str, part: str, select: tuple[str, ...], wait: bool, source: Source, as_json: bool) -> int:
    """
    Repeat a run in a process of its own: what failed or never ran, everything, or the steps that are selected.

    ID is the id of a run, its first characters, or "latest". What other steps gave is taken from that run.
    """
    from orrery.api.verbs.recorded import record_repetition  # 300 ms, and most commands on runs load no project
    from orrery.api.verbs.reexecution import ReexecutionOptions
    from orrery.api.wiring.locations import load_definitions
    from orrery.cli.project import find_pointer

    with Instance.get() as instance:
        run = find_run(instance, run_id).run
        given = source.file is not None or source.module is not None or not isinstance(run.job_code_origin, str)
        pointer = find_pointer(source) if given else decode_pointer(run.job_code_origin.encode())
        repository = load_definitions(pointer)
        if select:
            options = ReexecutionOptions(run.run_id, select)
        elif part == "all":
            options = ReexecutionOptions(run.run_id)
        else:
            options = ReexecutionOptions.from_failure(run.run_id, instance)
        with wrong_usage():
            if not run.is_finished:
                raise InvariantViolationError(
                    f"Run '{run.run_id}' has not ended: it is {run.status.value.lower()}.",
                    mend="wait for it, or cancel it first.",
                )
            made = record_repetition(instance, run, options, repository, pointer)
        submitted = instance.submit_run(made.run_id)
        return follow_launched(instance, submitted, wait=wait, as_json=as_json)


@click.command("cancel", short_help="Stop a run.")
@_run_id
@click.option(
    "--grace",
    callback=seconds_of,
    default=GRACE_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Time for closing its resources, before its process is killed.",
)
@json_option()
def cancel_run(run_id: str, grace: float, as_json: bool) -> int:
    """
    Stop a run that waits or goes on: it closes its resources, and is recorded as canceled.

    ID is the id of a run, its first characters, or "latest".
    """
    with Instance.get() as instance:
        run = find_run(instance, run_id).run
        with wrong_usage():
            if not instance.cancel_run(run.run_id, grace_seconds=grace):
                raise InvariantViolationError(
                    f"Run '{run.run_id}' has ended already: {run.status.value.lower()}.", mend="look at `orrery runs`."
                )
        ended = instance.get_run_by_id(run.run_id)
        tell_status(run.run_id, "" if ended is None else ended.status.value.lower(), as_json)
        return SUCCESS


@click.command("delete", short_help="Forget a run and its log.")
@_run_id
@json_option()
def delete_run(run_id: str, as_json: bool) -> int:
    """
    Forget a run and its log; the values that it stored stay.

    What it made last is then known by the run before it, or as never made: `--reuse` may make it again.

    ID is the id of a run, its first characters, or "latest".
    """
    with Instance.get() as instance:
        run = find_run(instance, run_id).run
        with wrong_usage():
            if not run.is_finished and instance.leases is not None and instance.leases.get_leases(f"run/{run.run_id}"):
                raise InvariantViolationError(
                    f"Run '{run.run_id}' goes on.", mend=f"stop it first: orrery runs cancel {run.run_id[:8]}."
                )
        instance.delete_run(run.run_id)
        tell_status(run.run_id, "deleted", as_json)
        return SUCCESS
