"""
How the stored value of an output is, as its IO manager tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orrery.base.errors import DamagedValueError, ValueNotFoundError
from orrery.base.keys import AssetKey
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.plan.step import ExecutionStep, StepOutput
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.spoken_of import AssetsSpokenOf

__all__ = ["StoredState"]


class StoredState:
    """
    Answer for one run.

    Args:
        run: The run.
        managers: IO managers by key.
        assets: The assets of the run.
        is_there: Tells whether a value is stored, where its IO manager can tell of many at once; None where it cannot.
    """

    def __init__(
        self,
        run: Any,
        managers: Mapping[str, Any],
        assets: AssetsSpokenOf,
        is_there: Callable[[StepOutput, AssetKey], bool | None],
    ) -> None:
        self._run = run
        self._managers = managers
        self._assets = assets
        self._is_there = is_there

    def of(
        self, step: ExecutionStep, context: StepExecutionContext, output: StepOutput, policy: CachePolicy | None
    ) -> str:
        """Return how the stored value is: ``present``, ``missing``, ``damaged: how``, ``unknown``."""
        if policy is None or policy.verify == "none" or output.definition.dagster_type.is_nothing:
            return "unknown"
        key = output.asset_key
        if policy.verify == "exists" and key is not None and self._assets.partitions_def_of(key) is None:
            there = self._is_there(output, key)
            if there is not None:
                return "present" if there else "missing"
        manager = self._managers.get(output.definition.io_manager_key)
        look = getattr(manager, "has_output", None) or getattr(manager, "has_value", None)
        if look is None:
            return "unknown"
        definition = output.definition
        described = OutputContext(
            step.key,
            output.name,
            self._run.job_name,
            self._run.run_id,
            definition.raw_metadata,
            None,
            context.op_entry.outputs.get(output.name) if context.op_entry.outputs else None,
            definition.dagster_type,
            step_context=context,
            op_def=step.op,
            asset_key=output.asset_key,
            manager_key=definition.io_manager_key,
        )
        if not look(described):
            return "missing"
        check = getattr(manager, "check_output", None)
        if policy.verify == "digest" and check is not None:
            try:
                check(described)
            except DamagedValueError as error:
                return f"damaged: {error.args[0] if error.args else error}"
            except ValueNotFoundError:
                return "missing"
        return "present"
