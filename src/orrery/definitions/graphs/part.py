"""
The part of a graph that a selection of ops leaves.

Inputs that no kept node feeds are unconnected then, and mappings to what is gone are gone, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvalidSubsetError, nearest_hint
from orrery.definitions.graphs.dependency import (
    DependencyDefinition,
    DependencyKind,
    DynamicCollectDependencyDefinition,
    InputMapping,
    MultiDependencyDefinition,
    NodeInvocation,
)
from orrery.definitions.graphs.node import NodeDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.model.assets.syntax import resolve_op_selection

__all__ = ["part_of_graph"]


def part_of_graph(graph: GraphStructure, queries: Sequence[str]) -> GraphStructure:
    """
    Return the part of *graph* that is selected.

    Args:
        graph: The graph.
        queries: In the op selection syntax (``*a+``); ``nested.inner`` keeps a part of a graph inside.

    Raises:
        InvalidSubsetError: A query names nothing.
    """
    parents = {
        name: [
            source.node
            for given, _kind in graph.sources_for(name).values()
            for source in given
            if source.node is not None
        ]
        for name in graph.node_dict
    }
    nested: dict[str, list[str]] = {}
    flat: list[str] = []
    for query in queries:
        head, dot, rest = query.partition(".")
        if dot and head in graph.node_dict:
            nested.setdefault(head, []).append(rest)
        else:
            flat.append(query)
    whole = resolve_op_selection(parents, flat) if flat else set()
    kept = whole | nested.keys()
    if not kept:
        raise InvalidSubsetError(
            f"No qualified ops to execute found for op_selection={list(queries)}.",
            mend=nearest_hint(queries[0] if queries else "", graph.node_dict, noun="op"),
        )
    return _part_of(graph, kept, {name: inner for name, inner in nested.items() if name not in whole})


def _part_of(graph: GraphStructure, kept: AbstractSet[str], partial: Mapping[str, list[str]]) -> GraphStructure:
    """Return *graph* without the nodes outside *kept*, and of nested graphs in *partial* only what is queried."""
    definitions: dict[str, NodeDefinition] = {}
    dependencies: dict[Any, dict[str, Any]] = {}
    mappings: list[InputMapping] = [each for each in graph.input_mappings if each.mapped_node_name in kept]
    for node in graph.nodes:
        if node.name not in kept:
            continue
        definition = node.definition
        if node.name in partial and isinstance(definition, GraphStructure):
            definition = part_of_graph(definition, partial[node.name])
        definitions[definition.name] = definition
        inputs: dict[str, Any] = {}
        for input_name, (given, kind) in graph.sources_for(node.name).items():
            if not definition.has_input(input_name):
                continue
            here = [each for each in given if each.node is not None and each.node in kept]
            here = [each for each in here if graph.node_dict[str(each.node)].definition.has_output(each.output)]
            if not here:
                continue
            if kind is DependencyKind.FAN_IN:
                inputs[input_name] = MultiDependencyDefinition(
                    [DependencyDefinition(str(each.node), each.output) for each in here]
                )
            elif kind is DependencyKind.COLLECT:
                inputs[input_name] = DynamicCollectDependencyDefinition(str(here[0].node), here[0].output)
            else:
                inputs[input_name] = DependencyDefinition(str(here[0].node), here[0].output)
        alias = node.name if node.name != definition.name else None
        dependencies[NodeInvocation(definition.name, alias, node.tags, node.hook_defs, node.retry_policy)] = inputs
    return type(graph)(
        graph.name,
        description=graph.description,
        node_defs=list(definitions.values()),
        dependencies=dependencies,
        input_mappings=[each for each in mappings if _has_input(dependencies, definitions, each)],
        output_mappings=[
            each
            for each in graph.output_mappings
            if each.mapped_node_name in kept
            and _definition_of(dependencies, definitions, each.mapped_node_name).has_output(
                each.mapped_node_output_name
            )
        ],
        config=graph.config_mapping,
        tags=graph.tags,
    )


def _definition_of(
    dependencies: Mapping[Any, Any], definitions: Mapping[str, NodeDefinition], name: str
) -> NodeDefinition:
    invocation = next(each for each in dependencies if (each.alias or each.name) == name)
    return definitions[invocation.name]


def _has_input(
    dependencies: Mapping[Any, Any], definitions: Mapping[str, NodeDefinition], mapping: InputMapping
) -> bool:
    """Tell whether the mapped node still has the input that *mapping* feeds."""
    return _definition_of(dependencies, definitions, mapping.mapped_node_name).has_input(mapping.mapped_node_input_name)
