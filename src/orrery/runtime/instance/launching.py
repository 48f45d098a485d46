"""
Launching a recorded run, and trying a failed one again.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from orrery.base.errors import InvariantViolationError, OrreryError
from orrery.base.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    PARENT_RUN_ID_TAG,
    RESUME_RETRY_TAG,
    RETRY_NUMBER_TAG,
    ROOT_RUN_ID_TAG,
)
from orrery.model.automation.retries import RetryOfRun, retry_of
from orrery.model.events import build
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import EventType
from orrery.model.events.payloads import EngineEventData, RunFailureData, RunFailureReason
from orrery.model.records.run import Run, RunStatus
from orrery.runtime.ports.run_launcher import LaunchRunContext

__all__ = ["launch_run", "retry_run_if_due"]

_LAUNCHABLE = (RunStatus.NOT_STARTED, RunStatus.QUEUED, RunStatus.MANAGED)


def launch_run(instance: Any, run: Run, workspace: Any = None) -> None:
    """
    Start a process for a recorded run; that it could not be started is recorded, and raised.

    Args:
        instance: The instance.
        run: The run.
        workspace: Handed to the launcher.

    Raises:
        InvariantViolationError: The instance has no launcher, the run was launched before, or nothing says where
            its code is.
        RunConflictError: Another process is at it.
    """
    if instance.launcher is None or instance.keeper is None:
        raise InvariantViolationError(
            "This instance has no launcher that could start a process for a run.",
            mend="run it in this process, or name a launcher in the instance's settings.",
        )
    if run.status not in _LAUNCHABLE:
        raise InvariantViolationError(
            f"Run '{run.run_id}' cannot be launched: it is {run.status.value.lower()}.",
            mend="repeat it: orrery runs retry RUN.",
        )
    if run.job_code_origin is None and workspace is None:
        raise InvariantViolationError(
            f"Nothing says where the code of job '{run.job_name}' is, which run '{run.run_id}' executes.",
            mend="launch it with `orrery launch`, or record it with job_code_origin=.",
        )
    keeper = instance.keeper
    lease = keeper.take_run(run.run_id)
    try:
        instance.report_dagster_event(build.run_starting(run.job_name), run.run_id)
        instance.flush(run.run_id)
        instance.launcher.launch_run(
            LaunchRunContext(
                dagster_run=run,
                workspace=workspace,
                instance=instance,
                token=lease.token,
                hand_over=lambda process: keeper.hand_over(lease, process),
            )
        )
    except Exception as error:
        failed = build.run_failed(
            run.job_name,
            error_info_from_exception(error),
            reason=RunFailureReason.JOB_INITIALIZATION_FAILURE,
            context_message="It could not be launched.",
        )
        instance.report_dagster_event(failed, run.run_id, "ERROR")
        instance.flush(run.run_id)
        raise
    finally:
        keeper.forget(lease.token)


def retry_run_if_due(instance: Any, run_id: str) -> str | None:
    """
    Submit the retry that the tags of a failed run ask for; return its id, or None if nothing is due.

    Called by whoever records that a run failed. Of two who call it, one submits.
    """
    if instance.launcher is None or instance.keeper is None:
        return None
    keeper = instance.keeper
    lease = keeper.new_lease(f"retry/{run_id}", "")
    run = instance.get_run_by_id(run_id)
    if run is None or run.status is not RunStatus.FAILURE or not keeper.storage.put_lease(lease):
        return None
    try:
        run = instance.get_run_by_id(run_id)
        retry = retry_of(run, _reason(instance, run_id))
        if retry is None:
            return None
        if run.job_code_origin is None:
            raise ValueError("nothing says where the code of its job is: launch it with `orrery launch`")
        made = _next(run, retry)
        instance.add_run(made)
        instance.add_run_tags(run_id, {AUTO_RETRY_RUN_ID_TAG: made.run_id})
        instance.report_engine_event(f"Retry {retry.number} of the run is run {made.run_id}.", run)
        instance.submit_run(made.run_id, None)
        return made.run_id
    except (ValueError, OrreryError) as error:
        instance.report_engine_event(
            f"The run is not tried again: {error}", run, EngineEventData(error=error_info_from_exception(error))
        )
        return None
    finally:
        keeper.give_back(lease)


def _reason(instance: Any, run_id: str) -> RunFailureReason | None:
    for entry in instance.all_logs(run_id, of_type=EventType.RUN_FAILURE):
        data = entry.get_dagster_event().event_specific_data
        if isinstance(data, RunFailureData):
            return data.failure_reason
    return None


def _next(run: Run, retry: RetryOfRun) -> Run:
    root = run.root_run_id or run.run_id
    tags = {
        **run.tags,
        RETRY_NUMBER_TAG: str(retry.number),
        PARENT_RUN_ID_TAG: run.run_id,
        ROOT_RUN_ID_TAG: root,
        RESUME_RETRY_TAG: "true" if retry.is_from_failure else "false",
    }
    return msgspec.structs.replace(
        run,
        run_id=str(uuid.uuid4()),
        status=RunStatus.NOT_STARTED,
        tags=tags,
        parent_run_id=run.run_id,
        root_run_id=root,
        step_keys_to_execute=run.step_keys_to_execute if not retry.is_from_failure else None,
    )
