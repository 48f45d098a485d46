"""
The seam of step launchers: whoever carries single steps of a run out somewhere else.

A launcher is a resource. A step that requires it is handed over with its context; what comes back are its events. The
step may be told to another process as a reference (``api/verbs/step_launching.py``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from orrery.model.events.event import Event

__all__ = ["StepLauncher"]


class StepLauncher(ABC):
    """
    Carry steps out elsewhere: every step that requires this resource is handed to it, instead of being called here.

    Example::

        class OnTheCluster(StepLauncher):
            def launch_step(self, step_context):
                reference = step_context_to_step_run_ref(step_context)
                yield from submit_and_follow(pickle.dumps(reference))
    """

    @abstractmethod
    def launch_step(self, step_context: Any) -> Iterator[Event]:
        """
        Carry one attempt at a step out, and yield its events as they come.

        The last event says how the attempt ended: success, failure, or up for retry. A launcher that ends without one,
        or raises, makes the step fail.

        Args:
            step_context: The :class:`StepExecutionContext` of the attempt.
        """
