"""The plan of a run: its steps in order, and how they depend on one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import ExecutionStepNotFoundError, nearest_hint
from orrery.base.keys import AssetKey
from orrery.plan.run_config import ResolvedRunConfig
from orrery.plan.step import ExecutionStep

__all__ = ["ExecutionPlan"]


class ExecutionPlan:
    """
    The steps of a run in topological order.

    Attributes:
        job: The job that it was compiled from.
        resolved_run_config: The run config, checked and with defaults.
        step_dict: All steps by key.
        step_keys_to_execute: The steps that this run executes, in order.
        mapped_keys_to_execute: For steps that a dynamic output multiplies, and of which only some are
            executed again: the keys of those, by the key of the step in the plan.
        parent_run_id: The run whose values are used for steps that are not executed again.
        kept: What others found out of the steps, by name; plans that execute the very same steps share it.
    """

    __slots__ = (
        "job",
        "kept",
        "mapped_keys_to_execute",
        "parent_run_id",
        "resolved_run_config",
        "step_dict",
        "step_keys_to_execute",
    )

    def __init__(
        self,
        job: Any,
        steps: Iterable[ExecutionStep],
        resolved_run_config: ResolvedRunConfig,
        step_keys_to_execute: Sequence[str] | None = None,
        parent_run_id: str | None = None,
        kept: dict[str, Any] | None = None,
    ) -> None:
        self.job = job
        self.kept: dict[str, Any] = {} if kept is None else kept
        self.step_dict: dict[str, ExecutionStep] = {step.key: step for step in steps}
        self.resolved_run_config = resolved_run_config
        self.parent_run_id = parent_run_id
        self.mapped_keys_to_execute: Mapping[str, AbstractSet[str]] = {}
        self.step_keys_to_execute: list[str] = (
            list(self.step_dict) if step_keys_to_execute is None else self._checked(step_keys_to_execute)
        )

    def _checked(self, keys: Sequence[str]) -> list[str]:
        wanted: dict[str, set[str]] = {}
        for key in keys:
            template = key.partition("[")[0]
            if template not in self.step_dict:
                raise ExecutionStepNotFoundError(
                    f"Can not build subset plan from unknown step: {key}",
                    mend=nearest_hint(key, self.step_dict, noun="step"),
                    step_keys=[key],
                )
            wanted.setdefault(template, set()).add(key)
        self.mapped_keys_to_execute = {
            template: each for template, each in wanted.items() if template not in each and f"{template}[?]" not in each
        }
        return [key for key in self.step_dict if key in wanted]

    @property
    def job_name(self) -> str:
        """Return the name of the job."""
        name: str = self.job.name
        return name

    @property
    def steps(self) -> list[ExecutionStep]:
        """Return the steps that are executed, in order."""
        return [self.step_dict[key] for key in self.step_keys_to_execute]

    def get_steps(self) -> list[ExecutionStep]:
        """
        Return the steps that are executed, in topological order.

        Each has a ``key``, ``inputs`` and ``outputs`` by name.
        """
        return self.steps

    def __iter__(self) -> Iterator[ExecutionStep]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.step_keys_to_execute)

    @property
    def step_keys(self) -> list[str]:
        """Return the keys of all steps."""
        return list(self.step_dict)

    def get_step_by_key(self, key: str) -> ExecutionStep:
        """
        Return the step.

        Raises:
            ExecutionStepNotFoundError: There is none of this key.
        """
        try:
            return self.step_dict[key]
        except KeyError:
            raise ExecutionStepNotFoundError(
                f"Execution plan does not contain step '{key}'",
                mend=nearest_hint(key, self.step_dict, noun="step"),
                step_keys=[key],
            ) from None

    def has_step(self, key: str) -> bool:
        """Tell whether there is a step of this key."""
        return key in self.step_dict

    def get_all_steps_in_topo_order(self) -> list[ExecutionStep]:
        """Return all steps, each after those it depends on."""
        return list(self.step_dict.values())

    def get_all_step_deps(self) -> Mapping[str, AbstractSet[str]]:
        """Return, for each step, the steps that come before it."""
        return {key: set(step.parent_keys) for key, step in self.step_dict.items()}

    def get_steps_to_execute_by_level(self) -> list[list[ExecutionStep]]:
        """Return the steps that are executed by level: each one below the lowest of its parents."""
        level: dict[str, int] = {}
        found: list[list[ExecutionStep]] = []
        for step in self.steps:
            at = max((level[key] + 1 for key in step.parent_keys if key in level), default=0)
            level[step.key] = at
            if at == len(found):
                found.append([])
            found[at].append(step)
        return found

    def build_subset_plan(self, step_keys_to_execute: Sequence[str]) -> ExecutionPlan:
        """Return the plan that executes only these steps."""
        return ExecutionPlan(
            self.job, self.step_dict.values(), self.resolved_run_config, step_keys_to_execute, self.parent_run_id
        )

    @property
    def asset_keys(self) -> list[AssetKey]:
        """Return the assets that the steps make, in order."""
        return [
            output.asset_key
            for step in self.steps
            for output in step.outputs.values()
            if output.asset_key is not None and output.is_selected
        ]

    def __repr__(self) -> str:
        return f"ExecutionPlan({self.job_name!r}, {len(self.step_keys_to_execute)} steps)"
