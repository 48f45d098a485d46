"""
The executor of warm worker processes on this machine, as config asks for it; it is carried out by ``worker_pool``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.adapters.executors.schemas import (
    MAX_CONCURRENT,
    RETRIES,
    STEP_DEPENDENCIES,
    TAG_LIMITS,
    max_concurrent_of,
    retries_of,
    tag_limits_of,
)
from orrery.definitions.parts.executor import ExecutorDefinition, multiple_process_executor_requirements
from orrery.model.config.schema import Field, Selector
from orrery.runtime.engine.executor import Executor

__all__ = ["MULTIPROCESS_CONFIG", "create", "multiprocess_executor"]

MULTIPROCESS_CONFIG = Field(
    {
        "max_concurrent": MAX_CONCURRENT,
        "tag_concurrency_limits": TAG_LIMITS,
        "start_method": Field(
            Selector(
                {
                    "spawn": Field({}, is_required=False),
                    "forkserver": Field({"preload_modules": Field([str], is_required=False)}, is_required=False),
                }
            ),
            is_required=False,
            description="How worker processes are made: forked from one that has imported the job (forkserver, the "
            "default), or each as a fresh interpreter (spawn).",
        ),
        "retries": RETRIES,
        "step_dependency_config": STEP_DEPENDENCIES,
    },
    description="Execute steps in worker processes.",
)
"""Config of :data:`multiprocess_executor`."""


def create(init_context: Any, config: Mapping[str, Any]) -> Executor:
    """Return the executor that *config* asks for."""
    # Only runs that start workers pay for what that needs: sockets, processes, their messages.
    from orrery.adapters.executors.worker_pool import MultiprocessExecutor

    method = config.get("start_method") or {}
    return MultiprocessExecutor(
        init_context.origin,
        max_concurrent=max_concurrent_of(config),
        retries=retries_of(config),
        tag_limits=tag_limits_of(config),
        may_fork="spawn" not in method,
        preload_modules=(method.get("forkserver") or {}).get("preload_modules") or (),
    )


multiprocess_executor = ExecutorDefinition(
    "multiprocess",
    config_schema=MULTIPROCESS_CONFIG,
    requirements=multiple_process_executor_requirements(),
    executor_creation_fn=lambda init_context: create(init_context, init_context.executor_config or {}),
    description="Execute steps in worker processes.",
)
"""Execute steps in warm worker processes; config ``max_concurrent``, ``tag_concurrency_limits``, ``start_method``, ``retries``."""
