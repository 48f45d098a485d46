"""Definitions of a list, sorted out by kind and name: what stands twice is refused."""

from __future__ import annotations

from typing import Any

from orrery.base.errors import (
    DuplicateDefinitionError,
    InvalidDefinitionError,
    nearest_hint,
)
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.assets.unresolved_asset_job import UnresolvedAssetJobDefinition
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition

__all__ = ["Gathered", "Job"]

Job = JobDefinition | UnresolvedAssetJobDefinition


class Gathered:
    """Definitions of a list, by kind and name."""

    def __init__(self) -> None:
        self.assets: list[Any] = []
        self.jobs: dict[str, Job] = {}
        self.schedules: dict[str, Any] = {}
        self.sensors: dict[str, Any] = {}
        self._seen: set[int] = set()

    def add(self, given: Any) -> None:
        """Take one definition."""
        if isinstance(given, AssetsDefinition | SourceAsset | AssetSpec) or hasattr(given, "resolve_assets"):
            if id(given) not in self._seen:
                self._seen.add(id(given))
                self.assets.append(given)
        elif isinstance(given, JobDefinition | UnresolvedAssetJobDefinition):
            self.add_job(given)
        elif isinstance(given, GraphDefinition):
            self.add_job(given.coerce_to_job())
        elif hasattr(given, "cron_schedule") or hasattr(given, "minimum_interval_seconds") or hasattr(given, "resolve"):
            into = self.sensors if hasattr(given, "minimum_interval_seconds") else self.schedules
            known = self.schedules.get(given.name, self.sensors.get(given.name))
            if known is not None and known is not given:
                raise InvalidDefinitionError(
                    f"Duplicate definition found for {given.name}", mend="give one of them another name."
                )
            into[given.name] = given
            for asset in given.own_assets:
                self.add(asset)
            for job in given.own_jobs:
                self.add_job(job, given)
        else:
            raise InvalidDefinitionError(
                f"{given!r} ({type(given).__name__}) stands among definitions, but is no definition of assets, jobs, "
                "schedules or sensors.",
                mend="decorate the function with @asset, @job, @schedule or @sensor.",
            )

    def add_job(self, job: Any, source: Any = None) -> None:
        """Take one job, maybe from the schedule or sensor *source*."""
        if isinstance(job, GraphDefinition):
            job = job.coerce_to_job()
        known = self.jobs.get(job.name)
        if known is None:
            self.jobs[job.name] = job
        elif known is not job and not _same_graph(known, job):
            where = f", which {type(source).__name__} '{source.name}' targets" if source is not None else ""
            raise DuplicateDefinitionError(
                f"Duplicate job definition found for job '{job.name}'{where}.", mend="give one of them another name."
            )

    def check_targets(self) -> None:
        """Refuse schedules and sensors that name jobs that are not there."""
        for each in (*self.schedules.values(), *self.sensors.values()):
            for name in each.job_names_wanted:
                if name not in self.jobs:
                    raise InvalidDefinitionError(
                        f'{type(each).__name__} "{each.name}" targets job "{name}" which was not found in this '
                        "repository.",
                        mend=nearest_hint(name, self.jobs, noun="job"),
                    )


def _same_graph(one: Any, other: Any) -> bool:
    """Tell whether two jobs were made of one graph without anything else, as ``coerce_to_job`` makes them."""
    return (
        isinstance(one, JobDefinition)
        and isinstance(other, JobDefinition)
        and one._graph is not None
        and one._graph is other._graph
        and not one._resource_defs
        and not other._resource_defs
        and one._config is other._config is None
    )
