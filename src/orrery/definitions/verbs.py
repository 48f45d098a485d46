"""
The hatch: how a definition reaches the verbs.

``job.execute_in_process()``, a direct call of an asset, and the like are written on definitions but
belong to the face. This protocol is the one way up. The face names its module here once
(:mod:`orrery.api.verbs.hatch`); it is imported at the first use. It is the only global of the house.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol, cast

__all__ = ["Verbs", "verbs"]


class Verbs(Protocol):
    """What definitions may ask of the face."""

    def invoke_op(self, op_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any], assets_def: Any = None) -> Any:
        """Call the function of an op or asset directly."""
        ...

    def invoke_hook(self, hook_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function of a hook directly."""
        ...

    def execute_in_process(self, job_def: Any, **options: Any) -> Any:
        """Run a job in this process."""
        ...

    def get_execution_plan(self, job_def: Any, **options: Any) -> Any:
        """Compile the plan of a job."""
        ...

    def load_asset_value(self, definitions: Any, asset_key: Any, **options: Any) -> Any:
        """Load the stored value of an asset."""
        ...

    def asset_value_loader(self, definitions: Any, instance: Any = None) -> Any:
        """Make a loader of stored values that keeps its resources open."""
        ...

    def invoke_instigator(self, definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function of a schedule or sensor directly."""
        ...

    def evaluate_tick(self, definition: Any, context: Any) -> Any:
        """Say what a schedule or sensor wishes."""
        ...

    def resolve_run_requests(
        self, sensor: Any, run_requests: Any, context: Any, dynamic_partitions_requests: Any
    ) -> Any:
        """Fill in the tags and run config of the partitions that requests name."""
        ...

    def default_executor_def(self) -> Any:
        """Return the executor of jobs that name none."""
        ...

    def build_resources(self, resources: Any, **options: Any) -> Any:
        """Open resources outside of a run, in a ``with`` block."""
        ...


_HATCH = "orrery.api.verbs.hatch"
_filled: Verbs | None = None


def verbs() -> Verbs:
    """Return the verbs, importing the face's side of the hatch at the first call."""
    global _filled
    if _filled is None:
        _filled = cast(Verbs, importlib.import_module(_HATCH))
    return _filled
