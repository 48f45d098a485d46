"""
How a graph is composed: ops are "called" inside a function, and the calls are written down.

While the function of ``@graph`` or ``@job`` runs, a :class:`Composition` is current. Calling an op
or graph then does not run it: it adds a node and answers with handles of its outputs, which other
calls take as arguments. A mistake is told with the line in the user's function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.definitions.graphs.calls import Composing, PendingNodeInvocation
from orrery.definitions.graphs.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    InputMapping,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    NodeInvocation,
    OutputMapping,
)
from orrery.definitions.graphs.handles import (
    CollectedHandle,
    DynamicHandle,
    GraphInputHandle,
    Handles,
    OutputHandle,
    named_handles,
    user_line,
)
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.policies import RetryPolicy

__all__ = [
    "Composed",
    "Composition",
    "compose",
]


class Composition:
    """What is written down while a function composes a graph."""

    def __init__(self, graph_name: str, noun: str) -> None:
        self.graph_name = graph_name
        self.noun = noun
        self.node_defs: dict[str, Any] = {}
        self.invocations: dict[str, NodeInvocation] = {}
        self.dependencies: dict[str, dict[str, Any]] = {}
        self.input_mappings: list[InputMapping] = []
        self._taken: dict[str, int] = {}

    def _name_for(self, node_def: Any, given_alias: str | None) -> str:
        if given_alias is not None:
            if given_alias in self.invocations:
                raise InvalidDefinitionError(
                    f"In {self.noun} '{self.graph_name}', the alias '{given_alias}' is used twice{user_line()}.",
                    mend="give each use an alias of its own.",
                )
            return given_alias
        name: str = node_def.name
        count = self._taken.get(name, 0) + 1
        candidate = name if count == 1 else f"{name}_{count}"
        while candidate in self.invocations:
            count += 1
            candidate = f"{name}_{count}"
        self._taken[name] = count
        return candidate

    def add(
        self,
        node_def: Any,
        given_alias: str | None,
        tags: Mapping[str, str] | None,
        hooks: Iterable[HookDefinition],
        retry_policy: RetryPolicy | None,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Write down a call of *node_def* and return handles of its outputs."""
        known = self.node_defs.get(node_def.name)
        if known is not None and known is not node_def:
            raise InvalidDefinitionError(
                f"In {self.noun} '{self.graph_name}', two different definitions are called "
                f"'{node_def.name}'{user_line()}.",
                mend="name one of them differently: @op(name=...).",
            )
        name = self._name_for(node_def, given_alias)
        self.node_defs[node_def.name] = node_def
        bound = self._bind(node_def, name, args, kwargs)
        self.invocations[name] = NodeInvocation(
            node_def.name, name if name != node_def.name else None, tags, hooks, retry_policy
        )
        dependencies: dict[str, Any] = {}
        self.dependencies[name] = dependencies
        for input_name, value in bound.items():
            self._connect(node_def, name, input_name, value, dependencies)
        return self._handles(node_def, name)

    def _bind(self, node_def: Any, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        positional = node_def.positional_inputs
        if len(args) > len(positional):
            raise InvalidDefinitionError(
                f"In {self.noun} {self.graph_name}, received {len(args)} positional inputs for "
                f"{node_def.node_type_str} '{name}', which has {len(positional)}{user_line()}.",
                mend="remove the others, or pass inputs by name.",
            )
        bound = dict(zip(positional, args, strict=False))
        for key, value in kwargs.items():
            if key in bound:
                raise InvalidInvocationError(
                    f"In {self.noun} '{self.graph_name}', input '{key}' of '{name}' is given twice{user_line()}.",
                    mend="pass it once: by its place, or by its name.",
                )
            if not node_def.has_input(key):
                raise InvalidDefinitionError(
                    f"In {self.noun} '{self.graph_name}', received invalid argument '{key}' for "
                    f"{node_def.node_type_str} '{name}'{user_line()}.",
                    mend=nearest_hint(key, [*node_def.input_dict], noun="input"),
                )
            bound[key] = value
        return bound

    def _connect(self, node_def: Any, name: str, input_name: str, value: Any, dependencies: dict[str, Any]) -> None:
        if isinstance(value, OutputHandle):
            dependencies[input_name] = DependencyDefinition(value.node_name, value.output_name)
        elif isinstance(value, GraphInputHandle):
            self.input_mappings.append(InputMapping(value.input_name, name, input_name))
        elif isinstance(value, CollectedHandle):
            dependencies[input_name] = DynamicCollectDependencyDefinition(
                value.inner.node_name, value.inner.output_name
            )
        elif isinstance(value, DynamicHandle):
            raise InvalidDefinitionError(
                f"In {self.noun} '{self.graph_name}', {value.describe()} is given to input '{input_name}' of "
                f"'{name}' as it is{user_line()}. A dynamic output must be passed through map or collect.",
                mend=f"write {value.output_name}.map({node_def.name}) for each item, or .collect() for all as a list.",
            )
        elif isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            items: list[Any] = []
            for index, item in enumerate(value):
                if isinstance(item, OutputHandle):
                    items.append(DependencyDefinition(item.node_name, item.output_name))
                elif isinstance(item, GraphInputHandle):
                    items.append(MappedInputPlaceholder)
                    self.input_mappings.append(InputMapping(item.input_name, name, input_name, index))
                else:
                    raise self._not_connectable(node_def, name, f"{input_name}[{index}]", item)
            dependencies[input_name] = MultiDependencyDefinition(items)
        elif hasattr(value, "asset_nodes") and hasattr(value, "key"):
            self.node_input_assets.setdefault(name, {})[input_name] = value
        else:
            raise self._not_connectable(node_def, name, input_name, value)

    @property
    def node_input_assets(self) -> dict[str, dict[str, Any]]:
        """Return the assets that were given to inputs directly: node name to input name to asset."""
        if not hasattr(self, "_node_input_assets"):
            self._node_input_assets: dict[str, dict[str, Any]] = {}
        return self._node_input_assets

    def _not_connectable(self, node_def: Any, name: str, input_name: str, value: Any) -> InvalidDefinitionError:
        hint = "pass the output of another call, or an input of the graph; give constants by config or In(default_value=...)."
        if isinstance(value, PendingNodeInvocation) or hasattr(value, "get_pending_invocation"):
            hint = f"call it first: {getattr(value, 'name', 'it')}()."
        elif isinstance(value, Handles):
            outputs = ", ".join(f"'{each}'" for each in value._fields)
            return InvalidDefinitionError(
                f"In {self.noun} '{self.graph_name}', all outputs of '{value._owner}' at once were given to input "
                f"\"{input_name}\" of {node_def.node_type_str} '{name}'{user_line()}. Its outputs are {outputs}.",
                mend=f"pass one of them: result = {value._owner}(); {name}(result.{value._fields[0]}).",
            )
        elif isinstance(value, tuple):
            hint = "pass one of the outputs of the call: they are attributes of what it returned."
        return InvalidDefinitionError(
            f"In {self.noun} '{self.graph_name}', received invalid type {type(value)} for input \"{input_name}\" of "
            f"{node_def.node_type_str} '{name}'{user_line()}. Must be the output from a previous call or an input of the graph.",
            mend=hint,
        )

    def _handles(self, node_def: Any, name: str) -> Any:
        handles = [
            DynamicHandle(OutputHandle(name, each.name, node_def))
            if each.is_dynamic
            else OutputHandle(name, each.name, node_def)
            for each in node_def.output_defs
        ]
        if not handles:
            return None
        if len(handles) == 1:
            return handles[0]
        return named_handles(node_def.name, [each.output_name for each in handles], handles)


class Composed:
    """What a composition function left behind: nodes, dependencies and mappings."""

    __slots__ = (
        "dependencies",
        "input_mappings",
        "node_defs",
        "node_input_assets",
        "output_mappings",
        "positional_inputs",
    )

    def __init__(
        self,
        composition: Composition,
        output_mappings: Sequence[OutputMapping],
        positional_inputs: Sequence[str],
    ) -> None:
        self.node_defs = list(composition.node_defs.values())
        self.dependencies = {
            invocation: composition.dependencies[name] for name, invocation in composition.invocations.items()
        }
        self.input_mappings = composition.input_mappings
        self.output_mappings = list(output_mappings)
        self.positional_inputs = list(positional_inputs)
        self.node_input_assets = composition.node_input_assets


def compose(
    noun: str,
    graph_name: str,
    fn: Callable[..., Any],
    input_names: Sequence[str],
    output_names: Sequence[str] | None,
    *,
    ignore_return: bool = False,
) -> Composed:
    """
    Run the composition function *fn* and return what it wrote down.

    Args:
        noun: "graph" or "job", for messages.
        graph_name: Name of the graph.
        fn: The user's function.
        input_names: Its parameters: the inputs of the graph.
        output_names: Declared outputs in order; None if none were declared.
        ignore_return: Whether what *fn* returns is no output (jobs).

    Raises:
        InvalidDefinitionError: With the line in the user's function.
    """
    composition = Composition(graph_name, noun)
    with Composing(composition):
        returned = fn(**{name: GraphInputHandle(graph_name, name) for name in input_names})
    mappings = (
        []
        if ignore_return and output_names is None and returned is None
        else _output_mappings(noun, graph_name, returned, output_names)
    )
    used = {each.graph_input_name for each in composition.input_mappings}
    unused = [name for name in input_names if name not in used]
    if unused and noun == "graph":
        raise InvalidDefinitionError(
            f"@graph '{graph_name}' has unmapped input{'s' if len(unused) > 1 else ''} "
            f"{', '.join(repr(each) for each in unused)}. Remove it or pass it to the appropriate op/graph invocation.",
        )
    return Composed(composition, mappings, input_names)


def _output_mappings(
    noun: str, graph_name: str, returned: Any, output_names: Sequence[str] | None
) -> list[OutputMapping]:
    if returned is None:
        if output_names:
            raise InvalidDefinitionError(
                f"@{noun} '{graph_name}' has unmapped output '{output_names[0]}'. Remove it or return a value from the "
                "appropriate op/graph invocation."
            )
        return []

    def mapping(name: str, handle: Any) -> OutputMapping:
        if isinstance(handle, DynamicHandle):
            return OutputMapping(name, handle.inner.node_name, handle.inner.output_name, from_dynamic_mapping=True)
        if isinstance(handle, OutputHandle):
            return OutputMapping(name, handle.node_name, handle.output_name)
        if isinstance(handle, GraphInputHandle):
            raise InvalidDefinitionError(
                f"@{noun} '{graph_name}' returns its own input '{handle.input_name}' as output '{name}'.",
                mend="pass it through an op.",
            )
        raise InvalidDefinitionError(
            f"@{noun} '{graph_name}' returned problematic value of type {type(handle)} for output '{name}'. "
            "Expected return value from invoked op or dict mapping output name to return values from invoked ops.",
        )

    if isinstance(returned, Mapping):
        declared = list(output_names) if output_names is not None else list(returned)
        for name in returned:
            if name not in declared:
                raise InvalidDefinitionError(
                    f"@{noun} '{graph_name}' returned a dictionary with the unexpected key '{name}'.",
                    mend=nearest_hint(str(name), declared, noun="output"),
                )
        for name in declared:
            if name not in returned:
                raise InvalidDefinitionError(f"@{noun} '{graph_name}' has unmapped output '{name}'.")
        return [mapping(name, returned[name]) for name in declared]
    if isinstance(returned, tuple | list):
        declared = list(output_names) if output_names is not None else list(getattr(returned, "_fields", ()))
        if not declared and noun == "job":
            return []
        if len(declared) != len(returned):
            raise InvalidDefinitionError(
                f"@{noun} '{graph_name}' returned {len(returned)} values but declares {len(declared)} outputs.",
                mend="return a dictionary from output name to value, and declare out={...}.",
            )
        return [mapping(name, handle) for name, handle in zip(declared, returned, strict=True)]
    names = list(output_names) if output_names is not None else ["result"]
    if len(names) != 1:
        raise InvalidDefinitionError(
            f"@{noun} '{graph_name}' returned one value but declares the outputs {', '.join(names)}.",
            mend="return a dictionary from output name to value.",
        )
    return [mapping(names[0], returned)]
