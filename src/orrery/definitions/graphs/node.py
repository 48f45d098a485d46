"""
What ops and graphs have in common: a name, inputs, outputs, tags; and their use inside a graph.

A *node definition* is an op or a graph. A *node* is one use of it inside a graph, under a name of
its own, with tags, hooks and a retry policy of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError
from orrery.base.tags import normalize_definition_tags
from orrery.definitions.graphs.calls import PendingNodeInvocation
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.parts.types import OrreryType
from orrery.model.config.configured import ConfigurableDefinition, Origin

__all__ = ["Node", "NodeDefinition", "NodeHandle"]


class NodeHandle:
    """
    Say where a node stands: its name, below the handle of the graph that uses it.

    >>> str(NodeHandle("inner", NodeHandle("outer")))
    'outer.inner'
    """

    __slots__ = ("name", "parent")

    def __init__(self, name: str, parent: NodeHandle | None = None) -> None:
        self.name = name
        self.parent = parent

    @property
    def path(self) -> list[str]:
        """Return the names from the outermost in."""
        parts = []
        handle: NodeHandle | None = self
        while handle is not None:
            parts.append(handle.name)
            handle = handle.parent
        return parts[::-1]

    @property
    def root(self) -> NodeHandle:
        """Return the handle of the outermost node."""
        handle = self
        while handle.parent is not None:
            handle = handle.parent
        return handle

    def to_string(self) -> str:
        """Return the names joined by dots: the key of the node's step."""
        return self.name if self.parent is None else ".".join(self.path)

    @staticmethod
    def from_string(text: str) -> NodeHandle:
        """Return the handle that ``to_string`` wrote."""
        return NodeHandle.from_path(text.split("."))

    @staticmethod
    def from_path(path: Sequence[str]) -> NodeHandle:
        """Return the handle of the node below all but the last of *path*."""
        handle: NodeHandle | None = None
        for name in path:
            handle = NodeHandle(name, handle)
        if handle is None:
            raise InvalidDefinitionError("A node handle needs one name at least.")
        return handle

    def is_or_descends_from(self, other: NodeHandle) -> bool:
        """Tell whether this node is *other*, or lies inside it."""
        path = other.path
        return self.path[: len(path)] == path

    def __str__(self) -> str:
        return self.to_string()

    def __repr__(self) -> str:
        return f"NodeHandle({self.to_string()!r})"

    def __hash__(self) -> int:
        return hash((self.name, self.parent))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeHandle) and self.name == other.name and self.parent == other.parent


class NodeDefinition(ConfigurableDefinition):
    """An op or a graph: what can be used as a node of a graph."""

    __slots__ = ("_description", "_inputs", "_name", "_output_dict", "_tags")

    node_type_str = "node"

    def __init__(
        self,
        name: str,
        input_dict: dict[str, InputDefinition] | None,
        output_dict: dict[str, OutputDefinition],
        description: str | None,
        tags: Mapping[str, Any] | None,
    ) -> None:
        self._name = name
        self._inputs = input_dict
        self._output_dict = output_dict
        self._description = description
        self._tags: Mapping[str, str] = normalize_definition_tags(tags) if tags else {}

    @property
    def _input_dict(self) -> dict[str, InputDefinition]:
        inputs = self._inputs
        if inputs is None:
            inputs = self._inputs_as_written()
            self._inputs = inputs
        return inputs

    def _inputs_as_written(self) -> dict[str, InputDefinition]:
        """Return the inputs of a definition that was made without them: those of its function."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def description(self) -> str | None:
        """Return the description, if any."""
        return self._description

    @property
    def tags(self) -> Mapping[str, str]:
        """Return the tags by name."""
        return self._tags

    @property
    def input_dict(self) -> Mapping[str, InputDefinition]:
        """Return the inputs by name."""
        return self._input_dict

    @property
    def pools(self) -> frozenset[str]:
        """Return the pools of the ops that it is, or is made of."""
        raise NotImplementedError

    @property
    def output_dict(self) -> Mapping[str, OutputDefinition]:
        """Return the outputs by name."""
        return self._output_dict

    @property
    def input_defs(self) -> Sequence[InputDefinition]:
        """Return the inputs in order."""
        return list(self._input_dict.values())

    @property
    def output_defs(self) -> Sequence[OutputDefinition]:
        """Return the outputs in order."""
        return list(self._output_dict.values())

    def configured(  # type: ignore[override]  # a node is configured under a new name
        self,
        config_or_config_fn: Any,
        name: str | None = None,
        config_schema: Any = None,
        description: str | None = None,
    ) -> Any:
        """
        Return a copy called *name* whose config is given, or computed.

        Args:
            config_or_config_fn: The config, or a function from a config of *config_schema* to one of ours.
            name: Name of the copy; that of the function if it is not given.
            config_schema: What the function takes; without it, anything.
            description: Of the copy; by default ours.
        """
        if name is None:
            name = getattr(config_or_config_fn, "__name__", None)
            if name is None:
                raise InvalidDefinitionError(
                    f"Missing string param 'name' while attempting to configure {self.describe_node()}: a copy that is "
                    "configured by a dictionary needs a name.",
                    mend='write .configured({...}, name="...").',
                )
        schema, function, constant = self._configuration(config_or_config_fn, config_schema)
        copied = self.copy_for_configured(check_name(name, noun=self.node_type_str), description, schema)  # type: ignore[call-arg]  # a node is copied under a name
        copied.configured_from = Origin(self, function, constant)
        return copied

    @property
    def positional_inputs(self) -> Sequence[str]:
        """Return the names of the inputs that a call inside a graph may give by position."""
        return list(self._input_dict)

    @property
    def is_graph_job_op_node(self) -> bool:
        """Tell whether the node may stand in a job: always."""
        return True

    def describe_node(self) -> str:
        """Return the kind and name, for messages."""
        return f"{self.node_type_str} '{self.name}'"

    def has_input(self, name: str) -> bool:
        """Tell whether there is an input called *name*."""
        return name in self._input_dict

    def has_output(self, name: str) -> bool:
        """Tell whether there is an output called *name*."""
        return name in self._output_dict

    def input_def_named(self, name: str) -> InputDefinition:
        """Return the input called *name*."""
        return self._input_dict[name]

    def output_def_named(self, name: str) -> OutputDefinition:
        """Return the output called *name*."""
        return self._output_dict[name]

    def input_has_default(self, input_name: str) -> bool:
        """Tell whether the input has a default value."""
        return self._input_dict[input_name].has_default_value

    def default_value_for_input(self, input_name: str) -> Any:
        """Return the default value of the input."""
        return self._input_dict[input_name].default_value

    def resolve_input_name_at_position(self, idx: int) -> str | None:
        """Return the name of the input that position *idx* of a call gives, if any."""
        names = self.positional_inputs
        return names[idx] if idx < len(names) else None

    def input_supports_dynamic_output_dep(self, input_name: str) -> bool:
        """Tell whether the input may be mapped over a dynamic output: always."""
        return True

    def all_input_output_types(self) -> Iterator[OrreryType]:
        """Iterate the types of all inputs and outputs."""
        for input_def in self._input_dict.values():
            yield input_def.dagster_type
        for output_def in self._output_dict.values():
            yield output_def.dagster_type

    def all_dagster_types(self) -> Iterable[OrreryType]:
        """Iterate all types that the node uses."""
        yield from self.all_input_output_types()

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """Iterate this definition and all below it."""
        yield self

    def iterate_op_defs(self) -> Iterator[Any]:
        """Iterate the ops at and below this definition."""
        return iter(())

    def get_pending_invocation(
        self,
        given_alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hook_defs: Iterable[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> PendingNodeInvocation:
        """Return this definition, about to be used in a graph, with what the use sets."""
        return PendingNodeInvocation(self, given_alias, tags, frozenset(hook_defs or ()), retry_policy)

    def alias(self, name: str) -> PendingNodeInvocation:
        """Return this definition, to be used in a graph under *name*."""
        return self.get_pending_invocation(given_alias=name)

    def tag(self, tags: Mapping[str, str] | None) -> PendingNodeInvocation:
        """Return this definition, to be used in a graph with *tags* added."""
        return self.get_pending_invocation(tags=tags)

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> Any:
        """Return this definition, to be used in a graph with hooks added."""
        return self.get_pending_invocation(hook_defs=hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingNodeInvocation:
        """Return this definition, to be used in a graph with a retry policy."""
        return self.get_pending_invocation(retry_policy=retry_policy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name!r})"


class Node:
    """
    One use of a definition inside a graph.

    Attributes:
        name: Name inside the graph.
        definition: The op or graph that is used.
        tags: Tags of the definition with those of the use.
        hook_defs: Hooks that the use adds.
        retry_policy: Retry policy that the use sets, if any.
    """

    __slots__ = ("definition", "hook_defs", "name", "retry_policy", "tags")

    def __init__(
        self,
        name: str,
        definition: NodeDefinition,
        tags: Mapping[str, str] | None = None,
        hook_defs: Iterable[HookDefinition] = (),
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name = name
        self.definition = definition
        self.tags: Mapping[str, str] = {**definition.tags, **(tags or {})} if tags else definition.tags
        self.hook_defs = frozenset(hook_defs)
        self.retry_policy = retry_policy

    @property
    def is_graph(self) -> bool:
        """Tell whether a graph is used, and not an op."""
        return self.definition.node_type_str == "graph"

    def describe_node(self) -> str:
        """Return the kind and name, for messages."""
        return f"{self.definition.node_type_str} '{self.name}'"

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.definition!r})"
