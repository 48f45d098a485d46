"""
The face's side of the hatch: what definitions may ask of the verbs.

See :mod:`orrery.definitions.verbs`. This module is imported at the first use of one of these, and what
does the work only when it is called.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = [
    "asset_value_loader",
    "build_resources",
    "default_executor_def",
    "evaluate_tick",
    "execute_in_process",
    "get_execution_plan",
    "invoke_hook",
    "invoke_instigator",
    "invoke_op",
    "load_asset_value",
    "resolve_run_requests",
]


def _doing(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"orrery.api.verbs.{module}"), name)


def invoke_op(op_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any], assets_def: Any = None) -> Any:
    """Call the function of an op or asset directly."""
    return _doing("invoke", "invoke_op")(op_def, args, kwargs, assets_def)


def invoke_hook(hook_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a hook directly."""
    return _doing("invoke", "invoke_hook")(hook_def, args, kwargs)


def execute_in_process(job_def: Any, **options: Any) -> Any:
    """Run a job in this process."""
    return _doing("execute", "execute_in_process")(job_def, **options)


def get_execution_plan(job_def: Any, **options: Any) -> Any:
    """Compile the plan of a job."""
    return _doing("execute", "plan_of")(job_def, **options)


def default_executor_def() -> Any:
    """Return the executor of jobs that name none."""
    return importlib.import_module("orrery.api.wiring.executors").multi_or_in_process_executor


def load_asset_value(definitions: Any, asset_key: Any, **options: Any) -> Any:
    """Load the stored value of an asset."""
    return _doing("asset_values", "load_asset_value")(definitions, asset_key, **options)


def asset_value_loader(definitions: Any, instance: Any = None) -> Any:
    """Make a loader of stored values that keeps its resources open."""
    return _doing("asset_values", "asset_value_loader")(definitions, instance)


def invoke_instigator(definition: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function of a schedule or sensor directly."""
    return _doing("instigators", "invoke_instigator")(definition, args, kwargs)


def evaluate_tick(definition: Any, context: Any) -> Any:
    """Say what a schedule or sensor wishes."""
    return _doing("instigators", "evaluate_tick")(definition, context)


def resolve_run_requests(sensor: Any, run_requests: Any, context: Any, dynamic_partitions_requests: Any) -> Any:
    """Fill in the tags and run config of the partitions that requests name."""
    return _doing("instigators", "resolve_run_requests")(sensor, run_requests, context, dynamic_partitions_requests)


def build_resources(resources: Any, **options: Any) -> Any:
    """Open resources outside of a run, in a ``with`` block."""
    return _doing("build_resources", "build_resources")(resources, **options)
