"""
Run config against a job: what each op, resource, logger and the executor gets.

Pure but for config mappings, which are functions of the user. All problems are told at once (of ops: ``ops_config.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from orrery.base.errors import InvalidConfigError
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.parts.types import NOTHING
from orrery.model.config.configured import NOTHING_GIVEN, plain_config, resolve_entry
from orrery.model.config.problems import raise_if_problems, show_value
from orrery.model.config.run_config import RunConfig, run_config_dict
from orrery.plan.ops_config import NO_OP_CONFIG, OpConfig, Resolving, resolve_asset_ops, resolve_graph_ops

__all__ = [
    "ResolvedRunConfig",
    "needed_resources",
    "resolve_run_config",
]


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
    state = Resolving(job, environment)
    layer = job.asset_layer
    for key in given:
        if key not in _SECTIONS:
            state.walk.add_unexpected((), key, _SECTIONS, _SHAPE)
    ops = given.get("ops", NOTHING_GIVEN)
    job_inputs: Mapping[str, Any] = {}
    if layer is not None and layer.is_asset_job:
        resolve_asset_ops(state, layer, ops)
    else:
        job_inputs = resolve_graph_ops(state, job, given, ops)
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


def _resources(state: Resolving, job: JobDefinition, given: Mapping[str, Any]) -> None:
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
        for hook in job.hook_defs:
            needed |= hook.required_resource_keys
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


def _loggers(state: Resolving, job: JobDefinition, given: Mapping[str, Any]) -> Mapping[str, Any]:
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


def _of_configurable(state: Resolving, definition: Any, raw: Any, path: tuple[str, ...]) -> Any:
    """Return the config that a definition's function sees: for a configured copy, that of the original."""
    resolved = resolve_entry(definition.config_field, raw, path, state.walk)
    if getattr(definition, "configured_from", None) is not None and not state.walk.problems:
        return definition.resolve_config(raw, subject=".".join(path), environment=state.environment, path=path)
    return resolved


def _execution(state: Resolving, job: JobDefinition, given: Mapping[str, Any]) -> Any:
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
