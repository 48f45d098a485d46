"""
What a run may use again, and which of several policies speaks for a step.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_spec import DEFAULT_GROUP_NAME
from orrery.definitions.parts.cache_policy import CachePolicy, policies_in_settings, policy_in, policy_of_groups
from orrery.plan.step import ExecutionStep

__all__ = ["Policies", "Reuse"]


class Reuse(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a run may use again.

    Attributes:
        policy: For assets that have none of their own; None if those always run.
        is_default: Whether the user said only that values may be used: any policy goes before that one.
        forced: Assets that run whatever their policy says.
        force_all: Whether all do.
    """

    policy: CachePolicy | None = None
    is_default: bool = False
    forced: frozenset[AssetKey] = frozenset()
    force_all: bool = False


class Policies:
    """
    Answer for one run.

    Args:
        run: The run.
        instance: Whose settings count last.
        reuse: What may be used again; None if everything that was asked for runs.
    """

    def __init__(self, run: Any, instance: Any, reuse: Reuse | None) -> None:
        self._reuse = reuse
        self._of_job = policy_in(run.tags)
        self._settings = policies_in_settings(instance.get_settings("cache"))

    def of(self, step: ExecutionStep) -> CachePolicy | None:
        """
        Return the policy that speaks nearest of the step.

        Of the asset itself, its group, the job, the run if it has one of its own, the project, the settings of the instance;
        a run that only says that values may be used again has the last word.
        """
        tags = step.tags if step.is_whole_asset or step.assets_def is None else step.assets_def._node_def.tags
        own = policy_in(tags) if tags else None
        if own is not None:
            return own
        group, project = step.assets_def._policies_around if step.assets_def is not None else (None, None)
        said = group or self._of_job
        if said is not None:
            return said
        of_run = self._reuse.policy if self._reuse is not None else None
        if of_run is not None and self._reuse is not None and not self._reuse.is_default:
            return of_run
        return project or (self._in_settings(step) if self._settings is not None else None) or of_run

    def _in_settings(self, step: ExecutionStep) -> CachePolicy | None:
        settings = self._settings
        if settings is None:
            return None
        specs = step.assets_def._specs_by_key if step.assets_def is not None else {}
        made = [each.asset_key for each in step.outputs.values() if each.asset_key in specs and each.is_selected]
        return policy_of_groups(settings.groups.get(specs[key].group_name or DEFAULT_GROUP_NAME) for key in made) or (
            settings.default
        )
