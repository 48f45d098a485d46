"""
From a job to the plan of a run.

Pure. A job of assets is compiled from its layer, one definition at a time; any other job by walking its
graph and the graphs inside. Nested graphs leave no trace but the names in the keys of steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.bulk import collection_paused
from orrery.base.errors import InvalidDefinitionError
from orrery.base.keys import AssetKey
from orrery.definitions.assets.asset_job import AssetLayer, AssetNodeUse
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.graphs.dependency import DependencyKind
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.node import Node, NodeHandle
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.graphs.structure import GraphStructure
from orrery.definitions.parts.hook import HookDefinition
from orrery.definitions.parts.inputs_outputs import InputDefinition
from orrery.definitions.parts.policies import BLOCKED_BY_TAG, RUN_WHEN_TAG, RetryPolicy, RunWhen
from orrery.definitions.parts.types import NOTHING
from orrery.plan.blocked_by import refuse_unknown_checks
from orrery.plan.execution_plan import ExecutionPlan
from orrery.plan.run_config import ResolvedRunConfig, resolve_run_config
from orrery.plan.sources import (
    FromAsset,
    FromCollect,
    FromConfig,
    FromDefault,
    FromDirectValue,
    FromInputManager,
    FromNothing,
    FromSeveral,
    FromStepOutput,
    InputSource,
)
from orrery.plan.step import Dimension, ExecutionStep, StepInput, StepOutput

__all__ = ["compile_plan", "create_execution_plan"]


def create_execution_plan(
    job: Any,
    run_config: Any = None,
    step_keys_to_execute: Sequence[str] | None = None,
    known_state: Any = None,
    instance_ref: Any = None,
    tags: Mapping[str, str] | None = None,
    repository_load_data: Any = None,
    *,
    environment: Mapping[str, str] | None = None,
    parent_run_id: str | None = None,
) -> ExecutionPlan:
    """
    Return the plan of a run of *job*.

    Args:
        job: A job, or a graph.
        run_config: Run config; the job's own if None.
        step_keys_to_execute: Steps to execute; all if None.
        known_state: Taken for the sake of older callers, like the rest up to *environment*.
        environment: Variables by name; None leaves references to them as they are.
        parent_run_id: The run whose values are used for steps that are not executed again.

    Raises:
        InvalidConfigError: The run config does not fit; all problems are told.
        ExecutionStepNotFoundError: A key in *step_keys_to_execute* is none of the plan's.
    """
    if hasattr(job, "get_definition"):
        job = job.get_definition()
    if isinstance(job, GraphDefinition):
        job = job.to_job()
    resolved = resolve_run_config(job, run_config, environment)
    return compile_plan(job, resolved, step_keys_to_execute, parent_run_id)


def compile_plan(
    job: JobDefinition,
    resolved: ResolvedRunConfig,
    step_keys_to_execute: Sequence[str] | None = None,
    parent_run_id: str | None = None,
) -> ExecutionPlan:
    """Return the plan of a run of *job* under a run config that was checked before."""
    layer = job.asset_layer
    kept: dict[str, Any] | None = None
    with collection_paused():
        if layer is not None and layer.is_asset_job:
            steps, kept = _asset_steps(job, layer, resolved)
        else:
            compiler = _GraphCompiler(job, resolved)
            compiler.graph(job.graph, None, compiler.top_inputs(job.graph), job.hook_defs, None)
            steps = _in_levels(compiler.steps)
    return ExecutionPlan(
        job, steps, resolved, step_keys_to_execute, parent_run_id, kept if step_keys_to_execute is None else None
    )


def _asset_steps(
    job: JobDefinition, layer: Any, resolved: ResolvedRunConfig
) -> tuple[list[ExecutionStep], dict[str, Any]]:
    """
    Return the steps of an asset job, and what was found out of them.

    They are those of the plan before, where run config has no say in them.
    """
    job_kept, steps, found_out = layer.kept.get(_KEPT_STEPS, (None, [], {}))
    if job_kept is not job:
        steps, found_out = _AssetCompiler(job, layer, resolved).compile(), {}
        if all(step.is_whole_asset for step in steps):
            layer.kept[_KEPT_STEPS] = (job, steps, found_out)
    return list(steps), found_out


_KEPT_STEPS = "steps"


def _in_levels(steps: list[ExecutionStep]) -> list[ExecutionStep]:
    """Return *steps* by level, and by key within a level."""
    level: dict[str, int] = {}
    for step in steps:
        parents = [level[key] for key in step.parent_keys if key in level]
        level[step.key] = max(parents) + 1 if parents else 0
    return sorted(steps, key=lambda step: (level[step.key], step.key))


def _run_when(tags: Mapping[str, str]) -> RunWhen:
    value = tags.get(RUN_WHEN_TAG)
    if value is None:
        return RunWhen.ALL_SUCCEEDED
    try:
        return RunWhen(value)
    except ValueError:
        choices = ", ".join(each.value for each in RunWhen)
        raise InvalidDefinitionError(
            f"The tag {RUN_WHEN_TAG} is '{value}', which is no rule.", mend=f"write one of {choices}."
        ) from None


class _GraphCompiler:
    """Flattens graphs into steps; keeps what each inner output became."""

    def __init__(self, job: JobDefinition, resolved: ResolvedRunConfig) -> None:
        self.job = job
        self.resolved = resolved
        self.steps: list[ExecutionStep] = []
        self.by_key: dict[str, ExecutionStep] = {}

    def top_inputs(self, graph: GraphStructure) -> dict[str, InputSource | None]:
        """Return where the inputs of the job's own graph take their values from."""
        found: dict[str, InputSource | None] = {}
        for name, definition in graph.input_dict.items():
            if name in self.job.input_values:
                found[name] = FromDirectValue(name)
            elif name in self.resolved.inputs:
                found[name] = FromConfig((), name)
            else:
                found[name] = self.unconnected(definition, (), name)
        return found

    def unconnected(self, definition: InputDefinition, path: tuple[str, ...], name: str) -> InputSource | None:
        """Return the source of an input that nothing is connected to; None if it has none."""
        if definition.input_manager_key is not None:
            return FromInputManager(definition.input_manager_key, path, name)
        given = self.resolved.ops.get(".".join(path)) if path else None
        if given is not None and name in given.inputs:
            return FromConfig(path, name)
        if isinstance(definition.asset_key, AssetKey):
            return FromAsset(definition.asset_key)
        if definition.has_default_value:
            return FromDefault(definition.default_value)
        if definition.dagster_type.is_nothing:
            return FromNothing()
        return None

    def graph(
        self,
        graph: GraphStructure,
        parent: NodeHandle | None,
        inputs: Mapping[str, InputSource | None],
        hooks: frozenset[HookDefinition],
        retry_policy: RetryPolicy | None,
        assets_def: AssetsDefinition | None = None,
        after: tuple[str, ...] = (),
        tags: Mapping[str, str] | None = None,
        wanted: Mapping[str, Any] | None = None,
    ) -> dict[tuple[str, str], tuple[str, str]]:
        """Compile the nodes of *graph*; return for each (node, output) the (step, output) that gives it."""
        gives: dict[tuple[str, str], tuple[str, str]] = {}
        for node in graph.nodes_in_topological_order:
            if wanted is not None and node.name not in wanted:
                continue
            handle = NodeHandle(node.name, parent)
            sources = graph.sources_for(node.name)
            path = tuple(handle.path)
            node_inputs: dict[str, InputSource | None] = {}
            for name, definition in node.definition.input_dict.items():
                own = self.resolved.ops.get(".".join(path))
                asset = graph.input_assets.get(node.name, {}).get(name)
                if (
                    own is not None
                    and name in own.inputs
                    and name not in sources
                    and definition.input_manager_key is None
                ):
                    node_inputs[name] = FromConfig(path, name)
                elif name in sources:
                    node_inputs[name] = self.connected(sources[name], gives, inputs, definition, path, name)
                elif asset is not None:
                    node_inputs[name] = FromAsset(asset.key)
                else:
                    node_inputs[name] = self.unconnected(definition, path, name)
            node_hooks = hooks | node.hook_defs
            policy = node.retry_policy or retry_policy
            if isinstance(node.definition, GraphStructure):
                inner = self.graph(
                    node.definition, handle, node_inputs, node_hooks, policy, assets_def, after, node.tags
                )
                for mapping in node.definition.output_mappings:
                    gives[(node.name, mapping.graph_output_name)] = inner[mapping.maps_from]
            else:
                step = self.op(node, handle, node_inputs, node_hooks, policy, assets_def, after, graph)
                for name in node.definition.output_dict:
                    gives[(node.name, name)] = (step.key, name)
        return gives

    def connected(
        self,
        sources: Any,
        gives: Mapping[tuple[str, str], tuple[str, str]],
        inputs: Mapping[str, InputSource | None],
        definition: InputDefinition,
        path: tuple[str, ...],
        name: str,
    ) -> InputSource | None:
        """Return the source of an input that something is connected to."""
        given, kind = sources
        found: list[Any] = []
        for source in given:
            if source.node is None:
                outer = inputs.get(source.output)
                if outer is None and kind is DependencyKind.DIRECT:
                    outer = self.unconnected(definition, path, name)
                found.append(outer)
            else:
                step_key, output = gives[(source.node, source.output)]
                found.append(
                    FromCollect(step_key, output)
                    if kind is DependencyKind.COLLECT
                    else FromStepOutput(step_key, output)
                )
        if kind is DependencyKind.FAN_IN:
            return FromSeveral(tuple(each for each in found if each is not None))
        return found[0]  # type: ignore[no-any-return]  # one of the sources above

    def op(
        self,
        node: Node,
        handle: NodeHandle,
        inputs: Mapping[str, InputSource | None],
        hooks: frozenset[HookDefinition],
        retry_policy: RetryPolicy | None,
        assets_def: AssetsDefinition | None,
        after: tuple[str, ...],
        graph: GraphStructure,
    ) -> ExecutionStep:
        """Add the step of an op."""
        op: Any = node.definition
        assert isinstance(op, OpDefinition)
        key = handle.to_string()
        step_inputs: dict[str, StepInput] = {}
        for name, source in inputs.items():
            definition = op._input_dict[name]
            if source is None:
                if definition.dagster_type.is_nothing:
                    source = FromNothing()
                else:
                    raise InvalidDefinitionError(
                        f"Input '{name}' of op '{key}' in job '{self.job.name}' must get a value from somewhere: no "
                        "output is connected to it, and it has no default value, no config and no input manager.",
                        mend=f"connect it, or give run config: {{'ops': {{'{node.name}': {{'inputs': {{'{name}': ...}}}}}}}}.",
                    )
            asset_key = source.asset_key if isinstance(source, FromAsset) else None
            step_inputs[name] = StepInput(name, source, definition, asset_key)
        outputs = {name: StepOutput(name, definition) for name, definition in op._output_dict.items()}
        step = ExecutionStep(
            key,
            handle,
            op,
            step_inputs,
            outputs,
            node.tags,
            assets_def,
            retry_policy or op.retry_policy or self.job.op_retry_policy,
            hooks,
            self.dimensions_of(step_inputs, key),
            _run_when(node.tags) if node.tags else RunWhen.ALL_SUCCEEDED,
            after,
        )
        self.steps.append(step)
        self.by_key[key] = step
        return step

    def dimensions_of(self, inputs: Mapping[str, StepInput], key: str) -> tuple[Dimension, ...]:
        """Return the dynamic outputs that multiply a step with these inputs, outermost first."""
        found: dict[Dimension, None] = {}
        for each in inputs.values():
            for dimension in self._source_dimensions(each.source):
                found[dimension] = None
        return tuple(found)

    def _source_dimensions(self, source: InputSource) -> tuple[Dimension, ...]:
        if isinstance(source, FromStepOutput):
            producer = self.by_key.get(source.step_key)
            if producer is None:
                return ()
            own = producer.dimensions
            if producer.outputs[source.output_name].is_dynamic:
                return (*own, (source.step_key, source.output_name))
            return own
        if isinstance(source, FromCollect):
            producer = self.by_key.get(source.step_key)
            if producer is None:
                return ()
            if producer.outputs[source.output_name].is_dynamic:
                return producer.dimensions
            return producer.dimensions[:-1]
        if isinstance(source, FromSeveral):
            found: dict[Dimension, None] = {}
            for each in source.sources:
                for dimension in self._source_dimensions(each):
                    found[dimension] = None
            return tuple(found)
        return ()


class _AssetCompiler:
    """Makes a step of each definition of an asset job."""

    def __init__(self, job: JobDefinition, layer: AssetLayer, resolved: ResolvedRunConfig) -> None:
        self.job = job
        self.layer = layer
        self.resolved = resolved
        self.graphs = _GraphCompiler(job, resolved)
        self.outputs: dict[tuple[str, ...], tuple[str, str]] = {}
        self.last_steps: dict[int, tuple[str, ...]] = {}

    def compile(self) -> list[ExecutionStep]:
        """Return the steps in order."""
        steps: list[ExecutionStep] = []
        outputs = self.outputs
        job_hooks, job_policy = self.job.hook_defs, self.job.op_retry_policy
        has_graphs = False
        for position, use in enumerate(self.layer.nodes):
            definition = use.assets_def
            node_def = definition._node_def
            if node_def is None:
                continue
            after: tuple[str, ...] = ()
            sources: dict[str, InputSource] = {}
            if not (use.waits_for_values_only and isinstance(node_def, OpDefinition)):
                sources = self._sources(definition, node_def, use.name)
                producing = {each.step_key for each in sources.values() if type(each) is FromStepOutput}
                if len(producing) < len(use.parents):
                    after = self._after(use, producing)
            if isinstance(node_def, OpDefinition):
                step = self._op_step(use, definition, node_def, after, job_hooks, job_policy)
                steps.append(step)
                self.graphs.by_key[step.key] = step
                self.last_steps[position] = (step.key,)
                for output_name, key in definition._keys_by_output_name.items():
                    if definition._selected_keys is None or key in definition._selected_keys:
                        outputs[key.parts] = (step.key, output_name)
            else:
                has_graphs = True
                steps.extend(self._graph_steps(position, use, definition, node_def, sources, after))
        return _in_levels(steps) if has_graphs else steps

    def _sources(self, definition: AssetsDefinition, node_def: Any, own_step: str) -> dict[str, InputSource]:
        """Return where each input of a node takes its value from; an asset's own earlier value is a stored one."""
        sources: dict[str, InputSource] = {}
        for name, key in definition.keys_by_input_name.items():
            made = self.outputs.get(key.parts)
            if made is not None and made[0] != own_step:
                sources[name] = FromStepOutput(made[0], made[1])
            elif node_def._input_dict[name]._type is NOTHING:
                sources[name] = FromNothing()
            else:
                sources[name] = FromAsset(key)
        return sources

    def parents_of(self, step: ExecutionStep) -> tuple[str, ...]:
        """Return the steps that give what the inputs of one take, and those it comes after for another reason."""
        outputs, own_step = self.outputs, step.key
        found: dict[str, None] = {}
        for key in step.assets_def.keys_by_input_name.values():
            made = outputs.get(key.parts)
            if made is not None and made[0] != own_step:
                found[made[0]] = None
        for each in step.after:
            found[each] = None
        return tuple(found)

    def inputs_of(self, step: ExecutionStep) -> dict[str, StepInput]:
        """Return the inputs of a step by name."""
        definition, inputs = step.assets_def, step.op._input_dict
        keys = definition._keys_by_input_name
        return {
            name: StepInput(name, source, inputs[name], keys[name])
            for name, source in self._sources(definition, step.op, step.key).items()
        }

    def _after(self, use: AssetNodeUse, producing: set[str]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for parent in use.parents:
            steps = self.last_steps.get(parent, ())
            if not any(key in producing for key in steps):
                for key in steps:
                    found[key] = None
        return tuple(found)

    def _op_step(
        self,
        use: AssetNodeUse,
        definition: AssetsDefinition,
        op: OpDefinition,
        after: tuple[str, ...],
        job_hooks: frozenset[HookDefinition],
        job_policy: RetryPolicy | None,
    ) -> ExecutionStep:
        selected = definition._selected_keys
        by_output = definition._keys_by_output_name
        checks = definition._check_specs_by_output_name
        if len(op._output_dict) == 1 and not checks:
            ((output_name, output_def),) = op._output_dict.items()
            outputs = {output_name: StepOutput(output_name, output_def, by_output.get(output_name))}
        else:
            outputs = {}
            wanted_checks = definition._selected_check_keys
            for output_name, output_def in op._output_dict.items():
                key = by_output.get(output_name)
                check = checks.get(output_name)
                chosen = (
                    (key is None or selected is None or key in selected)
                    if check is None
                    else wanted_checks is None or check.key in wanted_checks
                )
                outputs[output_name] = StepOutput(output_name, output_def, key, check, chosen)
        tags = op._tags
        if tags and BLOCKED_BY_TAG in tags:
            refuse_unknown_checks(definition, tags, self.layer.producers.keys(), self.layer.all_defs)
        return ExecutionStep(
            use.name,
            None,
            op,
            self,
            outputs,
            tags,
            definition,
            op._retry_policy or job_policy,
            (job_hooks | definition.hook_defs) if job_hooks or definition.hook_defs else job_hooks,
            (),
            _run_when(tags) if tags else RunWhen.ALL_SUCCEEDED,
            after,
            True,
        )

    def _graph_steps(
        self,
        position: int,
        use: AssetNodeUse,
        definition: AssetsDefinition,
        graph: Any,
        sources: Mapping[str, InputSource],
        after: tuple[str, ...],
    ) -> list[ExecutionStep]:
        assert isinstance(graph, GraphStructure)
        wanted = None
        if definition.is_subset:
            wanted = _needed_nodes(
                graph, set(definition.keys_by_output_name) | set(definition.check_specs_by_output_name)
            )
        before = len(self.graphs.steps)
        gives = self.graphs.graph(
            graph,
            NodeHandle(use.name),
            dict(sources),
            self.job.hook_defs | definition.hook_defs,
            None,
            definition,
            after,
            None,
            wanted,
        )
        made = self.graphs.steps[before:]
        keys_by_input = definition._keys_by_input_name
        by_source = {id(source): keys_by_input[name] for name, source in sources.items()}
        by_step = {
            (source.step_key, source.output_name): keys_by_input[name]
            for name, source in sources.items()
            if isinstance(source, FromStepOutput)
        }
        for step in made:
            for each in step.inputs.values():
                key = by_source.get(id(each.source))
                if key is None and isinstance(each.source, FromStepOutput):
                    key = by_step.get((each.source.step_key, each.source.output_name))
                if key is not None:
                    each.asset_key = key
        last = []
        steps_by_key = {step.key: step for step in made}
        for mapping in graph.output_mappings:
            if mapping.maps_from not in gives:
                continue
            step_key, inner_output = gives[mapping.maps_from]
            step = steps_by_key[step_key]
            asset_key = definition._keys_by_output_name.get(mapping.graph_output_name)
            check = definition._check_specs_by_output_name.get(mapping.graph_output_name)
            output = step.outputs[inner_output]
            selected = definition._selected_keys
            output.asset_key = asset_key
            output.check_spec = check
            output.is_selected = asset_key is None or selected is None or asset_key in selected
            if asset_key is not None:
                self.outputs[asset_key.parts] = (step_key, inner_output)
            last.append(step_key)
        self.last_steps[position] = tuple(dict.fromkeys(last)) or tuple(step.key for step in made)
        return made


def _needed_nodes(graph: GraphStructure, outputs: set[str]) -> dict[str, None]:
    """Return the nodes of *graph* that the chosen outputs need."""
    stack = [each.mapped_node_name for each in graph.output_mappings if each.graph_output_name in outputs]
    found = dict.fromkeys(stack)
    while stack:
        for given, _kind in graph.sources_for(stack.pop()).values():
            for source in given:
                if source.node is not None and source.node not in found:
                    found[source.node] = None
                    stack.append(source.node)
    return found
