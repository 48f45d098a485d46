"""
The short way to find out that nothing changed: no contexts, no list of differences, one look at each fact.

Most steps of most runs are as they were. For those, what was recorded is compared with what is there now, field by field,
and the first that differs ends it: then ``reuse`` takes the whole way, which tells what differs. The short way never says
that a step runs, so both can only agree; the laws of reuse hold them to that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from orrery.base.keys import AssetKey
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.model.events.reuse import InputPart, Provenance, Reason
from orrery.plan.commands import SkipStep
from orrery.plan.decide import LastMade, age_text, current_reason
from orrery.plan.fingerprint.facts import Reach
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.engine.last_made import PresentValues

__all__ = ["Plain", "ShortWay"]

_FRESH_SECONDS = 1.0
"""How long the answer to which values are stored counts, which is asked for all of them at once."""


class Plain(NamedTuple):
    """
    A value that is as good as a new one.

    Attributes:
        key: The asset.
        last: How it was made last.
        told: Why it need not be made, as people read it.
        reasons: The same as data.
    """

    key: AssetKey
    last: LastMade
    told: str
    reasons: tuple[Reason, ...]


class ShortWay:
    """
    Find the steps of one run that need not run, where that is plain.

    Args:
        steps: Those that may be skipped.
        present: How the values were made last.
        reach_of: Gives what the code of a step reaches, and the parts of that code.
        managers: IO managers by key.
        config_of: Gives the config of a step.
        value_of: Tells how a stored value is, where its IO manager cannot tell of many at once.
        partitioned: Assets with partitions: for those, the whole way.
    """

    def __init__(
        self,
        steps: Iterable[ExecutionStep],
        present: PresentValues,
        reach_of: Callable[[ExecutionStep], tuple[Reach, Mapping[str, str]]],
        managers: Mapping[str, Any],
        config_of: Callable[[ExecutionStep], Any],
        value_of: Callable[[ExecutionStep, StepOutput, CachePolicy, str | None], str],
        partitioned: AbstractSet[AssetKey],
    ) -> None:
        self._steps = steps
        self._present = present
        self._reach_of = reach_of
        self._managers = managers
        self._config_of = config_of
        self._value_of = value_of
        self._partitioned = partitioned
        self._formats: dict[str, str | None] = {}
        self._stored: dict[str, AbstractSet[AssetKey] | Mapping[AssetKey, str | None] | None] = {}
        self._looked = -_FRESH_SECONDS
        self._told: dict[tuple[int, str], tuple[str, tuple[Reason, ...]]] = {}

    def skip(self, step: ExecutionStep, policy: CachePolicy) -> SkipStep | None:
        """Return the command to skip the step; None if it has to run, or if that takes the whole way to find out."""
        found = self.find(step, policy)
        if found is None:
            return None
        seconds = None if found.last.provenance is None else found.last.provenance.seconds
        return SkipStep(step, found.told, (), True, found.reasons, seconds)

    def find(self, step: ExecutionStep, policy: CachePolicy) -> Plain | None:
        """Return how the value of the step is; None if it has to run, or if that takes the whole way to find out."""
        if len(step.outputs) != 1 or step.dimensions or policy.always or policy.verify == "digest":
            return None
        (output,) = step.outputs.values()
        key = output.asset_key
        if (
            key is None
            or not output.is_selected
            or output.definition.is_dynamic
            or (self._partitioned and key in self._partitioned)
        ):
            return None
        last = self._present.last(key)
        if last is None or last.provenance is None or last.trouble is not None or last.is_refused:
            return None
        was = last.provenance
        age = time.time() - last.at
        if policy.ttl is not None and age > policy.ttl:
            return None
        if was.salt != policy.salt or was.config or was.resources or self._config_of(step) is not None:
            return None
        if not (self._has_code(step, output, was) and self._has_inputs(step, was.inputs)):
            return None
        if step.op.required_resource_keys or not self._has_format(output, was.format):
            return None
        if last.is_stored and not self._is_stored(step, output, key, policy, last.content):
            return None
        if last.retold is not None:
            reason = current_reason(last, datetime.now(UTC))
            return Plain(key, last, str(reason), (reason,))
        told, reasons = self._current(age, last.run_id)
        return Plain(key, last, told, reasons)

    def _has_code(self, step: ExecutionStep, output: StepOutput, was: Provenance) -> bool:
        declared = output.definition.code_version
        if declared is None:
            declared = step.op.version
        if declared is not None or was.code_version is not None:
            return declared == was.code_version
        reach, code = self._reach_of(step)
        return code == was.code and reach.distributions == was.libraries

    def _has_inputs(self, step: ExecutionStep, was: Mapping[str, InputPart]) -> bool:
        keys = step.input_assets
        version, partitioned = self._present.version, self._partitioned
        for key in keys:
            part = was.get(key.to_user_string())
            if part is None or (partitioned and key in partitioned) or part.version != version(key)[0]:
                return False
        return len(keys) == len(was) or len(set(keys)) == len(was)

    def _has_format(self, output: StepOutput, was: str | None) -> bool:
        name = output.definition.io_manager_key
        if name not in self._formats:
            manager = self._managers.get(name)
            known = None if manager is None else getattr(manager, "format_name", None) or type(manager).__name__
            self._formats[name] = known
        now = self._formats[name]
        return now == was or now is None or was is None

    # -- stored values -------------------------------------------------------------------------

    def _is_stored(
        self, step: ExecutionStep, output: StepOutput, key: AssetKey, policy: CachePolicy, content: str | None
    ) -> bool:
        if policy.verify == "none" or output.definition.dagster_type.is_nothing:
            return True
        there = self.is_there(output, key, content)
        return there if there is not None else self._value_of(step, output, policy, content) in ("present", "unknown")

    def is_there(self, output: StepOutput, key: AssetKey, content: str | None) -> bool | None:
        """
        Tell whether a value is stored, where its IO manager can tell of many at once; None where it cannot.

        Args:
            output: What gives the value.
            key: The asset.
            content: Names the bytes that it has to have; None if that was not noted.
        """
        now = time.monotonic()
        if now - self._looked >= _FRESH_SECONDS:
            self._stored.clear()
            self._looked = now
        name = output.definition.io_manager_key
        if name not in self._stored:
            look = getattr(self._managers.get(name), "stored_assets", None)
            self._stored[name] = None if look is None else look(self._keys_of(name))
        stored = self._stored[name]
        if stored is None:
            return None
        if content is None or not (type(stored) is dict or isinstance(stored, Mapping)):
            return key in stored
        found = stored.get(key, "")
        return found is None or found == content

    def _keys_of(self, manager: str) -> Sequence[AssetKey]:
        """Return the assets whose values an IO manager has, as far as this run may skip them."""
        return [
            output.asset_key
            for step in self._steps
            for output in step.outputs.values()
            if output.asset_key is not None
            and output.definition.io_manager_key == manager
            and not (self._partitioned and output.asset_key in self._partitioned)
        ]

    # -- what is told --------------------------------------------------------------------------

    def _current(self, age: float, run_id: str) -> tuple[str, tuple[Reason, ...]]:
        seconds = round(age) if age >= 1 else 0
        found = self._told.get((seconds, run_id))
        if found is None:
            reason = Reason(kind="current", old=age_text(timedelta(seconds=seconds)), run_id=run_id)
            found = self._told[seconds, run_id] = (str(reason), (reason,))
        return found
