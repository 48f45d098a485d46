"""
Runs that are recorded first and executed by whoever has them in hand: what launchers do, and what they are given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.api.verbs.execute import execute_job_in_process, resources_for, tags_and_config
from orrery.api.verbs.origins import origin_in_project
from orrery.api.verbs.reexecution import ReexecutionOptions, decide, past_of, repetition_of
from orrery.api.wiring.locations import load_definitions
from orrery.base.errors import InvariantViolationError, OrreryError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.pointer import CodePointer, decode_pointer, encode_pointer
from orrery.base.tags import PARENT_RUN_ID_TAG, RESUME_RETRY_TAG, RETRY_NUMBER_TAG, ROOT_RUN_ID_TAG
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.project.repository import RepositoryDefinition
from orrery.model.events import build
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.payloads import RunFailureReason
from orrery.model.records.run import Run
from orrery.plan.compile import compile_plan
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import resolve_run_config
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.slots import pools_of
from orrery.runtime.remote.messages import JobOrigin

__all__ = ["carry_out_run", "execute_recorded_run", "job_of_run", "origin_of", "record_repetition", "record_run"]

_ASSET_JOB_MARK = "__"
_NOT_REPEATED = (RETRY_NUMBER_TAG, RESUME_RETRY_TAG)


def origin_of(pointer: CodePointer) -> str:
    """Return what a run keeps of where its code is: the pointer, absolute, as text."""
    changes = {}
    if hasattr(pointer, "path"):
        changes["path"] = os.path.abspath(pointer.path)
    elif pointer.working_directory is None:
        changes["working_directory"] = os.getcwd()
    values = {name: getattr(pointer, name) for name in pointer.__slots__} | changes
    return encode_pointer(type(pointer)(**values)).decode()


def job_of_run(run: Run, repository: RepositoryDefinition) -> JobDefinition:
    """
    Return the job that a run executes, with the run's selection.

    Raises:
        InvariantViolationError: The definitions have no such job.
    """
    if run.job_name.startswith(_ASSET_JOB_MARK):
        whole = repository.get_implicit_global_asset_job_def()
        if whole.name != run.job_name:
            raise _no_job(run)
    elif not repository.has_job(run.job_name):
        raise _no_job(run)
    else:
        whole = repository.get_job(run.job_name)
    if run.asset_selection is not None or run.asset_check_selection is not None:
        return whole.get_subset(
            asset_selection=set(run.asset_selection or ()), asset_check_selection=run.asset_check_selection
        )
    return whole.get_subset(op_selection=list(run.op_selection)) if run.op_selection else whole


def _no_job(run: Run) -> InvariantViolationError:
    return InvariantViolationError(
        f"The definitions have no job '{run.job_name}', which run '{run.run_id}' executes.",
        mend="look at the names with `orrery job list`; a run of materialize() in a program is repeated by that program.",
    )


def record_run(
    instance: Any,
    job: JobDefinition,
    pointer: CodePointer,
    *,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    partition_key: str | None = None,
    asset_selection: AbstractSet[AssetKey] | None = None,
    check_selection: AbstractSet[AssetCheckKey] | None = None,
) -> Run:
    """
    Record a run of *job* that a launcher can execute, and return it; what can be found wrong is found now.

    Args:
        instance: Where it is recorded.
        job: The job.
        pointer: Where its code is.
        run_config: Run config; the job's own if None.
        tags: Tags beside those of the job.
        partition_key: The partition to run.
        asset_selection: The assets that it makes, if they were selected.
        check_selection: The checks that it evaluates, if they were.

    Raises:
        InvalidConfigError: The run config does not fit.
    """
    run_tags, config = tags_and_config(job, run_config, tags, partition_key, None, instance)
    resolved = resolve_run_config(job, config, os.environ)
    plan = compile_plan(job, resolved)
    resources_for(job)
    run: Run = instance.create_run(
        job_name=job.name,
        run_config=resolved.given,
        tags=run_tags,
        asset_selection=asset_selection,
        asset_check_selection=check_selection,
        job_code_origin=origin_of(pointer),
        run_op_concurrency=pools_of(plan.steps),
    )
    return run


def record_repetition(
    instance: Any, run: Run, options: ReexecutionOptions, repository: RepositoryDefinition, pointer: CodePointer
) -> Run:
    """
    Record a run that repeats another, in whole or in part, and return it.

    Args:
        instance: Where both are recorded.
        run: The run to repeat.
        options: Which of its steps.
        repository: The definitions.
        pointer: Where they are.

    Raises:
        InvariantViolationError: Nothing failed that could be repeated, or the job is gone.
        ExecutionStepNotFoundError: A selection names no step.
    """
    job = job_of_run(run, repository)
    plan = compile_plan(job, resolve_run_config(job, run.run_config, os.environ))
    repetition = decide(plan, options, instance)
    root = run.root_run_id or run.run_id
    made: Run = instance.create_run(
        job_name=run.job_name,
        run_config=run.run_config,
        tags={
            **{key: value for key, value in run.tags.items() if key not in _NOT_REPEATED},
            PARENT_RUN_ID_TAG: run.run_id,
            ROOT_RUN_ID_TAG: root,
        },
        asset_selection=run.asset_selection,
        asset_check_selection=run.asset_check_selection,
        op_selection=run.op_selection,
        step_keys_to_execute=repetition.step_keys,
        parent_run_id=run.run_id,
        root_run_id=root,
        job_code_origin=origin_of(pointer),
        run_op_concurrency=pools_of(_steps_to_repeat(plan, repetition.step_keys)),
    )
    return made


def _steps_to_repeat(plan: ExecutionPlan, step_keys: Sequence[str] | None) -> list[ExecutionStep]:
    """Return the steps of *plan* that a repetition executes; steps that a dynamic output multiplied stand in it once."""
    wanted = None if step_keys is None else {key.partition("[")[0] for key in step_keys}
    return [step for step in plan.steps if wanted is None or step.key.partition("[")[0] in wanted]


def execute_recorded_run(
    instance: Any, run_id: str, *, token: str | None = None, repository: RepositoryDefinition | None = None
) -> bool:
    """
    Execute a recorded run in this process; tell whether it succeeded.

    Args:
        instance: Where it is recorded.
        run_id: The run.
        token: Of the lease with which the launcher held it for this process.
        repository: Its definitions, where they are loaded already.

    Raises:
        RunNotFoundError: There is no such run.
        InvariantViolationError: It has ended.
        RunConflictError: A living process executes it.
    """
    run = instance.get_run_record_by_id(run_id)
    run = None if run is None else run.dagster_run
    if run is None or run.is_finished:
        raise InvariantViolationError(
            f"Run '{run_id}' cannot be executed: it " + ("has ended." if run else "is not recorded."),
            mend="repeat it: orrery runs retry RUN.",
        )
    lease = instance.keeper.take_run(run_id, instead_of=token or None)
    try:
        try:
            job = job_of_run(run, repository if repository is not None else _definitions(run))
            repetition = _repetition(run, job, instance)
        except OrreryError as error:
            _report_not_begun(instance, run, error)
            return False
        result = execute_job_in_process(
            job,
            instance=instance,
            recorded=run,
            in_this_process=False,
            origin=_origin(run),
            keep_values=False,
            raise_on_error=False,
            **repetition,
        )
    except OrreryError as error:
        if not instance.is_run_finished(run_id):
            _report_not_begun(instance, run, error)
        return False
    finally:
        instance.keeper.forget(lease.token)
    return result.success


def carry_out_run(
    instance: Any, run_id: str, *, token: str | None = None, repository: RepositoryDefinition | None = None
) -> bool:
    """
    Execute a recorded run, then submit the retry that is due and launch what waits; tell whether the run succeeded.

    The arguments are those of :func:`execute_recorded_run`.
    """
    try:
        return execute_recorded_run(instance, run_id, token=token, repository=repository)
    finally:
        instance.retry_run_if_due(run_id)
        instance.launch_queued_runs()


def _definitions(run: Run) -> RepositoryDefinition:
    if not isinstance(run.job_code_origin, str):
        raise InvariantViolationError(
            f"Nothing says where the code of job '{run.job_name}' is, which run '{run.run_id}' executes.",
            mend="launch it with `orrery launch`, or record it with job_code_origin=.",
        )
    return load_definitions(decode_pointer(run.job_code_origin.encode()))


def _origin(run: Run) -> JobOrigin | None:
    """Return where the job of a run comes from, for executors that carry steps out in other processes."""
    if not isinstance(run.job_code_origin, str) or run.op_selection:
        return None
    return origin_in_project(
        decode_pointer(run.job_code_origin.encode()),
        None if run.job_name.startswith(_ASSET_JOB_MARK) else run.job_name,
        assets=run.asset_selection,
        checks=run.asset_check_selection,
    )


def _repetition(run: Run, job: JobDefinition, instance: Any) -> dict[str, Any]:
    """Return what of its steps a run executes that repeats another, as options; none for one that executes all."""
    parent = None if run.parent_run_id is None else instance.get_run_by_id(run.parent_run_id)
    if parent is None:
        return {}
    plan: ExecutionPlan = compile_plan(job, resolve_run_config(job, run.run_config, os.environ))
    if run.step_keys_to_execute is not None:
        found = repetition_of(plan, parent, list(run.step_keys_to_execute), past_of(parent, instance))
    elif run.is_resume_retry:
        found = decide(plan, ReexecutionOptions.from_failure(parent.run_id, instance), instance)
    else:
        return {}
    return {"parent_run": found.parent, "step_keys": found.step_keys, "known_outputs": found.known_outputs}


def _report_not_begun(instance: Any, run: Run, error: OrreryError) -> None:
    instance.report_dagster_event(
        build.run_failed(
            run.job_name,
            error_info_from_exception(error),
            reason=RunFailureReason.JOB_INITIALIZATION_FAILURE,
            context_message=str(error.args[0]) if error.args else type(error).__name__,
        ),
        run.run_id,
        "ERROR",
    )
    instance.flush(run.run_id)
