"""The verbs that run things, under the path that documents name."""

from __future__ import annotations

from typing import Any

from dagster._elsewhere import public_names_at
from orrery.api.verbs.materialize import materialize
from orrery.plan.compile import create_execution_plan

__all__ = ["create_execution_plan", "execute_in_process", "materialize"]

__getattr__ = public_names_at(__name__)


def execute_in_process(job: Any, **options: Any) -> Any:
    """Run *job* in this process; see ``JobDefinition.execute_in_process``."""
    return job.execute_in_process(**options)
