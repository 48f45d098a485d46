"""
Where the value of a step's input comes from.

Each kind is a small value. A source that names steps says so in ``step_keys``; in a plan with dynamic
outputs these are the keys of steps as they stand in the plan, before they are multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from orrery.base.keys import AssetKey

__all__ = [
    "FromAsset",
    "FromCollect",
    "FromConfig",
    "FromDefault",
    "FromDirectValue",
    "FromInputManager",
    "FromNothing",
    "FromSeveral",
    "FromStepOutput",
    "InputSource",
    "StepOutputHandle",
    "leaves",
]


class StepOutputHandle(msgspec.Struct, frozen=True):
    """
    Name one output that a step gave.

    Attributes:
        step_key: The step.
        output_name: Its output.
        mapping_key: Which of a dynamic output, or None.
    """

    step_key: str
    output_name: str = "result"
    mapping_key: str | None = None


class FromStepOutput(msgspec.Struct, frozen=True, gc=False):
    """
    The output of a step of the plan.

    Attributes:
        step_key: The step.
        output_name: Its output.
        mapping_key: Which of a dynamic output, once it is known.
    """

    step_key: str
    output_name: str
    mapping_key: str | None = None

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before."""
        return (self.step_key,)

    @property
    def step_output_handle(self) -> StepOutputHandle:
        """Return the output that is loaded."""
        return StepOutputHandle(self.step_key, self.output_name, self.mapping_key)


class FromAsset(msgspec.Struct, frozen=True, gc=False):
    """The stored value of an asset that this plan does not make."""

    asset_key: AssetKey

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromConfig(msgspec.Struct, frozen=True):
    """
    A value given in run config, through the loader of the input's type.

    Attributes:
        path: Where it stands below ``ops``: names of nodes; none for an input of the job.
        input_name: The input there.
    """

    path: tuple[str, ...]
    input_name: str

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromDefault(msgspec.Struct, frozen=True):
    """The default value of the input."""

    value: Any

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromDirectValue(msgspec.Struct, frozen=True):
    """A value that was handed over with the job, for an input of its graph."""

    input_name: str

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromInputManager(msgspec.Struct, frozen=True):
    """What the input's own manager loads, with nothing upstream."""

    manager_key: str
    path: tuple[str, ...]
    input_name: str

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromNothing(msgspec.Struct, frozen=True):
    """No value: the input only sets an order, and nothing in this plan comes before."""

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before: none."""
        return ()


class FromSeveral(msgspec.Struct, frozen=True):
    """A list of values, each from a source of its own."""

    sources: tuple[Any, ...]

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before."""
        return tuple(dict.fromkeys(key for each in self.sources for key in each.step_keys))


class FromCollect(msgspec.Struct, frozen=True):
    """
    All values of a dynamic output, or of a step that was mapped over one, as a list.

    Attributes:
        step_key: The step, as it stands in the plan.
        output_name: Its output.
        handles: The outputs, once they are known.
    """

    step_key: str
    output_name: str
    handles: tuple[StepOutputHandle, ...] | None = None

    @property
    def step_keys(self) -> tuple[str, ...]:
        """Return the steps that must come before."""
        if self.handles is not None:
            return tuple(dict.fromkeys(each.step_key for each in self.handles))
        return (self.step_key,)


InputSource: TypeAlias = (
    FromStepOutput
    | FromAsset
    | FromConfig
    | FromDefault
    | FromDirectValue
    | FromInputManager
    | FromNothing
    | FromSeveral
    | FromCollect
)


def leaves(source: InputSource) -> Sequence[InputSource]:
    """Return the sources of single values that *source* is made of, in order: itself, if it is no list."""
    if type(source) is not FromSeveral:
        return (source,)
    return [leaf for each in source.sources for leaf in leaves(each)]
