"""
The executor that run config chooses: in this process, or in worker processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.adapters.executors import in_process, multiprocess
from orrery.definitions.parts.executor import (
    ExecutorDefinition,
    ExecutorRequirement,
    multiple_process_executor_requirements,
)
from orrery.model.config.schema import Field, Selector
from orrery.runtime.engine.executor import Executor

__all__ = ["multi_or_in_process_executor"]


def _requirements(config: Any) -> Sequence[ExecutorRequirement]:
    return [] if "in_process" in (config or {}) else multiple_process_executor_requirements()


def _create(init_context: Any) -> Executor:
    config = init_context.executor_config or {}
    if "in_process" in config:
        return in_process.create(config["in_process"] or {})
    return multiprocess.create(init_context, config.get("multiprocess") or {})


multi_or_in_process_executor = ExecutorDefinition(
    "multi_or_in_process_executor",
    config_schema=Field(
        Selector({"multiprocess": multiprocess.MULTIPROCESS_CONFIG, "in_process": in_process.IN_PROCESS_CONFIG}),
        is_required=False,
        default_value={"multiprocess": {}},
    ),
    requirements=_requirements,
    executor_creation_fn=_create,
    description="Execute steps in worker processes, or all in this process, as run config says.",
)
"""Execute steps in worker processes; or in this one, under the config ``in_process: {}``."""
