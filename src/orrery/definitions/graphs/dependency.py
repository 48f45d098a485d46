"""
How nodes of a graph depend on one another, as users may write it and as definitions keep it.

Users who do not compose write ``{"node": {"input": DependencyDefinition("upstream")}}``. Kept is,
for each input, a tuple of :class:`Source`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from orrery.base.errors import InvalidDefinitionError
from orrery.base.records import ByValue, RecordMeta, Replaceable
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.definitions.parts.policies import RetryPolicy

__all__ = [
    "DependencyDefinition",
    "DependencyKind",
    "DynamicCollectDependencyDefinition",
    "InputMapping",
    "MappedInputPlaceholder",
    "MultiDependencyDefinition",
    "NodeInvocation",
    "OutputMapping",
    "Source",
]


class DependencyKind(Enum):
    """How an input takes what flows into it: one value, a list of several, or all of a dynamic output."""

    DIRECT = "direct"
    FAN_IN = "fan_in"
    COLLECT = "collect"


class Source(NamedTuple):
    """
    Where a value of an input comes from, inside one graph.

    Attributes:
        node: Name of the node that gives it; None for an input of the graph itself.
        output: Name of its output, or of the graph's input.
        collect: Whether all values of a dynamic output are taken as a list.
    """

    node: str | None
    output: str
    collect: bool = False


class MappedInputPlaceholder:
    """Stands in a fan-in for the item that an input of the graph gives."""


class DependencyDefinition(Replaceable, msgspec.Struct, frozen=True):
    """
    Say that an input takes an output of another node.

    Attributes:
        node: Name of the node (its alias where it has one).
        output: Name of its output.
        description: Text for people.
    """

    node: str
    output: str = "result"
    description: str | None = None

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the outputs that are taken."""
        return [self]

    def get_op_dependencies(self) -> list[DependencyDefinition]:
        """Return the outputs that are taken."""
        return [self]

    def is_fan_in(self) -> bool:
        """Tell whether several outputs are taken as a list: not here."""
        return False


class DynamicCollectDependencyDefinition(msgspec.Struct, frozen=True):
    """Say that an input takes all values of a dynamic output as a list."""

    node_name: str
    output_name: str

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the outputs that are taken."""
        return [DependencyDefinition(self.node_name, self.output_name)]

    def is_fan_in(self) -> bool:
        """Tell whether several values are taken as a list: here they are."""
        return True


class MultiDependencyDefinition(Replaceable, msgspec.Struct, frozen=True):
    """
    Say that an input takes several outputs as a list.

    Attributes:
        dependencies: Which, in order.
    """

    dependencies: Sequence[DependencyDefinition | type[MappedInputPlaceholder]]

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the outputs that are taken."""
        return [each for each in self.dependencies if isinstance(each, DependencyDefinition)]

    def get_dependencies_and_mappings(self) -> Sequence[DependencyDefinition | type[MappedInputPlaceholder]]:
        """Return the outputs that are taken, and the places of the graph's own inputs."""
        return self.dependencies

    def is_fan_in(self) -> bool:
        """Tell whether several outputs are taken as a list: here they are."""
        return True


class NodeInvocation(Replaceable):
    """
    Name a use of a node in a dictionary of dependencies.

    Args:
        name: Name of the definition.
        alias: Name inside the graph; *name* if not given.
        tags: Tags that the use adds.
        hook_defs: Hooks that the use adds.
        retry_policy: Retry policy that the use sets.
    """

    __slots__ = ("alias", "hook_defs", "name", "retry_policy", "tags")

    def __init__(
        self,
        name: str,
        alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hook_defs: Iterable[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name = name
        self.alias = alias
        self.tags = dict(tags or {})
        self.hook_defs = frozenset(hook_defs or ())
        self.retry_policy = retry_policy

    def __hash__(self) -> int:
        return hash((self.name, self.alias))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeInvocation) and (self.name, self.alias) == (other.name, other.alias)


class InputPointer(NamedTuple):
    """An input of a node."""

    node_name: str
    input_name: str


class OutputPointer(NamedTuple):
    """An output of a node."""

    node_name: str
    output_name: str


class FanInInputPointer(NamedTuple):
    """One of the values of an input of a node."""

    node_name: str
    input_name: str
    fan_in_index: int


class InputMapping(ByValue, metaclass=RecordMeta):
    """
    Say which input of an inner node an input of a graph feeds.

    Args:
        graph_input_name: Input of the graph.
        mapped_node_name: The inner node.
        mapped_node_input_name: Its input.
        fan_in_index: The place in the list, where that input takes several values.
        graph_input_description: Text for people.
        dagster_type: Type of the graph's input; that of the inner input if not given.
    """

    __slots__ = (
        "dagster_type",
        "fan_in_index",
        "graph_input_description",
        "graph_input_name",
        "mapped_node_input_name",
        "mapped_node_name",
    )

    def __init__(
        self,
        graph_input_name: str,
        mapped_node_name: str,
        mapped_node_input_name: str,
        fan_in_index: int | None = None,
        graph_input_description: str | None = None,
        dagster_type: Any = None,
    ) -> None:
        self.graph_input_name = graph_input_name
        self.mapped_node_name = mapped_node_name
        self.mapped_node_input_name = mapped_node_input_name
        self.fan_in_index = fan_in_index
        self.graph_input_description = graph_input_description
        self.dagster_type = dagster_type

    @property
    def maps_to(self) -> InputPointer | FanInInputPointer:
        """Return the inner node and its input; and which of the values, where it takes several."""
        if self.fan_in_index is not None:
            return FanInInputPointer(self.mapped_node_name, self.mapped_node_input_name, self.fan_in_index)
        return InputPointer(self.mapped_node_name, self.mapped_node_input_name)

    @property
    def maps_to_fan_in(self) -> bool:
        """Tell whether the inner input takes several values."""
        return self.fan_in_index is not None

    def describe(self) -> str:
        """Return the mapping in words."""
        place = f".{self.fan_in_index}" if self.fan_in_index is not None else ""
        return f"{self.graph_input_name} -> {self.mapped_node_name}:{self.mapped_node_input_name}{place}"

    def get_definition(self) -> InputDefinition:
        """Return the graph's input."""
        if self.dagster_type is None:
            return InputDefinition(self.graph_input_name, description=self.graph_input_description)
        return InputDefinition(
            self.graph_input_name, dagster_type=self.dagster_type, description=self.graph_input_description
        )

    def __repr__(self) -> str:
        return f"InputMapping({self.describe()!r})"


class OutputMapping(ByValue, metaclass=RecordMeta):
    """
    Say which output of an inner node an output of a graph is.

    Args:
        graph_output_name: Output of the graph.
        mapped_node_name: The inner node.
        mapped_node_output_name: Its output.
        graph_output_description: Text for people.
        dagster_type: Type of the graph's output; that of the inner output if not given.
        from_dynamic_mapping: Whether the inner node is mapped over a dynamic output of the graph.
    """

    __slots__ = (
        "dagster_type",
        "from_dynamic_mapping",
        "graph_output_description",
        "graph_output_name",
        "mapped_node_name",
        "mapped_node_output_name",
    )

    def __init__(
        self,
        graph_output_name: str,
        mapped_node_name: str,
        mapped_node_output_name: str,
        graph_output_description: str | None = None,
        dagster_type: Any = None,
        from_dynamic_mapping: bool = False,
    ) -> None:
        self.graph_output_name = graph_output_name
        self.mapped_node_name = mapped_node_name
        self.mapped_node_output_name = mapped_node_output_name
        self.graph_output_description = graph_output_description
        self.dagster_type = dagster_type
        self.from_dynamic_mapping = from_dynamic_mapping

    @property
    def maps_from(self) -> OutputPointer:
        """Return the inner node and its output."""
        return OutputPointer(self.mapped_node_name, self.mapped_node_output_name)

    def get_definition(self, is_dynamic: bool = False) -> OutputDefinition:
        """Return the graph's output."""
        if self.dagster_type is None:
            return OutputDefinition(
                self.graph_output_name,
                description=self.graph_output_description,
                is_dynamic=is_dynamic or self.from_dynamic_mapping,
            )
        return OutputDefinition(
            self.graph_output_name,
            dagster_type=self.dagster_type,
            description=self.graph_output_description,
            is_dynamic=is_dynamic or self.from_dynamic_mapping,
        )

    def __repr__(self) -> str:
        return f"OutputMapping({self.graph_output_name!r} <- {self.mapped_node_name}:{self.mapped_node_output_name})"


def sources_of(dependency: Any, *, where: str) -> tuple[tuple[Source, ...], DependencyKind]:
    """
    Return what a user's dependency stands for.

    Raises:
        InvalidDefinitionError: It is of no known kind.
    """
    if isinstance(dependency, DependencyDefinition):
        return (Source(dependency.node, dependency.output),), DependencyKind.DIRECT
    if isinstance(dependency, DynamicCollectDependencyDefinition):
        return (Source(dependency.node_name, dependency.output_name, True),), DependencyKind.COLLECT
    if isinstance(dependency, MultiDependencyDefinition):
        return (
            tuple(
                Source(each.node, each.output) if isinstance(each, DependencyDefinition) else Source(None, "")
                for each in dependency.dependencies
            ),
            DependencyKind.FAN_IN,
        )
    raise InvalidDefinitionError(
        f"The dependency of {where} is {dependency!r}, which is no dependency.",
        mend='write DependencyDefinition("node", "output").',
    )
