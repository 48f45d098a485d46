"""
Run config against a job: what each op, resource, logger and the executor gets.

Pure but for config mappings, which are functions of the user. All problems are told at once. Ops for
which nothing is given and nothing is wanted cost nothing, so that a job of many assets is resolved in
time proportional to what was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec

from orrery.base.errors import InvalidConfigError
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.inputs_outputs import InputDefinition, OutputDefinition
from orrery.definitions.parts.types import NOTHING
from orrery.model.config.configured import NOTHING_GIVEN, ConfigurableDefinition, plain_config, resolve_entry
from orrery.model.config.problems import Path, Walk, at, raise_if_problems, show_value
from orrery.model.config.run_config import RunConfig, run_config_dict
from orrery.model.config.schema import Field, resolve_field

__all__ = ["OpConfig", "ResolvedRunConfig", "resolve_run_config"]


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


class ResolvedRunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """
    Run config, checked and with defaults.

    Attributes:
        ops: What is said of each op, by the names of nodes joined by dots; ops without an entry get nothing.
        resources: ``{"config": ...}`` of each resource that was given config, as given.
        loggers: Config of each logger that was chosen.
        execution: Config of the executor, or None.
        inputs: Values of the job's own inputs, as given.
        given: The run config as the user gave it.
    """

    ops: Mapping[str, OpConfig] = {}
    resources: Mapping[str, Any] = {}
    loggers: Mapping[str, Any] = {}
    execution: Any = None
    inputs: Mapping[str, Any] = {}
    given: Mapping[str, Any] = {}

    def op(self, path: str) -> OpConfig:
        """Return what is said of the op at *path*."""
        return self.ops.get(path, NO_OP_CONFIG)

    def to_dict(self) -> Mapping[str, Any]:
        """Return the run config as the user gave it."""
        return self.given


_SECTIONS = ("ops", "resources", "loggers", "execution", "inputs")
_SHAPE = "{ execution?: ..., inputs?: ..., loggers?: ..., ops?: ..., resources?: ... }"
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


class _Resolving:
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


def resolve_run_config(
    job: JobDefinition, run_config: Any, environment: Mapping[str, str] | None = None
) -> ResolvedRunConfig:
    """
    Return *run_config* as it holds for *job*.

    Args:
        job: The job.
        run_config: A dictionary or a :class:`RunConfig`. The job's own holds for each op, resource and logger that it
            does not name; what it says of nodes that a selection left out is not looked at.
        environment: Variables by name; None leaves references to them as they are.

    Raises:
        InvalidConfigError: Tells all problems at once.
        ConfigMappingFunctionError: A config mapping raised.
    """
    if run_config is None:
        run_config = job.run_config
    given = plain_config(run_config) if run_config is not None else {}
    if hasattr(given, "to_config_dict"):
        given = given.to_config_dict()
    if not isinstance(given, Mapping):
        raise InvalidConfigError(
            f"The run config of job '{job.name}' is {given!r} ({type(given).__name__}), which is no dictionary.",
            mend='write {"ops": {...}, "resources": {...}}, or a RunConfig.',
        )
    recorded = given
    mapping = job.own_config_mapping
    if mapping is not None:
        given = _made_by_mapping(job, mapping.resolve_from_unvalidated_config(dict(given), environment))
    elif given is not job.run_config and job.run_config:
        given = over_defaults(job.run_config, given)
    if job.is_subset:
        given = without_left_out(given, job.node_names_left_out)
    state = _Resolving(job, environment)
    layer = job.asset_layer
    for key in given:
        if key not in _SECTIONS:
            state.walk.add_unexpected((), key, _SECTIONS, _SHAPE)
    ops = given.get("ops", NOTHING_GIVEN)
    job_inputs: Mapping[str, Any] = {}
    if layer is not None and layer.is_asset_job:
        _asset_ops(state, layer, ops)
    else:
        job_inputs = _graph_ops(state, job, given, ops)
    _resources(state, job, given)
    loggers = _loggers(state, job, given)
    execution = _execution(state, job, given)
    raise_if_problems(state.walk.problems, subject=f"job {job.name}")
    for handle, definition, raw, path in state.later:
        entry = state.ops.get(handle, NO_OP_CONFIG)
        config = definition.resolve_config(raw, subject=f"op '{handle}'", environment=environment, path=path)
        state.ops[handle] = msgspec.structs.replace(entry, config=config)
    return ResolvedRunConfig(
        ops=state.ops,
        resources=given.get("resources") or {},
        loggers=loggers,
        execution=execution,
        inputs=dict(job_inputs),
        given=recorded if mapping is None else given,
    )


def _made_by_mapping(job: JobDefinition, made: Any) -> Mapping[str, Any]:
    """Return as a dict the run config that the config mapping of *job* made."""
    if isinstance(made, RunConfig):
        return run_config_dict(made)
    if not isinstance(made, Mapping):
        raise InvalidConfigError(
            f"The config mapping of job '{job.name}' returned {show_value(made)} ({type(made).__name__}), "
            "which is no run config.",
            mend='let the function return {"ops": {...}}, or a RunConfig.',
        )
    return made


def over_defaults(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return *given* over *defaults*: what it says of an op, a resource or a logger takes the place of the default's.

    >>> over_defaults({"ops": {"a": {"config": 1}, "b": {"config": 2}}}, {"ops": {"a": {"config": 3}}})
    {'ops': {'a': {'config': 3}, 'b': {'config': 2}}}
    """
    merged = dict(defaults)
    for section, entry in given.items():
        default = defaults.get(section)
        both = isinstance(default, Mapping) and isinstance(entry, Mapping)
        merged[section] = {**default, **entry} if both else entry  # type: ignore[dict-item]  # both are mappings
    return merged


def without_left_out(given: Mapping[str, Any], names: AbstractSet[str]) -> Mapping[str, Any]:
    """Return run config without what it says of nodes that a selection left out."""
    ops = given.get("ops")
    if not isinstance(ops, Mapping) or not names & ops.keys():
        return given
    return {**given, "ops": {name: entry for name, entry in ops.items() if name not in names}}


def _graph_ops(state: _Resolving, job: JobDefinition, given: Mapping[str, Any], ops: Any) -> Mapping[str, Any]:
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


def _asset_ops(state: _Resolving, layer: Any, ops: Any) -> None:
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


def _resources(state: _Resolving, job: JobDefinition, given: Mapping[str, Any]) -> None:
    """Refuse config of resources that there are not, and what does not fit those that there are or is lacking for those needed."""
    resources = given.get("resources")
    if resources is None:
        entries: Mapping[str, Any] = {}
    elif isinstance(resources, Mapping):
        entries = resources
    else:
        state.walk.add_shape_mismatch(("resources",), resources, "{ <resource>: { config: ... } }", "a dict")
        return
    known = {**dict.fromkeys(job.resource_defs), "io_manager": None}
    for key in entries:
        if key not in known:
            state.walk.add_unexpected(
                ("resources",), key, known, "{ " + " ".join(f"{each}?: ..." for each in known) + " }"
            )
            continue
        entry = entries[key]
        if entry is not None and not isinstance(entry, Mapping):
            state.walk.add_shape_mismatch(("resources", key), entry, "{ config?: ... }", "a dict")
    needed: set[str] | None = None
    for key, definition in job.resource_defs.items():
        entry = entries.get(key)
        raw = entry.get("config", NOTHING_GIVEN) if isinstance(entry, Mapping) else NOTHING_GIVEN
        if isinstance(entry, Mapping):
            for name in entry:
                if name != "config":
                    state.walk.add_unexpected(("resources", key), name, ["config"], "{ config?: ... }")
        field = definition.config_field
        if raw is NOTHING_GIVEN and not field.is_required:
            continue
        if raw is NOTHING_GIVEN:
            needed = needed_resources(job) if needed is None else needed
            if key not in needed:
                continue
        resolve_entry(field, raw, ("resources", key), state.walk)


def needed_resources(job: JobDefinition) -> set[str]:
    """Return the keys of the resources that a run of *job* opens, with those that they need themselves."""
    layer = job.asset_layer
    needed: set[str] = set()
    if layer is not None and layer.is_asset_job:
        job_kept, found = layer.kept.get(_KEPT_NEEDS, (None, needed))
        if job_kept is job:
            return set(found)
        for node in layer.nodes:
            needed.update(node.assets_def.get_resource_requirements())
            for hook in node.assets_def.hook_defs:
                needed |= hook.required_resource_keys
            for name, key in node.assets_def.keys_by_input_name.items():
                if key.parts in layer.producers or node.assets_def.node_def.input_dict[name]._type is NOTHING:
                    continue
                known = layer.assets_def_for_key(key)
                if known is not None:
                    needed.add(known.get_io_manager_key_for_asset_key(key))
    else:
        needed |= job.required_resource_keys
    stack = list(needed)
    while stack:
        definition = job.resource_defs.get(stack.pop())
        for key in () if definition is None else definition.get_required_resource_keys(job.resource_defs):
            if key not in needed:
                needed.add(key)
                stack.append(key)
    if layer is not None and layer.is_asset_job:
        layer.kept[_KEPT_NEEDS] = (job, frozenset(needed))
    return needed


_KEPT_NEEDS = "needed resources"


def _loggers(state: _Resolving, job: JobDefinition, given: Mapping[str, Any]) -> Mapping[str, Any]:
    loggers = given.get("loggers")
    if loggers is None:
        return {}
    if not isinstance(loggers, Mapping):
        state.walk.add_shape_mismatch(("loggers",), loggers, "{ <logger>: { config: ... } }", "a dict")
        return {}
    found = {}
    known = {**dict.fromkeys(job.loggers), "console": None}
    for key, entry in loggers.items():
        if key not in known:
            state.walk.add_unexpected(
                ("loggers",), key, known, "{ " + " ".join(f"{each}?: ..." for each in known) + " }"
            )
            continue
        definition = job.loggers.get(key)
        raw = entry.get("config", NOTHING_GIVEN) if isinstance(entry, Mapping) else NOTHING_GIVEN
        if definition is None:
            found[key] = raw if raw is not NOTHING_GIVEN else {}
        else:
            found[key] = _of_configurable(state, definition, raw, ("loggers", key))
    return found


def _of_configurable(state: _Resolving, definition: Any, raw: Any, path: tuple[str, ...]) -> Any:
    """Return the config that a definition's function sees: for a configured copy, that of the original."""
    resolved = resolve_entry(definition.config_field, raw, path, state.walk)
    if getattr(definition, "configured_from", None) is not None and not state.walk.problems:
        return definition.resolve_config(raw, subject=".".join(path), environment=state.environment, path=path)
    return resolved


def _execution(state: _Resolving, job: JobDefinition, given: Mapping[str, Any]) -> Any:
    entry = given.get("execution")
    definition = job.executor
    if entry is not None and not isinstance(entry, Mapping):
        state.walk.add_shape_mismatch(("execution",), entry, "{ config?: ... }", "a dict")
        return None
    for key in entry or ():
        if key != "config":
            state.walk.add_unexpected(("execution",), key, ["config"], "{ config?: ... }")
    raw = (entry or {}).get("config", NOTHING_GIVEN)
    if definition is None:
        return raw if raw is not NOTHING_GIVEN else None
    return _of_configurable(state, definition, raw, ("execution",))
