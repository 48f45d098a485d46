"""The contexts of runs and steps, under the path that documents name."""

from __future__ import annotations

from orrery.runtime.contexts.plan import PlanOrchestrationContext
from orrery.runtime.contexts.step import StepExecutionContext

__all__ = ["PlanOrchestrationContext", "StepExecutionContext"]
