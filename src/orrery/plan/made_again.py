"""
Which steps of a run under way make values again that were found damaged, and which wait for them.

Pure: part of the state machine of ``active.py``, which opens and launches the steps. A value that a load finds missing or
damaged is made again where its step was skipped as current: the step that wanted it asks for that, once for each producer,
and is launched again after it, with no attempt counted.

What was skipped below such a step was decided on the value that is gone. It is *held*: decided anew when that step has ended,
and what follows waits for it - as long as nothing has loaded its value meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from orrery.plan.step import ExecutionStep

__all__ = ["MakingAgain"]


class MakingAgain:
    """
    What a run knows of values that are made again.

    Attributes:
        reused: The steps that were skipped because their stored values are as good as new ones; each with whether that
            still stands, or the step was opened again.
        to_launch: The steps that are to be launched again, with no attempt counted.
        held: The steps that were skipped, and are going to be decided anew.
    """

    __slots__ = ("_asked", "_found", "_times", "held", "reused", "to_launch")

    def __init__(self) -> None:
        self.reused: dict[str, bool] = {}
        self.to_launch: set[str] = set()
        self.held: set[str] = set()
        self._found: dict[str, tuple[str, ...]] = {}
        self._asked: set[tuple[str, str]] = set()
        self._times: dict[str, int] = {}

    def may(self, step_key: str, producer_key: str) -> bool:
        """
        Tell whether a step that finds a stored value damaged may have it made again, and be tried again then.

        It may where the value is that of a step that was skipped, and only once: what is damaged again is an error.
        """
        return producer_key in self.reused and (step_key, producer_key) not in self._asked

    def allowed(self, step: ExecutionStep) -> tuple[str, ...]:
        """Return the parents of a step that :meth:`may` allows to be made again."""
        if not self.reused:
            return ()
        return tuple(key for key in step.parent_keys if self.may(step.key, key))

    def times(self, step_key: str) -> int:
        """Return how often a step was to be launched again with no attempt counted."""
        return self._times.get(step_key, 0)

    def note_found(self, step_key: str, producers: tuple[str, ...]) -> None:
        """Note whose values a step has found damaged; it is going to end, to be tried again."""
        self._found[step_key] = producers

    def found_by(self, step_key: str) -> tuple[str, ...]:
        """Return whose values a step that has ended had found damaged, and forget it."""
        return self._found.pop(step_key, ()) if self._found else ()

    def ask(self, step_key: str, producers: Iterable[str]) -> list[str]:
        """Note that a step waits for values to be made again; return the steps to open, if nobody asked for them before."""
        self.to_launch.add(step_key)
        self._times[step_key] = self._times.get(step_key, 0) + 1
        opened = []
        for producer in producers:
            self._asked.add((step_key, producer))
            if self.reopen(producer):
                opened.append(producer)
        return opened

    def reopen(self, producer_key: str) -> bool:
        """Note that a step which was skipped runs after all; tell whether it was, and nobody had asked for it before."""
        if not self.reused.get(producer_key):
            return False
        self.reused[producer_key] = False
        return True

    def hold(
        self,
        opened: Iterable[str],
        children: Mapping[str, Sequence[str]],
        can_be: Callable[[str], bool],
        is_untouched: Callable[[str], bool],
    ) -> list[str]:
        """
        Return the steps below *opened* that were skipped and can be decided anew; they are held from now on.

        One of which something has loaded the value, or may be doing so, stays skipped: it was decided for good.

        Args:
            opened: The steps that are opened again.
            children: The steps that take from each step.
            can_be: Tells whether a step is one that is decided about by itself.
            is_untouched: Tells whether a step was not handed out yet, or is going to be launched from its beginning.
        """
        found: list[str] = []
        reached = list(opened)
        while reached:
            for key in children.get(reached.pop(), ()):
                if not self.reused.get(key) or key in self.held or not can_be(key):
                    continue
                if all(self.reused.get(below) or is_untouched(below) for below in children.get(key, ())):
                    self.held.add(key)
                    found.append(key)
                    reached.append(key)
        return found
