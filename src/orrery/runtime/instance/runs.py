"""
Runs of an instance: making their records.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidInvocationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.tags import normalize_run_tags
from orrery.model.records.run import Run, RunStatus
from orrery.model.records.run_pools import RunOpConcurrency

__all__ = ["make_run", "run_of_job"]


def make_run(
    *,
    job_name: str,
    run_id: str | None = None,
    run_config: Mapping[str, Any] | None = None,
    status: RunStatus | str | None = None,
    tags: Mapping[str, Any] | None = None,
    root_run_id: str | None = None,
    parent_run_id: str | None = None,
    step_keys_to_execute: Sequence[str] | None = None,
    asset_selection: AbstractSet[AssetKey] | None = None,
    asset_check_selection: AbstractSet[AssetCheckKey] | None = None,
    resolved_op_selection: AbstractSet[str] | None = None,
    op_selection: Sequence[str] | None = None,
    remote_job_origin: Any = None,
    job_code_origin: Any = None,
    job_snapshot_id: str | None = None,
    execution_plan_snapshot_id: str | None = None,
    has_repository_load_data: bool = False,
    run_op_concurrency: RunOpConcurrency | None = None,
) -> Run:
    """Return a run that is not yet recorded; it gets an id (a UUID) if none is given."""
    return Run(
        job_name=job_name,
        run_id=run_id or str(uuid.uuid4()),
        run_config=run_config or {},
        asset_selection=None if asset_selection is None else frozenset(asset_selection),
        asset_check_selection=None if asset_check_selection is None else frozenset(asset_check_selection),
        op_selection=op_selection,
        resolved_op_selection=None if resolved_op_selection is None else frozenset(resolved_op_selection),
        step_keys_to_execute=step_keys_to_execute,
        status=RunStatus(status) if isinstance(status, str) else status or RunStatus.NOT_STARTED,
        tags=normalize_run_tags(tags),
        root_run_id=root_run_id,
        parent_run_id=parent_run_id,
        job_snapshot_id=job_snapshot_id,
        execution_plan_snapshot_id=execution_plan_snapshot_id,
        remote_job_origin=remote_job_origin,
        job_code_origin=job_code_origin,
        has_repository_load_data=has_repository_load_data,
        run_op_concurrency=run_op_concurrency,
    )


def run_of_job(job_def: Any, execution_plan: Any = None, **options: Any) -> Run:
    """
    Return a run of *job_def* that is not yet recorded.

    Args:
        job_def: A job definition; only its name, tags and selection are read.
        execution_plan: Its plan, if it runs only some steps.
        options: As for :func:`make_run`.
    """
    name = getattr(job_def, "name", None)
    if not isinstance(name, str):
        raise InvalidInvocationError(
            f"A run is made of a job definition, not of {job_def!r} ({type(job_def).__name__}).",
            mend="give the job, for example defs.get_job_def('name').",
        )
    tags = {**getattr(job_def, "run_tags", getattr(job_def, "tags", {})), **(options.pop("tags", None) or {})}
    if execution_plan is not None:
        options.setdefault("step_keys_to_execute", list(execution_plan.step_keys_to_execute))
    for name_of_selection in ("asset_selection", "op_selection"):
        if options.get(name_of_selection) is None:
            options[name_of_selection] = getattr(job_def, name_of_selection, None) or None
    return make_run(job_name=name, tags=tags, **options)
