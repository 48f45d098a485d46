"""
How a graph is composed: ops are "called" inside a function, and the calls are written down.

While the function of ``@graph`` or ``@job`` runs, a :class:`Composition` is current. Calling an op
or graph then does not run it: it adds a node and answers with handles of its outputs, which other
calls take as arguments. A mistake is told with the line in the user's function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from types import FrameType
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.definitions.graphs.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    InputMapping,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    NodeInvocation,
    OutputMapping,
)
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.policies import RetryPolicy
from orrery.definitions.verbs import verbs

__all__ = [
    "Composed",
    "Composition",
    "DynamicHandle",
    "GraphInputHandle",
    "OutputHandle",
    "PendingNodeInvocation",
    "Composing",
    "current_composition",
]

_OWN_FILES = ("/orrery/definitions/", "/orrery/plan/")


def _user_line() -> str:
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

    def _refuse(self, what: str) -> InvalidDefinitionError:
        return InvalidDefinitionError(
            f"Attempted to {what} {self.describe()} inside a composition{_user_line()}. Inside a graph the calls are "
            "only written down; values exist when the job runs.",
            mend="do this inside an op.",
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
        return _wrap_dynamic(fn(self.inner))

    def collect(self) -> CollectedHandle:
        """Return all items, to be taken as a list by one input."""
        return CollectedHandle(self.inner)

    def unwrap_for_composite_mapping(self) -> OutputHandle:
        """Return the output itself."""
        return self.inner

    def __iter__(self) -> Iterator[Any]:
        raise self.inner._refuse("iterate over dynamic")

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
        raise InvalidDefinitionError(
            f"Attempted to iterate over input '{self.input_name}' of graph '{self.graph_name}' inside its "
            f"composition{_user_line()}.",
            mend="do this inside an op.",
        )

    def __getitem__(self, _item: Any) -> Any:
        raise InvalidDefinitionError(
            f"Attempted to index into input '{self.input_name}' of graph '{self.graph_name}' inside its "
            f"composition{_user_line()}.",
            mend="do this inside an op.",
        )


def _wrap_dynamic(result: Any) -> Any:
    if result is None or isinstance(result, DynamicHandle):
        return result
    if isinstance(result, OutputHandle):
        return DynamicHandle(result)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*[_wrap_dynamic(each) for each in result])
    if isinstance(result, tuple | list):
        return tuple(_wrap_dynamic(each) for each in result)
    raise InvalidDefinitionError(
        f"The function given to map returned {result!r}, which is no output of a node{_user_line()}.",
        mend="return what the calls inside the function returned, or nothing.",
    )


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
                    f"In {self.noun} '{self.graph_name}', the alias '{given_alias}' is used twice{_user_line()}.",
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
                f"'{node_def.name}'{_user_line()}.",
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
                f"{node_def.node_type_str} '{name}', which has {len(positional)}{_user_line()}.",
                mend="remove the others, or pass inputs by name.",
            )
        bound = dict(zip(positional, args, strict=False))
        for key, value in kwargs.items():
            if key in bound:
                raise InvalidInvocationError(
                    f"In {self.noun} '{self.graph_name}', input '{key}' of '{name}' is given twice{_user_line()}.",
                    mend="pass it once: by its place, or by its name.",
                )
            if not node_def.has_input(key):
                raise InvalidDefinitionError(
                    f"In {self.noun} '{self.graph_name}', received invalid argument '{key}' for "
                    f"{node_def.node_type_str} '{name}'{_user_line()}.",
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
                f"'{name}' as it is{_user_line()}. A dynamic output must be passed through map or collect.",
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
        elif isinstance(value, _Handles):
            outputs = ", ".join(f"'{each}'" for each in value._fields)
            return InvalidDefinitionError(
                f"In {self.noun} '{self.graph_name}', all outputs of '{value._owner}' at once were given to input "
                f"\"{input_name}\" of {node_def.node_type_str} '{name}'{_user_line()}. Its outputs are {outputs}.",
                mend=f"pass one of them: result = {value._owner}(); {name}(result.{value._fields[0]}).",
            )
        elif isinstance(value, tuple):
            hint = "pass one of the outputs of the call: they are attributes of what it returned."
        return InvalidDefinitionError(
            f"In {self.noun} '{self.graph_name}', received invalid type {type(value)} for input \"{input_name}\" of "
            f"{node_def.node_type_str} '{name}'{_user_line()}. Must be the output from a previous call or an input of the graph.",
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
        return _named_tuple(node_def.name, [each.output_name for each in handles], handles)


class _Handles(tuple[Any, ...]):
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


def _named_tuple(owner: str, names: Sequence[str], values: Sequence[Any]) -> _Handles:
    handles = _Handles(values)
    handles._fields = tuple(names)
    handles._owner = owner
    return handles


_current: ContextVar[Composition | None] = ContextVar("orrery_composition", default=None)


def current_composition() -> Composition | None:
    """Return the composition that is going on, if any."""
    return _current.get()


class Composing:
    """Make *composition* current for the length of a ``with`` block."""

    def __init__(self, composition: Composition) -> None:
        self._composition = composition

    def __enter__(self) -> Composition:
        self._token = _current.set(self._composition)
        return self._composition

    def __exit__(self, *_exc: object) -> None:
        _current.reset(self._token)


class PendingNodeInvocation:
    """
    A definition about to be used in a graph, with an alias, tags, hooks or a retry policy.

    Call it inside a composition.
    """

    __slots__ = ("given_alias", "hook_defs", "node_def", "retry_policy", "tags")

    def __init__(
        self,
        node_def: Any,
        given_alias: str | None,
        tags: Mapping[str, str] | None,
        hook_defs: Iterable[HookDefinition] | None,
        retry_policy: RetryPolicy | None,
    ) -> None:
        self.node_def = node_def
        self.given_alias = check_name(given_alias, noun="an alias") if given_alias is not None else None
        self.tags = dict(tags) if tags else {}
        self.hook_defs = frozenset(hook_defs or ())
        self.retry_policy = retry_policy

    @property
    def name(self) -> str:
        """Return the name that the use will have, if nothing else takes it."""
        return self.given_alias or str(self.node_def.name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Use the definition in the graph that is being composed, or call the op directly outside of one."""
        composition = _current.get()
        if composition is None:
            if self.node_def.node_type_str == "op":
                return verbs().invoke_op(self.node_def, args, kwargs)
            raise InvalidInvocationError(
                f"Attempted to call {self.describe_node()} outside of a composition function. "
                "Invoking graphs is only valid in a function decorated with @job or @graph.",
                mend="run it by execute_in_process().",
            )
        return composition.add(
            self.node_def, self.given_alias, self.tags, self.hook_defs, self.retry_policy, args, kwargs
        )

    def describe_node(self) -> str:
        """Return the kind and name, for messages."""
        return f"{self.node_def.node_type_str} '{self.name}'"

    def alias(self, name: str) -> PendingNodeInvocation:
        """Return this, to be used under *name*."""
        return PendingNodeInvocation(self.node_def, name, self.tags, self.hook_defs, self.retry_policy)

    def tag(self, tags: Mapping[str, str] | None) -> PendingNodeInvocation:
        """Return this, with *tags* added."""
        return PendingNodeInvocation(
            self.node_def, self.given_alias, {**self.tags, **(tags or {})}, self.hook_defs, self.retry_policy
        )

    def with_hooks(self, hook_defs: Iterable[HookDefinition]) -> PendingNodeInvocation:
        """Return this, with hooks added."""
        return PendingNodeInvocation(
            self.node_def, self.given_alias, self.tags, self.hook_defs | frozenset(hook_defs), self.retry_policy
        )

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingNodeInvocation:
        """Return this, with a retry policy."""
        return PendingNodeInvocation(self.node_def, self.given_alias, self.tags, self.hook_defs, retry_policy)

    def _graph(self) -> Any:
        if self.node_def.node_type_str != "graph":
            raise InvalidInvocationError(f"{self.describe_node()} is not a graph: only graphs become jobs.")
        return self.node_def

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: Iterable[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        partitions_def: Any = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return a job of the graph, with the alias, tags, hooks and retry policy of this use."""
        return self._graph().to_job(
            name=name or self.given_alias,
            description=description,
            resource_defs=resource_defs,
            config=config,
            tags={**self.tags, **(tags or {})},
            logger_defs=logger_defs,
            executor_def=executor_def,
            hooks=self.hook_defs | frozenset(hooks or ()),
            op_retry_policy=op_retry_policy or self.retry_policy,
            partitions_def=partitions_def,
            input_values=input_values,
        )

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        raise_on_error: bool = True,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the graph in this process, with the tags, hooks and retry policy of this use."""
        return self.to_job(resource_defs=resources).execute_in_process(
            run_config=run_config,
            instance=instance,
            raise_on_error=raise_on_error,
            run_id=run_id,
            input_values=input_values,
        )


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
