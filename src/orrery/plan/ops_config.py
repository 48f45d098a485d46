"""
What run config says of the nodes of a job: config, inputs and outputs of each op, at any depth of its graphs.

Ops for which nothing is given and nothing is wanted cost nothing, so that a job of many assets is resolved in time
proportional to what was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.model.config.configured import NOTHING_GIVEN, ConfigurableDefinition, resolve_entry
from orrery.model.config.problems import Path, Walk, at
from orrery.model.config.schema import Field, resolve_field

__all__ = [
    "NO_OP_CONFIG",
    "OpConfig",
    "Resolving",
    "is_wanted_from_config",
    "resolve_asset_ops",
    "resolve_graph_ops",
]


class OpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """
    What run config says of one op.

    Attributes:
        config: The op's config, resolved; None if it takes none.
        inputs: Values of inputs, as given, by name.
        outputs: Config of the IO managers of outputs, by name.
    """

    config: Any = None
    inputs: Mapping[str, Any] = {}
    outputs: Mapping[str, Any] = {}


NO_OP_CONFIG = OpConfig()


_NODE_SECTIONS = ("config", "inputs", "outputs")
_NODE_SHAPE = "{ config?: ..., inputs?: ..., outputs?: ... }"
_GRAPH_SECTIONS = ("ops", "inputs", "outputs")
_GRAPH_SHAPE = "{ inputs?: ..., ops?: ..., outputs?: ... }"
_MAPPED_SECTIONS = ("config", "inputs", "outputs")


class _Mark:
    """A value that stands for itself."""


EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})
ALL_CONNECTED: Final = _Mark()
"""Every input is fed by something."""
REFUSED: Final = _Mark()
"""What would follow from config that was refused is not looked at."""

Connected: TypeAlias = "Mapping[str, str | None] | _Mark"
"""The inputs that something feeds, each with the key of the manager that loads it, if that is known."""


class Resolving:
    """One walk over a job's run config."""

    def __init__(self, job: JobDefinition, environment: Mapping[str, str] | None) -> None:
        self.job = job
        self.walk = Walk(environment=environment)
        self.environment = environment
        self.ops: dict[str, OpConfig] = {}
        self.later: list[tuple[str, OpDefinition, Any, Path]] = []
        self.managers_of_outputs: dict[str, Field] = {
            key: field
            for key, each in job.resource_defs.items()
            if (field := getattr(each, "output_config_field", None)) is not None
        }
        self.managers_of_inputs: dict[str | None, Field] = {
            key: field
            for key, each in job.resource_defs.items()
            if (field := getattr(each, "input_config_field", None)) is not None
        }

    def node(self, name: str, definition: Any, given: Any, path: Path, handle: str, connected: Connected) -> None:
        """Resolve what is said of one node."""
        if isinstance(definition, GraphStructure):
            self.graph_node(definition, given, path, handle, connected)
            return
        if given is NOTHING_GIVEN:
            if not (self.may_need_config(definition) or _needs_inputs(definition, connected)):
                return
            entry: Mapping[str, Any] = {}
        elif given is None:
            entry = {}
        elif not isinstance(given, Mapping):
            self.walk.add_shape_mismatch(path, given, _NODE_SHAPE, "a dict")
            return
        else:
            entry = given
        for key in entry:
            if key not in _NODE_SECTIONS:
                self.walk.add_unexpected(path, key, _NODE_SECTIONS, _NODE_SHAPE)
        raw = entry.get("config", NOTHING_GIVEN)
        config: Any = None
        if definition.has_config:
            config = resolve_entry(definition.config_field, raw, path, self.walk)
            if getattr(definition, "configured_from", None) is not None:
                self.later.append((handle, definition, raw, path))
        elif raw is not NOTHING_GIVEN:
            config = raw
        inputs = self.inputs(
            definition.input_dict, entry.get("inputs"), connected, path, managers=self.managers_of_inputs
        )
        outputs = self.outputs(definition.output_dict, entry.get("outputs"), path)
        if config is not None or inputs or outputs:
            self.ops[handle] = OpConfig(config=config, inputs=inputs, outputs=outputs)

    def may_need_config(self, definition: OpDefinition) -> bool:
        """Tell whether the op itself, what stores its outputs or what loads its inputs takes config."""
        known = self.managers_of_inputs
        return (
            definition.has_config
            or bool(self.managers_of_outputs)
            or (bool(known) and any(each.input_manager_key in known for each in definition.input_dict.values()))
        )

    def inputs(
        self,
        definitions: Mapping[str, InputDefinition],
        given: Any,
        connected: Connected,
        path: Path,
        given_below: AbstractSet[str] = frozenset(),
        managers: Mapping[str | None, Field] = EMPTY,
    ) -> Mapping[str, Any]:
        """
        Check which inputs config gives, and which it must, where it does not give them further inside.

        *managers* are those that may load the inputs and take config for it; a graph's inputs are loaded inside.
        """
        if given is None and connected is ALL_CONNECTED and not managers:
            return {}
        here = (*path, "inputs")
        values: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        if given is not None and not isinstance(given, Mapping):
            self.walk.add_shape_mismatch(here, given, "{ <input>: ... }", "a dict")
        found: dict[str, Any] = {}
        for name, raw in values.items():
            if name not in definitions:
                self.walk.add_unexpected(here, name, definitions, _shape(definitions, optional=False))
            else:
                found[name] = self.input(definitions[name], raw, connected, here)
        for name, each in definitions.items():
            if name in found:
                continue
            field = managers.get(each.input_manager_key)
            if field is not None:
                if field.default_provided:
                    found[name] = field.resolve(field.default_value, (*here, name), self.walk)
                elif field.is_required:
                    self.walk.add_missing(here, [name], {name: field.config_type.example()})
                continue
            if isinstance(connected, _Mark) or name in connected:
                continue
            if name in given_below or not is_wanted_from_config(each):
                continue
            self.walk.add_missing(here, [name], {name: example_of(each)})
        return found

    def input(self, definition: InputDefinition, raw: Any, connected: Connected, here: Path) -> Any:
        """Return what is said of one input: a value of its type, or config of the manager that loads it."""
        path = (*here, definition.name)
        manager_key = definition.input_manager_key
        if manager_key is None:
            if isinstance(connected, _Mark):
                return raw
            if definition.name not in connected:
                loader = definition.dagster_type.loader
                return raw if loader is None else resolve_field(loader.schema_type).resolve(raw, path, self.walk)
            manager_key = connected[definition.name]
            if manager_key is None:
                return raw
        field = getattr(self.job.resource_defs.get(manager_key), "input_config_field", None)
        if field is None:
            self.walk.add_refused(
                path,
                f'Received unexpected config entry "{definition.name}" {at(here)}: the input is loaded by '
                f"'{manager_key}', which takes no config for inputs.",
            )
            return raw
        return field.resolve(raw, path, self.walk)

    def outputs(self, definitions: Mapping[str, OutputDefinition], given: Any, path: Path) -> Mapping[str, Any]:
        """Check what is said of outputs: config of the managers that store them."""
        if not given and not self.managers_of_outputs:
            return {}
        here = (*path, "outputs")
        if given is not None and not isinstance(given, Mapping | list | tuple):
            self.walk.add_shape_mismatch(here, given, "{ <output>: ... }", "a dict")
            return {}
        values = _outputs_by_name(given or {})
        for name in values:
            if name not in definitions:
                self.walk.add_unexpected(here, name, definitions, _shape(definitions, optional=True))
        found: dict[str, Any] = {}
        for name, each in definitions.items():
            field = self.managers_of_outputs.get(each.io_manager_key)
            if field is None:
                if name in values:
                    self.walk.add_refused(
                        (*here, name),
                        f'Received unexpected config entry "{name}" {at(here)}: the output is stored by '
                        f"'{each.io_manager_key}', which takes no config for outputs.",
                    )
            elif name in values:
                found[name] = field.resolve(values[name], (*here, name), self.walk)
            elif field.default_provided:
                found[name] = field.resolve(field.default_value, (*here, name), self.walk)
            elif field.is_required:
                self.walk.add_missing(here, [name], {name: field.config_type.example()})
        return found

    def graph_node(self, definition: GraphStructure, given: Any, path: Path, handle: str, connected: Connected) -> None:
        """Resolve what is said of a graph used as a node."""
        if given is NOTHING_GIVEN or given is None:
            entry: Mapping[str, Any] = {}
        elif isinstance(given, Mapping):
            entry = given
        else:
            self.walk.add_shape_mismatch(path, given, "{ ops?: ... }", "a dict")
            return
        mapping = definition.config_mapping
        if mapping is None:
            for key in entry:
                if key not in _GRAPH_SECTIONS:
                    self.walk.add_unexpected(path, key, _GRAPH_SECTIONS, _GRAPH_SHAPE)
            inner: Any = entry.get("ops", NOTHING_GIVEN)
        else:
            inner = self.mapped(definition, mapping, entry, path)
        given_below = inputs_given_below(definition, inner)
        values = self.inputs(definition.input_dict, entry.get("inputs"), connected, path, given_below)
        if values:
            self.ops[handle] = OpConfig(inputs=values)
        if inner is REFUSED:
            return
        fed = dict.fromkeys(
            name
            for name, each in definition.input_dict.items()
            if name in values or (name not in given_below and is_fed(each, name, connected))
        )
        self.graph(definition, inner, (*path, "ops"), handle, fed)

    def mapped(self, definition: GraphStructure, mapping: Any, entry: Mapping[str, Any], path: Path) -> Any:
        """Return the config of the nodes inside, as the graph's mapping makes it."""
        before = len(self.walk.problems)
        raw = entry.get("config", NOTHING_GIVEN)
        outer = resolve_entry(definition.config_field, raw, path, self.walk)
        for key in entry:
            if key not in _MAPPED_SECTIONS:
                self.walk.add_unexpected(path, key, _MAPPED_SECTIONS, "{ config: ... }")
        if len(self.walk.problems) > before:
            return REFUSED
        if getattr(definition, "configured_from", None) is not None:
            outer = _through_origins(definition, outer, self.environment, path)
        elif mapping.receive_processed_config_values is False and raw is not NOTHING_GIVEN:
            outer = raw
        return mapping.resolve_from_validated_config(outer if outer is not None else {})

    def graph(self, graph: GraphStructure, given: Any, path: Path, handle: str, connected: Mapping[str, Any]) -> None:
        """Resolve what is said of the nodes of a graph, of whose inputs those in *connected* are fed."""
        entries: Mapping[str, Any]
        if given is NOTHING_GIVEN or given is None:
            entries = {}
        elif isinstance(given, Mapping):
            entries = given
        else:
            self.walk.add_shape_mismatch(path, given, "{ <op>: ... }", "a dict")
            return
        nodes = graph.node_dict
        for key in entries:
            if key not in nodes:
                expected = "{ " + " ".join(f"{each}?: {{ ... }}" for each in nodes) + " }"
                self.walk.add_unexpected(path, key, nodes, expected)
        for name, node in nodes.items():
            sources = graph.sources_for(name)
            fed: dict[str, str | None] = {}
            for input_name, (given_sources, _kind) in sources.items():
                if all(each.node is not None or each.output in connected for each in given_sources):
                    first = given_sources[0] if given_sources else None
                    fed[input_name] = (
                        nodes[first.node].definition.output_dict[first.output].io_manager_key
                        if first is not None and first.node is not None
                        else None
                    )
            for input_name in graph.input_assets.get(name, ()):
                fed[input_name] = None
            inner = f"{handle}.{name}" if handle else name
            self.node(name, node.definition, entries.get(name, NOTHING_GIVEN), (*path, name), inner, fed)


def is_wanted_from_config(definition: InputDefinition) -> bool:
    """Tell whether config must give the input, if nothing is connected to it."""
    if definition.has_default_value or definition.input_manager_key is not None or definition.asset_key is not None:
        return False
    return not definition.dagster_type.is_nothing


def is_fed(definition: InputDefinition, name: str, connected: Connected) -> bool:
    """Tell whether a graph's input needs nothing from config inside: it is fed, or was asked for outside."""
    return isinstance(connected, _Mark) or name in connected or is_wanted_from_config(definition)


def example_of(definition: InputDefinition) -> Any:
    """Return how a value of an input may be written."""
    return {"value": "..."} if definition.dagster_type.loader else "..."


def _shape(names: Iterable[str], *, optional: bool) -> str:
    return "{ " + " ".join(f"{each}{'?' if optional else ''}: ..." for each in names) + " }"


def _needs_inputs(definition: OpDefinition, connected: Connected) -> bool:
    if isinstance(connected, _Mark):
        return False
    return any(name not in connected for name in definition.input_dict)


def _outputs_by_name(outputs: Any) -> Mapping[str, Any]:
    if isinstance(outputs, Mapping):
        return dict(outputs)
    merged: dict[str, Any] = {}
    for each in outputs:
        if isinstance(each, Mapping):
            merged.update(each)
    return merged


def _through_origins(definition: ConfigurableDefinition, outer: Any, environment: Any, path: Path) -> Any:
    origin = getattr(definition, "configured_from", None)
    if origin is None:
        return outer
    mapped = definition._map_config(origin, outer)
    return origin.definition.resolve_config(
        mapped, subject=f"configured graph '{getattr(definition, 'name', '')}'", environment=environment, path=path
    )


def resolve_graph_ops(state: Resolving, job: JobDefinition, given: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
    """Resolve what is said of the nodes of a job's graph; return the values of the job's own inputs."""
    graph = job.graph
    if graph.config_mapping is not None:
        if ops is NOTHING_GIVEN or ops is None:
            ops = {}
        if isinstance(ops, Mapping):
            ops = state.mapped(graph, graph.config_mapping, ops, ("ops",))
    given_below = inputs_given_below(graph, ops)
    direct = dict.fromkeys(job.input_values)
    values = state.inputs(graph.input_dict, given.get("inputs"), direct, (), given_below)
    if ops is not REFUSED:
        state.graph(graph, ops, ("ops",), "", dict.fromkeys({*graph.input_dict} - given_below | {*values, *direct}))
    return values


def inputs_given_below(graph: GraphStructure, ops: Any) -> set[str]:
    """Return the graph's inputs that config gives where they are used inside, at any depth."""
    if not isinstance(ops, Mapping):
        return set()
    found = set()
    for mapping in graph.input_mappings:
        entry = ops.get(mapping.mapped_node_name)
        if not isinstance(entry, Mapping):
            continue
        inputs = entry.get("inputs")
        inner = graph.node_dict[mapping.mapped_node_name].definition
        if (isinstance(inputs, Mapping) and mapping.mapped_node_input_name in inputs) or (
            isinstance(inner, GraphStructure)
            and mapping.mapped_node_input_name in inputs_given_below(inner, entry.get("ops"))
        ):
            found.add(mapping.graph_input_name)
    return found


def resolve_asset_ops(state: Resolving, layer: Any, ops: Any) -> None:
    """Resolve what is said of the nodes of a job of assets."""
    entries: Mapping[str, Any]
    if ops is NOTHING_GIVEN or ops is None:
        entries = {}
    elif isinstance(ops, Mapping):
        entries = ops
    else:
        state.walk.add_shape_mismatch(("ops",), ops, "{ <asset>: ... }", "a dict")
        return
    names = None
    if entries:
        names = {node.name for node in layer.nodes}
        for key in entries:
            if key not in names:
                expected = "{ " + " ".join(f"{each}?: {{ ... }}" for each in sorted(names)[:20]) + " }"
                state.walk.add_unexpected(("ops",), key, names, expected)
    for node in layer.nodes:
        definition = node.assets_def._node_def
        if names is None or node.name not in entries:
            if isinstance(definition, OpDefinition) and not state.may_need_config(definition):
                continue
            state.node(node.name, definition, NOTHING_GIVEN, ("ops", node.name), node.name, ALL_CONNECTED)
        else:
            state.node(node.name, definition, entries[node.name], ("ops", node.name), node.name, ALL_CONNECTED)
