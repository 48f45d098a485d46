"""What calls inside of a composition give and take: outputs of nodes and inputs of the graph, which have no value yet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError

__all__ = [
    "CollectedHandle",
    "DynamicHandle",
    "GraphInputHandle",
    "Handles",
    "OutputHandle",
    "named_handles",
    "user_line",
    "wrap_dynamic",
]


_MAP = "map a function over it, or collect it."
_OWN_FILES = ("/orrery/definitions/", "/orrery/plan/")


def user_line() -> str:
    """Return `` (file, line n)`` of the innermost frame outside Orrery."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        filename = frame.f_code.co_filename
        if not any(part in filename.replace("\\", "/") for part in _OWN_FILES):
            return f' ("{filename}", line {frame.f_lineno})'
        frame = frame.f_back
    return ""


class OutputHandle:
    """An output of a node that was called in a composition; give it to other calls."""

    __slots__ = ("node_def", "node_name", "output_name")

    def __init__(self, node_name: str, output_name: str, node_def: Any) -> None:
        self.node_name = node_name
        self.output_name = output_name
        self.node_def = node_def

    def describe(self) -> str:
        """Return the output in words."""
        return f"output '{self.output_name}' of {self.node_def.node_type_str} '{self.node_name}'"

    def _refuse(self, what: str, mend: str = "do this inside an op.") -> InvariantViolationError:
        return InvariantViolationError(
            f"Attempted to {what} {self.describe()} inside a composition{user_line()}. Inside a graph the calls are "
            "only written down; values exist when the job runs.",
            mend=mend,
        )

    def __iter__(self) -> Iterator[Any]:
        raise self._refuse("iterate over")

    def __getitem__(self, _item: Any) -> Any:
        raise self._refuse("index into")

    def __bool__(self) -> bool:
        return True

    def alias(self, _name: str) -> Any:
        """Refuse: an alias is given before the call."""
        raise self._refuse("alias")

    def with_hooks(self, _hooks: Any) -> Any:
        """Refuse: hooks are added before the call."""
        raise self._refuse("hook")


class DynamicHandle:
    """
    A dynamic output of a node in a composition, or what was mapped over one.

    ``map`` calls its function once, at composition, with a stand-in for each item; ``collect`` gives
    all items as a list to one input.
    """

    __slots__ = ("inner",)

    def __init__(self, inner: OutputHandle) -> None:
        self.inner = inner

    @property
    def output_name(self) -> str:
        """Return the name of the output."""
        return self.inner.output_name

    def map(self, fn: Callable[[Any], Any]) -> Any:
        """
        Apply *fn* to each item.

        Returns:
            What *fn* returned, each output to be mapped or collected in turn.
        """
        return wrap_dynamic(fn(self.inner))

    def collect(self) -> CollectedHandle:
        """Return all items, to be taken as a list by one input."""
        return CollectedHandle(self.inner)

    def unwrap_for_composite_mapping(self) -> OutputHandle:
        """Return the output itself."""
        return self.inner

    def __iter__(self) -> Iterator[Any]:
        raise self.inner._refuse("iterate over dynamic", _MAP)

    def __getitem__(self, _item: Any) -> Any:
        raise self.inner._refuse("index into dynamic", _MAP)

    def describe(self) -> str:
        """Return the output in words."""
        return f"dynamic {self.inner.describe()}"


class CollectedHandle:
    """All items of a dynamic output, to be taken as a list."""

    __slots__ = ("inner",)

    def __init__(self, inner: OutputHandle) -> None:
        self.inner = inner


class GraphInputHandle:
    """An input of the graph that is being composed; give it to calls."""

    __slots__ = ("graph_name", "input_name")

    def __init__(self, graph_name: str, input_name: str) -> None:
        self.graph_name = graph_name
        self.input_name = input_name

    def __iter__(self) -> Iterator[Any]:
        raise InvariantViolationError(
            f"Attempted to iterate over input '{self.input_name}' of graph '{self.graph_name}' inside its "
            f"composition{user_line()}.",
            mend="do this inside an op.",
        )

    def __getitem__(self, _item: Any) -> Any:
        raise InvariantViolationError(
            f"Attempted to index into input '{self.input_name}' of graph '{self.graph_name}' inside its "
            f"composition{user_line()}.",
            mend="do this inside an op.",
        )


def wrap_dynamic(result: Any) -> Any:
    """Return what a function made of one item of a dynamic output as handles that are dynamic, too."""
    if result is None or isinstance(result, DynamicHandle):
        return result
    if isinstance(result, OutputHandle):
        return DynamicHandle(result)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*[wrap_dynamic(each) for each in result])
    if isinstance(result, tuple | list):
        return tuple(wrap_dynamic(each) for each in result)
    raise InvalidDefinitionError(
        f"The function given to map returned {result!r}, which is no output of a node{user_line()}.",
        mend="return what the calls inside the function returned, or nothing.",
    )


class Handles(tuple[Any, ...]):
    """The outputs of a call that has several: by position and by name."""

    _fields: tuple[str, ...]
    _owner: str

    def __getattr__(self, name: str) -> Any:
        try:
            return self[self._fields.index(name)]
        except ValueError:
            raise AttributeError(
                f"'{self._owner}' has no output '{name}'. Its outputs: {', '.join(self._fields)}."
            ) from None


def named_handles(owner: str, names: Sequence[str], values: Sequence[Any]) -> Handles:
    """Return the outputs of a call of *owner*, to be had by position and by name."""
    handles = Handles(values)
    handles._fields = tuple(names)
    handles._owner = owner
    return handles
