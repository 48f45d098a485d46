"""
What the run config of a job may hold, as one config type.

The same rules as ``run_config.py``, told instead of applied: which ops take config, which inputs nothing feeds,
which IO managers take config for inputs and outputs, resources, loggers, executor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.inputs_outputs import InputDefinition
from orrery.model.config.schema import Field, Permissive, Shape
from orrery.plan.ops_config import is_wanted_from_config
from orrery.plan.run_config import needed_resources

__all__ = ["run_config_field"]


def run_config_field(job: JobDefinition) -> Field:
    """Return what the run config of *job* may hold."""
    mapping = job.own_config_mapping
    if mapping is not None:
        return mapping.config_field
    sections: dict[str, Field] = {}
    layer = job.asset_layer
    if layer is not None and layer.is_asset_job:
        ops = {node.name: _node(job, node.assets_def._node_def, None) for node in layer.nodes}
        _add(sections, "ops", _shape(ops))
    else:
        graph = job.graph
        fed = dict.fromkeys(job.input_values)
        inputs = {name: each for name, each in graph.input_dict.items() if name not in fed}
        _add(sections, "inputs", _inputs(inputs))
        if graph.config_mapping is not None:
            _add(sections, "ops", Field(Shape({"config": graph.config_mapping.config_field})))
        else:
            _add(sections, "ops", _nodes(job, graph))
    _add(sections, "resources", _resources(job))
    _add(sections, "loggers", _shape({key: _config(each.config_field) for key, each in job.loggers.items()}))
    if job.executor is not None:
        _add(sections, "execution", _config(job.executor.config_field))
    return Field(Shape(sections), is_required=False) if not sections else Field(Shape(sections))


def _nodes(job: JobDefinition, graph: GraphStructure) -> Field | None:
    """Return the config of the nodes of *graph*; its own inputs are asked for outside."""
    found: dict[str, Field | None] = {}
    for name, node in graph.node_dict.items():
        fed = {*graph.sources_for(name), *graph.input_assets.get(name, ())}
        open_inputs = {key: each for key, each in node.definition.input_dict.items() if key not in fed}
        found[name] = _node(job, node.definition, open_inputs)
    return _shape(found)


def _node(job: JobDefinition, definition: Any, open_inputs: Mapping[str, InputDefinition] | None) -> Field | None:
    """Return the config of one node; None if it takes none. *open_inputs* of None: all are fed."""
    parts: dict[str, Field] = {}
    if isinstance(definition, GraphStructure):
        if definition.config_mapping is not None:
            _add(parts, "config", definition.config_field)
        else:
            _add(parts, "ops", _nodes(job, definition))
    elif definition.has_config:
        _add(parts, "config", definition.config_field)
    loaded: dict[str, InputDefinition] = {}
    if not isinstance(definition, GraphStructure):  # what a manager loads may take config, fed or not
        loaded = {name: each for name, each in definition.input_dict.items() if each.input_manager_key is not None}
    _add(parts, "inputs", _inputs({**(open_inputs or {}), **loaded}, job))
    if not isinstance(definition, GraphStructure):
        outputs = {
            name: getattr(job.resource_defs.get(each.io_manager_key), "output_config_field", None)
            for name, each in definition.output_dict.items()
        }
        _add(parts, "outputs", _shape(outputs))
    return Field(Shape(parts), description=definition.description) if parts else None


def _inputs(definitions: Mapping[str, InputDefinition], job: JobDefinition | None = None) -> Field | None:
    """Return what config may say of inputs that nothing feeds: a value of the type, or config of a manager."""
    found: dict[str, Field | None] = {}
    for name, each in definitions.items():
        if each.dagster_type.is_nothing or each.asset_key is not None:
            continue
        if each.input_manager_key is not None:
            manager = job.resource_defs.get(each.input_manager_key) if job is not None else None
            found[name] = getattr(manager, "input_config_field", None)
            continue
        loader = each.dagster_type.loader
        found[name] = Field(
            Any if loader is None else loader.schema_type,
            is_required=is_wanted_from_config(each),
            description=each.description,
        )
    return _shape(found)


def _resources(job: JobDefinition) -> Field | None:
    needed = needed_resources(job) if job.asset_layer is not None else set(job.resource_defs)
    found: dict[str, Field | None] = {}
    for key, definition in job.resource_defs.items():
        field = definition.config_field
        if not _says_anything(field):
            continue
        below = Shape({"config": field}, description=definition.description)
        found[key] = (
            Field(below, description=definition.description) if key in needed else Field(below, is_required=False)
        )
    return _shape(found)


def _config(field: Field | None) -> Field | None:
    return Field(Shape({"config": field})) if field is not None and _says_anything(field) else None


def _says_anything(field: Field) -> bool:
    """Tell whether the schema is one that somebody wrote: not just anything, and not a dict without fields."""
    config_type = field.config_type
    if isinstance(config_type, Shape | Permissive):
        return bool(config_type.fields)
    return config_type.render() != "Any"


def _shape(fields: Mapping[str, Field | None]) -> Field | None:
    known = {name: each for name, each in fields.items() if each is not None}
    return Field(Shape(known)) if known else None


def _add(parts: dict[str, Field], name: str, field: Field | None) -> None:
    if field is not None:
        parts[name] = field
