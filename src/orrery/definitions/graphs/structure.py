"""
Nodes that depend on one another: what a graph is, apart from the jobs that can be made of it.

Jobs stand on this; :class:`~orrery.definitions.graphs.graph.GraphDefinition` stands on jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.base.toposort import toposort_flatten
from orrery.definitions.graphs.calls import current_composition
from orrery.definitions.graphs.dependency import (
    DependencyKind,
    InputMapping,
    NodeInvocation,
    OutputMapping,
    Source,
    sources_of,
)
from orrery.definitions.graphs.node import Node, NodeDefinition, NodeHandle
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.definitions.parts.naming import check_name
from orrery.definitions.parts.types import OrreryType
from orrery.model.config.configured import ConfigMapping
from orrery.model.config.schema import Field

__all__ = ["GraphStructure", "InputSources"]

InputSources = tuple[tuple[Source, ...], DependencyKind]


class GraphStructure(NodeDefinition):
    """
    Nodes that depend on one another; made as a ``GraphDefinition``.

    Args:
        name: Name.
        description: Text for people.
        node_defs: The ops and graphs that are used.
        dependencies: For each use (a name or a :class:`NodeInvocation`), for each of its inputs,
            what flows into it.
        input_mappings: Inputs of the graph.
        output_mappings: Outputs of the graph.
        config: Config that replaces that of the nodes, by a mapping.
        tags: Tags by name.

    Raises:
        InvalidDefinitionError: A dependency or mapping that names what is not there.
        CyclicDependencyError: Nodes that depend on themselves.
    """

    __slots__ = (
        "_config_field",
        "_config_mapping",
        "_dependencies",
        "_input_mappings",
        "_node_defs",
        "_node_dict",
        "_order",
        "_output_mappings",
        "_positional_inputs",
        "_sources",
        "composition_fn",
        "input_assets",
    )

    node_type_str = "graph"

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        node_defs: Sequence[NodeDefinition] | None = None,
        dependencies: Mapping[Any, Mapping[str, Any]] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: ConfigMapping | None = None,
        tags: Mapping[str, Any] | None = None,
        node_input_source_assets: Mapping[str, Mapping[str, Any]] | None = None,
        input_assets: Mapping[str, Mapping[str, Any]] | None = None,
        composition_fn: Callable[..., Any] | None = None,
        input_defs: Sequence[InputDefinition] | None = None,
        output_defs: Sequence[OutputDefinition] | None = None,
        positional_inputs: Sequence[str] | None = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            raise InvalidInvocationError(f"A graph takes no argument '{next(iter(unknown))}'.")
        check_name(name, noun="a graph")
        self._node_defs = list(node_defs or ())
        self._dependencies: dict[NodeInvocation, Mapping[str, Any]] = {
            each if isinstance(each, NodeInvocation) else NodeInvocation(each): inputs
            for each, inputs in (dependencies or {}).items()
        }
        self._input_mappings = list(input_mappings or ())
        self._output_mappings = list(output_mappings or ())
        self._config_mapping = config
        self._config_field: Field | None = None
        self.composition_fn = composition_fn
        self.input_assets = {**(node_input_source_assets or {}), **(input_assets or {})}
        self._node_dict = self._make_nodes(name)
        self._sources = self._make_sources(name)
        super().__init__(
            name,
            self._make_inputs(name, {each.name: each for each in input_defs or ()}),
            self._make_outputs(name, {each.name: each for each in output_defs or ()}),
            description,
            tags,
        )
        self._positional_inputs = list(positional_inputs) if positional_inputs is not None else list(self._input_dict)
        self._order: tuple[str, ...] | None = None
        if len(self._node_dict) > 1 or self._sources:
            self._topological_names()

    def _make_nodes(self, name: str) -> dict[str, Node]:
        by_name: dict[str, NodeDefinition] = {}
        for each in self._node_defs:
            if not isinstance(each, NodeDefinition):
                raise InvalidDefinitionError(
                    f"A node of graph '{name}' is {each!r}, which is neither an op nor a graph.",
                    mend="decorate the function with @op.",
                )
            if each.name in by_name and by_name[each.name] is not each:
                raise InvalidDefinitionError(f"Two definitions in graph '{name}' are called '{each.name}'.")
            by_name[each.name] = each
        nodes: dict[str, Node] = {}
        used: set[str] = set()
        for invocation in self._dependencies:
            key, alias = invocation.name, invocation.alias or invocation.name
            tags, hooks, policy = invocation.tags, invocation.hook_defs, invocation.retry_policy
            definition = by_name.get(key)
            if definition is None:
                raise InvalidDefinitionError(
                    f"Invalid dependencies: node '{key}' in dependency dictionary of '{name}' not found in node list.",
                    mend=nearest_hint(key, by_name, noun="node"),
                )
            used.add(key)
            nodes[alias] = Node(alias, definition, tags, hooks, policy)
        for key, definition in by_name.items():
            if key not in used:
                nodes[key] = Node(key, definition)
        return nodes

    def _make_sources(self, name: str) -> dict[str, dict[str, InputSources]]:
        nodes, sources = self._node_dict, {}
        for invocation, inputs in self._dependencies.items():
            alias = invocation.alias or invocation.name
            definition = nodes[alias].definition
            found: dict[str, InputSources] = {}
            for input_name, dependency in inputs.items():
                if not definition.has_input(input_name):
                    raise InvalidDefinitionError(
                        f"Invalid dependencies in graph '{name}': {definition.describe_node()} does not have input "
                        f"'{input_name}'.",
                        mend=nearest_hint(input_name, definition.input_dict, noun="input"),
                    )
                where = f"input '{input_name}' of '{alias}' in graph '{name}'"
                given, kind = sources_of(dependency, where=where)
                for source in given:
                    if source.node is None:
                        continue
                    upstream = nodes.get(source.node)
                    if upstream is None:
                        raise InvalidDefinitionError(
                            f"Invalid dependencies: node '{source.node}' not found in node list of '{name}' for {where}.",
                            mend=nearest_hint(source.node, nodes, noun="node"),
                        )
                    if not upstream.definition.has_output(source.output):
                        raise InvalidDefinitionError(
                            f"Invalid dependencies: {upstream.describe_node()} does not have output '{source.output}', "
                            f"which {where} takes.",
                            mend=nearest_hint(source.output, upstream.definition.output_dict, noun="output"),
                        )
                    self._check_types(definition, input_name, upstream, source, kind, where)
                found[input_name] = (given, kind)
            sources[alias] = found
        for mapping in self._input_mappings:
            node = nodes.get(mapping.mapped_node_name)
            if node is None or not node.definition.has_input(mapping.mapped_node_input_name):
                raise InvalidDefinitionError(
                    f"In graph '{name}' input mapping '{mapping.describe()}' references a node or input that is not there.",
                    mend=nearest_hint(mapping.mapped_node_name, nodes, noun="node"),
                )
            into = sources.setdefault(mapping.mapped_node_name, {})
            source = Source(None, mapping.graph_input_name)
            if mapping.fan_in_index is not None:
                given, kind = into[mapping.mapped_node_input_name]
                at = mapping.fan_in_index
                into[mapping.mapped_node_input_name] = ((*given[:at], source, *given[at + 1 :]), kind)
            else:
                into[mapping.mapped_node_input_name] = ((source,), DependencyKind.DIRECT)
        return sources

    @staticmethod
    def _check_types(
        definition: NodeDefinition, input_name: str, upstream: Node, source: Source, kind: DependencyKind, where: str
    ) -> None:
        if kind is not DependencyKind.FAN_IN:
            return
        input_type = definition.input_dict[input_name].dagster_type
        if not input_type.supports_fan_in:
            raise InvalidDefinitionError(
                f"{where} takes several outputs, but its type {input_type.display_name} is no list.",
                mend="annotate the parameter as a list.",
            )

    def _make_inputs(self, name: str, declared: dict[str, InputDefinition]) -> dict[str, InputDefinition]:
        found: dict[str, InputDefinition | None] = dict.fromkeys(declared)
        for mapping in self._input_mappings:
            if declared and mapping.graph_input_name not in declared:
                declared[mapping.graph_input_name] = mapping.get_definition()
            own = declared.get(mapping.graph_input_name)
            if own is not None and own.has_default_value:
                found[mapping.graph_input_name] = own
                continue
            if found.get(mapping.graph_input_name) is not None:
                continue
            inner = self._node_dict[mapping.mapped_node_name].definition.input_dict[mapping.mapped_node_input_name]
            inner_type = inner.dagster_type
            if mapping.fan_in_index is not None:
                inner_type = inner_type.get_inner_type_for_fan_in()
            own_type = own.dagster_type if own is not None and not own.dagster_type.is_any else None
            found[mapping.graph_input_name] = InputDefinition(
                mapping.graph_input_name,
                dagster_type=mapping.dagster_type if mapping.dagster_type is not None else own_type or inner_type,
                description=mapping.graph_input_description or (own.description if own else None) or inner.description,
                default_value=inner.default_value,
                metadata=inner.raw_metadata,
                input_manager_key=inner.input_manager_key,
            )
        return {key: each if each is not None else declared[key] for key, each in found.items()}

    def _make_outputs(self, name: str, declared: dict[str, OutputDefinition]) -> dict[str, OutputDefinition]:
        found: dict[str, OutputDefinition] = {}
        for mapping in self._output_mappings:
            node = self._node_dict.get(mapping.mapped_node_name)
            if node is None or not node.definition.has_output(mapping.mapped_node_output_name):
                raise InvalidDefinitionError(
                    f"In graph '{name}', output mapping {mapping!r} references a node or output that is not there.",
                    mend=nearest_hint(mapping.mapped_node_name, self._node_dict, noun="node"),
                )
            inner = node.definition.output_dict[mapping.mapped_node_output_name]
            own = declared.get(mapping.graph_output_name)
            own_type = own.dagster_type if own is not None and not own.dagster_type.is_any else None
            found[mapping.graph_output_name] = OutputDefinition(
                check_name(mapping.graph_output_name, noun="an output"),
                dagster_type=mapping.dagster_type
                if mapping.dagster_type is not None
                else own_type or inner.dagster_type,
                description=mapping.graph_output_description or (own.description if own else None) or inner.description,
                is_required=inner.is_required,
                io_manager_key=inner.io_manager_key,
                metadata=inner.raw_metadata,
                code_version=inner.code_version,
                is_dynamic=inner.is_dynamic or mapping.from_dynamic_mapping,
            )
        return found

    def _topological_names(self) -> tuple[str, ...]:
        order = self._order
        if order is None:
            parents = {
                name: [
                    source.node
                    for given, _kind in self._sources.get(name, {}).values()
                    for source in given
                    if source.node is not None
                ]
                for name in self._node_dict
            }
            order = tuple(toposort_flatten(parents, noun="node"))
            self._order = order
        return order

    @property
    def nodes(self) -> Sequence[Node]:
        """Return the uses of definitions, in the order they were written."""
        return list(self._node_dict.values())

    @property
    def node_dict(self) -> Mapping[str, Node]:
        """Return the uses of definitions by name."""
        return self._node_dict

    @property
    def node_defs(self) -> Sequence[NodeDefinition]:
        """Return the definitions that are used."""
        return self._node_defs

    @property
    def nodes_in_topological_order(self) -> Sequence[Node]:
        """Return the nodes, each after those it depends on."""
        return [self._node_dict[name] for name in self._topological_names()]

    @property
    def dependencies(self) -> Mapping[Any, Mapping[str, Any]]:
        """Return the dependencies as they were given."""
        return self._dependencies

    @property
    def dependency_structure(self) -> Mapping[str, Mapping[str, InputSources]]:
        """Return, for each node and input, where its value comes from."""
        return self._sources

    @property
    def input_mappings(self) -> Sequence[InputMapping]:
        """Return the inputs of the graph, as mappings."""
        return self._input_mappings

    @property
    def output_mappings(self) -> Sequence[OutputMapping]:
        """Return the outputs of the graph, as mappings."""
        return self._output_mappings

    @property
    def positional_inputs(self) -> Sequence[str]:
        """Return the names of the inputs that a call may give by position."""
        return self._positional_inputs

    @property
    def config_mapping(self) -> ConfigMapping | None:
        """Return the mapping that makes the config of the nodes, if any."""
        return self._config_mapping

    @property
    def has_config_mapping(self) -> bool:
        """Tell whether the graph has config of its own, from which that of its nodes is made."""
        return self._config_mapping is not None

    @property
    def has_config_field(self) -> bool:
        """Tell whether the graph has config of its own."""
        return self._config_mapping is not None

    @property
    def config_schema(self) -> Any:
        """Return the schema of the graph's own config, if it has any."""
        return self.config_field

    @property
    def config_field(self) -> Field | None:
        """Return what the graph's own config must look like, if it has any."""
        if self._config_mapping is None:
            return None
        if self._config_field is None:
            self._config_field = self._config_mapping.config_field
        return self._config_field

    def get_config_field(self) -> Field:
        """
        Return what the graph's own config must look like.

        Raises:
            InvalidInvocationError: The graph has no config of its own.
        """
        field = self.config_field
        if field is None:
            raise InvalidInvocationError(f"Graph '{self.name}' has no config of its own.")
        return field

    @property
    def is_subselected(self) -> bool:
        """Tell whether this is part of a larger graph."""
        return False

    @property
    def parent_graph_def(self) -> GraphStructure | None:
        """Return the larger graph that this is part of, if any."""
        return None

    @property
    def pools(self) -> frozenset[str]:
        """Return the pools of all ops inside."""
        return frozenset(pool for each in self.iterate_op_defs() for pool in each.pools)

    def node_names(self) -> list[str]:
        """Return the names of the nodes."""
        return list(self._node_dict)

    def has_node_named(self, name: str) -> bool:
        """Tell whether there is a node called *name*."""
        return name in self._node_dict

    def node_named(self, name: str) -> Node:
        """
        Return the node called *name*.

        Raises:
            InvalidInvocationError: There is none.
        """
        try:
            return self._node_dict[name]
        except KeyError:
            raise InvalidInvocationError(
                f"Graph '{self.name}' has no node named '{name}'.",
                mend=nearest_hint(name, self._node_dict, noun="node"),
            ) from None

    def get_node(self, handle: NodeHandle) -> Node:
        """Return the node at *handle*, maybe inside another."""
        graph: NodeDefinition = self
        node: Node | None = None
        for name in handle.path:
            if not isinstance(graph, GraphStructure):
                raise InvalidInvocationError(f"There is no node '{handle}' in graph '{self.name}'.")
            node = graph.node_named(name)
            graph = node.definition
        if node is None:
            raise InvalidInvocationError(f"There is no node '{handle}' in graph '{self.name}'.")
        return node

    def get_input_mapping(self, input_name: str) -> InputMapping | None:
        """Return the first mapping of the input, if any."""
        return next((each for each in self._input_mappings if each.graph_input_name == input_name), None)

    def get_output_mapping(self, output_name: str) -> OutputMapping:
        """Return the mapping of the output."""
        return next(each for each in self._output_mappings if each.graph_output_name == output_name)

    def input_mapping_for_pointer(self, pointer: tuple[str, str]) -> InputMapping | None:
        """Return the mapping that feeds the (node, input) *pointer*, if any."""
        return next((each for each in self._input_mappings if each.maps_to == tuple(pointer)), None)

    def sources_for(self, node_name: str) -> Mapping[str, InputSources]:
        """Return where each connected input of a node takes its value from."""
        return self._sources.get(node_name, {})

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """Iterate this definition and all below it."""
        yield self
        for each in self._node_defs:
            yield from each.iterate_node_defs()

    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        """Iterate the ops inside, at any depth."""
        for each in self._node_defs:
            yield from each.iterate_op_defs()

    def iterate_hooks(self) -> Iterator[tuple[HookDefinition, Node]]:
        """Iterate the hooks of the uses inside, at any depth, each with the use that has it."""
        for node in self._node_dict.values():
            for hook in sorted(node.hook_defs, key=lambda each: each.name):
                yield hook, node
            if isinstance(node.definition, GraphStructure):
                yield from node.definition.iterate_hooks()

    def iterate_node_handles(self, parent_node_handle: NodeHandle | None = None) -> Iterator[NodeHandle]:
        """Iterate the handles of all nodes inside, at any depth."""
        for node in self._node_dict.values():
            handle = NodeHandle(node.name, parent_node_handle)
            yield handle
            if isinstance(node.definition, GraphStructure):
                yield from node.definition.iterate_node_handles(handle)

    def get_op_handles(self, parent: NodeHandle | None = None) -> AbstractSet[NodeHandle]:
        """Return the handles of all ops inside, at any depth."""
        found: set[NodeHandle] = set()
        for node in self._node_dict.values():
            handle = NodeHandle(node.name, parent)
            definition = node.definition
            found |= definition.get_op_handles(handle) if isinstance(definition, GraphStructure) else {handle}
        return found

    def get_op_output_handles(self, parent: NodeHandle | None) -> AbstractSet[tuple[NodeHandle | None, str]]:
        """Return (handle, output name) of each output of each op inside."""
        return {
            (handle, output)
            for handle in self.get_op_handles(parent)
            for output in self.get_node(
                NodeHandle.from_path(handle.path[len(parent.path) if parent else 0 :])
            ).definition.output_dict
        }

    def get_op_input_output_handle_pairs(self, outer_handle: NodeHandle | None) -> AbstractSet[tuple[Any, Any]]:
        """Return the edges between nodes: ((node, output), (node, input))."""
        return {
            ((source.node, source.output), (node, input_name))
            for node, inputs in self._sources.items()
            for input_name, (given, _kind) in inputs.items()
            for source in given
            if source.node is not None
        }

    def get_inputs_must_be_resolved_top_level(self, asset_layer: Any, handle: Any = None) -> Sequence[InputDefinition]:
        """Return the inputs that config must give where nothing is connected."""
        return [each for each in self._input_dict.values() if not each.has_default_value]

    def resolve_output_to_origin(
        self, output_name: str, handle: NodeHandle | None
    ) -> tuple[OutputDefinition, NodeHandle | None]:
        """Return the output of the op inside that gives the output, with the handle of that op."""
        mapping = self.get_output_mapping(output_name)
        inner_handle = NodeHandle(mapping.mapped_node_name, handle)
        definition = self._node_dict[mapping.mapped_node_name].definition
        if isinstance(definition, GraphStructure):
            return definition.resolve_output_to_origin(mapping.mapped_node_output_name, inner_handle)
        return definition.output_dict[mapping.mapped_node_output_name], inner_handle

    def resolve_output_to_origin_op_def(self, output_name: str) -> OpDefinition:
        """Return the op inside that gives the output."""
        mapping = self.get_output_mapping(output_name)
        definition: Any = self._node_dict[mapping.mapped_node_name].definition
        found: OpDefinition = definition.resolve_output_to_origin_op_def(mapping.mapped_node_output_name)
        return found

    def resolve_input_to_destinations(self, input_handle: Any) -> Sequence[Any]:
        """Return (node, input) of each inner input that the graph's input feeds."""
        name = getattr(input_handle, "input_name", input_handle)
        return [each.maps_to for each in self._input_mappings if each.graph_input_name == name]

    def resolve_output_to_destinations(self, output_name: str, handle: Any) -> Sequence[Any]:
        """Return the inner outputs that the graph's output is."""
        return [each.maps_from for each in self._output_mappings if each.graph_output_name == output_name]

    def get_resource_requirements(self, asset_layer: Any = None) -> Sequence[str]:
        """Return the keys of all resources that the ops inside, and the hooks of their uses, need."""
        of_ops = {key for each in self.iterate_op_defs() for key in each.get_resource_requirements()}
        return sorted(of_ops.union(*(hook.required_resource_keys for hook, _node in self.iterate_hooks())))

    def all_dagster_types(self) -> Iterable[OrreryType]:
        """Iterate the types that are used inside."""
        for each in self.iterate_op_defs():
            yield from each.all_input_output_types()

    def has_dagster_type(self, name: str) -> bool:
        """Tell whether a type called *name* is used inside."""
        return any(each.display_name == name for each in self.all_dagster_types())

    def dagster_type_named(self, name: str) -> OrreryType:
        """Return the type called *name* that is used inside."""
        return next(each for each in self.all_dagster_types() if each.display_name == name)

    def copy(
        self,
        name: str | None = None,
        description: str | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: ConfigMapping | None = None,
        tags: Mapping[str, str] | None = None,
        input_assets: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> GraphStructure:
        """Return a copy in which what is given replaces what was."""
        copied = type(self)(
            name or self.name,
            description=description or self.description,
            node_defs=self._node_defs,
            dependencies=self._dependencies,
            input_mappings=input_mappings if input_mappings is not None else self._input_mappings,
            output_mappings=output_mappings if output_mappings is not None else self._output_mappings,
            config=config or self._config_mapping,
            tags=tags if tags is not None else self._tags,
            input_assets=input_assets if input_assets is not None else self.input_assets,
            composition_fn=self.composition_fn,
            input_defs=list(self._input_dict.values()),
            output_defs=list(self._output_dict.values()),
            positional_inputs=self._positional_inputs,
        )
        return copied

    def copy_for_configured(  # type: ignore[override]  # a node is configured under a new name
        self, name: str, description: str | None, config_schema: Any
    ) -> GraphStructure:
        """
        Return the graph under *name* with another config schema.

        Raises:
            InvalidDefinitionError: The graph has no config mapping to configure.
        """
        if self._config_mapping is None:
            raise InvalidDefinitionError(
                "Only graphs utilizing config mapping can be pre-configured. The graph "
                f'"{self.name}" does not have a config mapping, and thus has nothing to be configured.',
                mend="give the graph config=ConfigMapping(...).",
            )
        mapping = self._config_mapping
        copied = self.copy(
            name=name,
            description=description,
            config=ConfigMapping(
                config_fn=mapping.config_fn,
                config_schema=config_schema,
                receive_processed_config_values=mapping.receive_processed_config_values,
            ),
        )
        return copied

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Use the definition in the body of the composition that is being written."""
        composition = current_composition()
        if composition is None:
            return self.get_pending_invocation()(*args, **kwargs)
        return composition.add(self, None, None, (), None, args, kwargs)
