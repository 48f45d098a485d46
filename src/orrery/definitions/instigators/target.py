"""What a schedule or sensor aims at: a job, the name of one, or a selection of assets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError, OrreryError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition, define_asset_job
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.model.assets.selection import AssetSelection

__all__ = ["ANONYMOUS_JOB_PREFIX", "AutomationTarget", "Job", "only_one", "target_of"]

ANONYMOUS_JOB_PREFIX = "__anonymous_asset_job"

Job = JobDefinition | UnresolvedAssetJobDefinition


class AutomationTarget:
    """
    What a schedule or sensor aims at.

    Attributes:
        job: The job, or None if only its name is known.
        job_name: Name of the job.
        assets_defs: Definitions of assets that were given as the target themselves.
    """

    __slots__ = ("assets_defs", "job", "job_name")

    def __init__(self, job: Job | str, assets_defs: Sequence[Any] = ()) -> None:
        self.job = None if isinstance(job, str) else job
        self.job_name = job if isinstance(job, str) else job.name
        self.assets_defs = list(assets_defs)

    @property
    def resolvable_to_job(self) -> Job | str:
        """Return the job, or its name."""
        return self.job if self.job is not None else self.job_name

    @property
    def job_def(self) -> Job:
        """
        Return the job.

        Raises:
            InvalidDefinitionError: Only its name is known.
        """
        if self.job is None:
            raise InvalidDefinitionError(f"Only the name of job '{self.job_name}' is known here.")
        return self.job

    @property
    def has_job_def(self) -> bool:
        """Tell whether the job itself is known."""
        return self.job is not None

    @property
    def is_anonymous(self) -> bool:
        """Tell whether the job was made up for a selection of assets."""
        return self.job_name.startswith(ANONYMOUS_JOB_PREFIX)

    @staticmethod
    def from_coercible(target: Any, automation_name: str | None = None) -> AutomationTarget:
        """
        Return what *target* means.

        Args:
            target: A target, a job, a graph, or what an asset selection can be made of.
            automation_name: Name of the schedule or sensor, for the job that is made up.

        Raises:
            InvalidDefinitionError: *target* is something else.
        """
        if isinstance(target, AutomationTarget):
            return target
        if isinstance(target, GraphDefinition):
            return AutomationTarget(target.coerce_to_job())
        if isinstance(target, JobDefinition | UnresolvedAssetJobDefinition):
            return AutomationTarget(target)
        if automation_name is None:
            raise InvalidDefinitionError(
                "A schedule or sensor whose target are assets needs a name.", mend="give name='...'."
            )
        single = isinstance(target, AssetsDefinition | SourceAsset | AssetKey)
        given = [target] if single else target
        try:
            selection = AssetSelection.from_coercible(given)
        except OrreryError as error:
            raise InvalidDefinitionError(
                f"The target of '{automation_name}' is {target!r}, which is neither a job nor assets.",
                mend="give a job, an asset selection, or a list of assets.",
            ) from error
        assets = (
            [each for each in given if isinstance(each, AssetsDefinition | SourceAsset)]
            if isinstance(given, list | tuple)
            else []
        )
        return AutomationTarget(
            define_asset_job(f"{ANONYMOUS_JOB_PREFIX}_{automation_name}", selection=selection), assets
        )

    def __repr__(self) -> str:
        return f"AutomationTarget({self.job_name!r})"


def only_one(owner: str, **given: Any) -> None:
    """
    Refuse more than one of several arguments.

    Raises:
        InvalidDefinitionError: Two were given.
    """
    present = [name for name, value in given.items() if value is not None]
    if len(present) > 1:
        shown = ", ".join(f"'{each}'" for each in given)
        raise InvalidDefinitionError(
            f"Attempted to provide more than one of {shown} params to {owner}: {' and '.join(present)}. Must provide "
            "only one.",
            mend=f"leave all but one out: {', '.join(present)}.",
        )


def target_of(job: Any) -> AutomationTarget:
    """
    Return a job as a target.

    Raises:
        InvalidDefinitionError: *job* is none.
    """
    if not isinstance(job, JobDefinition | UnresolvedAssetJobDefinition | GraphDefinition):
        raise InvalidDefinitionError(f"{job!r} ({type(job).__name__}) is given as a job, but is none.")
    return AutomationTarget.from_coercible(job)


def own_jobs(targets: Iterable[AutomationTarget]) -> list[Job]:
    """Return the jobs among *targets* that are more than a name."""
    return [each.job for each in targets if each.job is not None]
