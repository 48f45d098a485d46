"""The contexts of runs and steps, under the path that documents name."""

from __future__ import annotations

from dagster._elsewhere import public_names_at
from orrery.runtime.contexts.plan import PlanOrchestrationContext
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = ["PlanOrchestrationContext", "StepExecutionContext"]

__getattr__ = public_names_at(__name__)
