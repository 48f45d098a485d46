"""
Which partitions that were made are out of date, by what is recorded of them: as ``--reuse`` decides in a run.

Two questions are answered. Whether something else than its inputs changed (code, libraries, config, resources, format) since a
partition was made; and, of those that are older than what they need, whether what they need is still what it was. Sources that
have a probe are looked at before.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from orrery.api.verbs.plan import deciding
from orrery.base.keys import AssetKey
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.reuse import InputPart
from orrery.plan.step import ExecutionStep
from orrery.runtime.engine.decisions import Decisions
from orrery.runtime.engine.judged import judged, unchanged
from orrery.runtime.engine.policies import Reuse
from orrery.runtime.instance.instance import Instance

__all__ = ["STALE_REUSE", "StaleJudge", "judging"]

STALE_REUSE = Reuse(policy=CachePolicy(), is_default=True)
"""By which it is decided what is out of date, before a backfill and in each of its runs."""

_AT_ONCE = 5_000


class StaleJudge:
    """
    Says of partitions that were made whether they are out of date.

    Args:
        steps: For each asset what decides about it, and its step.
    """

    def __init__(self, steps: Mapping[AssetKey, tuple[Decisions, ExecutionStep]]) -> None:
        self._steps = steps

    def judged(self, key: AssetKey, partitions: Collection[str]) -> Mapping[str, bool]:
        """
        Tell of partitions whether they are out of date for another reason than their inputs.

        Those of which nothing is recorded are left out. "" stands for an asset without partitions.
        """
        known = self._steps.get(key)
        found: dict[str, bool] = {}
        if known is not None:
            decides, step = known
            for some in _portions(partitions):
                found.update({each or "": is_old for each, is_old in judged(decides, step, some).items()})
        return found

    def unchanged(self, key: AssetKey, partitions: Collection[str]) -> set[str]:
        """Return those whose inputs, too, are what they were, though they are newer."""
        known = self._steps.get(key)
        found: set[str] = set()
        if known is not None:
            decides, step = known
            for some in _portions(partitions):
                found.update(each or "" for each in unchanged(decides, step, some))
        return found

    def recorded(self, key: AssetKey, partition: str) -> Mapping[str, InputPart]:
        """Return what a partition took of each input when it was made last; nothing where that is not recorded."""
        known = self._steps.get(key)
        last = None if known is None else known[0].present.last(key, partition or None)
        return {} if last is None or last.provenance is None else last.provenance.inputs

    def look_at(self, taken: Mapping[AssetKey, Collection[str] | None]) -> dict[AssetKey, set[str]]:
        """
        Look at those of these sources that have a probe, and go by what is seen.

        Args:
            taken: The partitions that values are taken from; None of a source without partitions.

        Returns:
            What may have changed since it was seen last, by source; "" stands for one without partitions.

        Raises:
            ProbeFailedError: A probe failed.
        """
        found: dict[AssetKey, set[str]] = {}
        for decides in {id(each): each for each, _ in self._steps.values()}.values():
            sources = {key for _, _, key in decides.takes_from_sources() if key in taken}
            wanted = {key: None if (some := taken[key]) is None else tuple(some) for key in sources}
            for seen in decides.look_at(wanted, unseen="unseen"):
                found.setdefault(seen.key, set()).add(seen.partition or "")
                if seen.trouble is not None:
                    warnings.warn(seen.trouble, stacklevel=2)
        return found


def _portions(partitions: Collection[str]) -> Iterator[Sequence[str | None]]:
    ordered = [each or None for each in partitions]
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


@contextmanager
def judging(
    groups: Collection[Sequence[AssetKey]],
    job_of: Callable[[Sequence[AssetKey]], JobDefinition],
    instance: Instance,
    run_config: Mapping[str, Any] | None,
) -> Iterator[StaleJudge]:
    """
    Give a judge of the assets of a backfill; their IO managers are open while the block runs.

    Args:
        groups: Assets that would be made in the same runs.
        job_of: Gives the job that makes some assets.
        instance: Where earlier runs are recorded.
        run_config: Run config of the backfill.

    Raises:
        InvalidConfigError: The run config does not fit.
    """
    steps: dict[AssetKey, tuple[Decisions, ExecutionStep]] = {}
    with ExitStack() as stack:
        for keys in groups:
            decides, _ = stack.enter_context(deciding(job_of(keys), instance, STALE_REUSE, run_config))
            for step in decides.plan.steps:
                for output in step.outputs.values():
                    if output.asset_key is not None and output.check_spec is None and output.is_selected:
                        steps[output.asset_key] = (decides, step)
        yield StaleJudge(steps)
