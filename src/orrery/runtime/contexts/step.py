"""
The context of one attempt at a step: the core that all other contexts of the step are views of.

Everything is worked out when it is asked for. A step that asks for nothing pays for this object and
no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orrery.base.errors import InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import normalize_metadata
from orrery.base.tags import (
    canonical_tag,
)
from orrery.definitions.graphs.node import NodeHandle
from orrery.definitions.graphs.op import OpDefinition
from orrery.model.events.build import StepRef
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.plan.ops_config import OpConfig
from orrery.plan.step import ExecutionStep
from orrery.runtime.contexts.init_resource import ScopedResources
from orrery.runtime.contexts.log import LogManager
from orrery.runtime.contexts.step_partitions import StepPartitions

__all__ = ["StepExecutionContext"]


class StepExecutionContext:
    """
    One attempt at a step of a run.

    Attributes:
        plan_context: The context of the run.
        step: The step.
        previous_attempt_count: How often the step was tried before, in this run.
        events: Events that the function logged, not yet recorded.
        partitions: The partitions that it works on.
    """

    __slots__ = (
        "_data_versions",
        "_dependants",
        "_log",
        "_metadata",
        "_metadata_as_given",
        "_ref",
        "_resources",
        "asset_metadata",
        "events",
        "partitions",
        "plan_context",
        "previous_attempt_count",
        "seen_outputs",
        "step",
        "step_exception",
        "step_output_capture",
        "typed_event_stream_error_message",
    )

    plan_context: Any

    def __init__(self, plan_context: Any, step: ExecutionStep, previous_attempts: int = 0) -> None:
        self.plan_context = plan_context
        self.step = step
        self.previous_attempt_count = previous_attempts
        self.events: list[Any] | None = None
        self.seen_outputs: set[tuple[str, str | None]] | None = None
        self.asset_metadata: dict[AssetKey, dict[str, Any]] | None = None
        self.step_exception: BaseException | None = None
        self.step_output_capture: dict[Any, Any] | None = None
        self.typed_event_stream_error_message: str | None = None
        self._metadata: dict[tuple[str, str | None], dict[str, Any]] | None = None
        self._metadata_as_given: dict[tuple[str, str | None], dict[str, Any]]
        self._data_versions: dict[AssetKey, Any] | None = None
        self._dependants: dict[AssetKey, set[str]] | None = None
        self._log: LogManager | None = None
        self._ref: StepRef | None = None
        self._resources: ScopedResources | None = None
        self.partitions = StepPartitions(plan_context, step)

    def outputs_after(self, asset_key: AssetKey) -> set[str]:
        """Return the names of the step's outputs whose assets depend on *asset_key*."""
        found = self._dependants
        if found is None:
            found = self._dependants = {}
            specs = self.step.assets_def.specs_by_key if self.step.assets_def is not None else {}
            for name, output in self.step.outputs.items():
                key = output.asset_key
                if key is not None and output.check_spec is None and key in specs:
                    for dep in specs[key].deps:
                        if dep.asset_key != key:
                            found.setdefault(dep.asset_key, set()).add(name)
        return found.get(asset_key, _NO_OUTPUTS)

    # -- the run -------------------------------------------------------------------------------

    @property
    def instance(self) -> Any:
        """Return the instance that the run is recorded in."""
        return self.plan_context.instance

    @property
    def run(self) -> Any:
        """Return the run."""
        return self.plan_context.run

    @property
    def dagster_run(self) -> Any:
        """Return the run."""
        return self.plan_context.run

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        found: str = self.plan_context.run.run_id
        return found

    @property
    def run_config(self) -> Mapping[str, Any]:
        """Return the run config as the user gave it."""
        found: Mapping[str, Any] = self.plan_context.run.run_config
        return found

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the tags of the run."""
        found: Mapping[str, str] = self.plan_context.run.tags
        return found

    def has_tag(self, key: str) -> bool:
        """Tell whether the run bears the tag."""
        return canonical_tag(key) in self.plan_context.run.tags

    def get_tag(self, key: str) -> str | None:
        """Return the value of the run's tag, or None."""
        value: str | None = self.plan_context.run.tags.get(canonical_tag(key))
        return value

    @property
    def job(self) -> Any:
        """Return the job that runs."""
        return self.plan_context.execution_plan.job

    @property
    def job_def(self) -> Any:
        """Return the job that runs."""
        return self.plan_context.execution_plan.job

    @property
    def job_name(self) -> str:
        """Return the name of the job that runs."""
        found: str = self.plan_context.run.job_name
        return found

    @property
    def execution_plan(self) -> Any:
        """Return the plan of the run."""
        return self.plan_context.execution_plan

    @property
    def plan_data(self) -> Any:
        """Return the context of the run."""
        return self.plan_context

    @property
    def resolved_run_config(self) -> Any:
        """Return the run config, checked and with defaults."""
        return self.plan_context.execution_plan.resolved_run_config

    @property
    def raise_on_error(self) -> bool:
        """Tell whether a failure is raised, and not only recorded."""
        found: bool = self.plan_context.raise_on_error
        return found

    @property
    def event_loop(self) -> Any:
        """Return the event loop of the run."""
        return self.plan_context.loop() if self.plan_context.loop is not None else None

    @property
    def repository_def(self) -> Any:
        """Return the repository of the job, where the run was started from one."""
        return getattr(self.job_def, "repository_def", None)

    def for_step(self, step: ExecutionStep, known_state: Any = None) -> StepExecutionContext:
        """Return the context of another step of the same run."""
        return StepExecutionContext(self.plan_context, step)

    # -- the step ------------------------------------------------------------------------------

    @property
    def ref(self) -> StepRef:
        """Return what the events of the step begin with."""
        ref = self._ref
        if ref is None:
            ref = self._ref = self.plan_context.ref_of(self.step)
        return ref

    @property
    def node_handle(self) -> NodeHandle:
        """Return where the node stands in the job."""
        return self.step.handle

    @property
    def op(self) -> Any:
        """Return the op, as a node of the job."""
        return _NamedOp(self.step.name, self.step.op, self.step.tags)

    @property
    def op_def(self) -> OpDefinition:
        """Return the op."""
        return self.step.op

    @property
    def op_config(self) -> Any:
        """Return the config of the op, resolved."""
        return self.op_entry.config

    @property
    def op_entry(self) -> OpConfig:
        """Return what run config says of the op."""
        step = self.step
        ops = self.plan_context.execution_plan.resolved_run_config.ops
        if not ops:
            return _NO_ENTRY
        entry: OpConfig = ops.get(
            step._handle.to_string() if step._handle is not None else step.template_key, _NO_ENTRY
        )
        return entry

    @property
    def op_retry_policy(self) -> Any:
        """Return the retry policy of the step, if any."""
        return self.step.retry_policy

    @property
    def retry_number(self) -> int:
        """Return how often the step was tried before, in this run."""
        return self.previous_attempt_count

    @property
    def step_launcher(self) -> None:
        """Return None: the executor decides where a step runs."""
        return None

    def describe_op(self) -> str:
        """Return the op in words."""
        return f'op "{self.step.handle}"'

    @property
    def log(self) -> LogManager:
        """Return the logger of the step."""
        log = self._log
        if log is None:
            log = self.plan_context.log_manager.for_step(self.step.key, self.logging_tags)
            self._log = log
        return log

    @property
    def logging_tags(self) -> Mapping[str, str]:
        """Return what each log line of the step is tagged with."""
        return {
            "job_name": self.job_name,
            "run_id": self.run_id,
            "step_key": self.step.key,
            "op_name": self.step.op.name,
        }

    @property
    def event_tags(self) -> Mapping[str, str]:
        """Return what each event of the step is tagged with."""
        return {key: value for key, value in self.logging_tags.items() if key != "run_id"}

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """Return the keys of the resources that the step may use."""
        keys = set(self.step.op.required_resource_keys)
        keys.update(each.definition.io_manager_key for each in self.step.outputs.values())
        for each in self.step.inputs.values():
            if each.definition.input_manager_key:
                keys.add(each.definition.input_manager_key)
        assets_def = self.step.assets_def
        if assets_def is not None:
            for definition in assets_def.resource_defs.values():
                keys |= definition.required_resource_keys
        return keys

    @property
    def resources(self) -> ScopedResources:
        """Return the resources that the step declares, as attributes."""
        resources = self._resources
        if resources is None:
            opened = self.plan_context.opened
            keys = self.required_resource_keys
            resources = opened.scoped(frozenset(key for key in keys if key in opened.mapping), late=True)
            self._resources = resources
        return resources

    @property
    def trace(self) -> Any:
        """Return what notes the calls of this run, if somebody asked for it."""
        return self.plan_context.trace

    # -- outputs -------------------------------------------------------------------------------

    @property
    def selected_output_names(self) -> AbstractSet[str]:
        """Return the outputs that this run wants of the step."""
        return {name for name, each in self.step.outputs.items() if each.is_selected}

    def has_seen_output(self, output_name: str, mapping_key: str | None = None) -> bool:
        """Tell whether the function gave the output already."""
        return self.seen_outputs is not None and (output_name, mapping_key) in self.seen_outputs

    def observe_output(self, output_name: str, mapping_key: str | None = None) -> None:
        """Note that the function gave the output."""
        if self.seen_outputs is None:
            self.seen_outputs = set()
        self.seen_outputs.add((output_name, mapping_key))

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """
        Add metadata to an output that is still to come.

        Raises:
            InvariantViolationError: The output came already, is not there, or must be named.
        """
        if output_name is None:
            if len(self.step.outputs) != 1:
                names = ", ".join(self.step.outputs)
                raise InvariantViolationError(
                    f"Attempted to add metadata without providing output_name, but multiple outputs exist: {names}. "
                    "Please provide an output_name to the invocation of `context.add_output_metadata`."
                )
            output_name = next(iter(self.step.outputs))
        output = self.step.outputs.get(output_name)
        if output is None:
            raise InvariantViolationError(
                f"Attempted to add metadata for invalid output '{output_name}'",
                mend=nearest_hint(output_name, self.step.outputs, noun="output"),
            )
        if output.is_dynamic and mapping_key is None:
            raise InvariantViolationError(
                f"Attempted to add metadata for dynamic output '{output_name}' without providing a mapping key."
            )
        if not output.is_dynamic and mapping_key is not None:
            raise InvariantViolationError(
                f"A mapping key was given for output '{output_name}', which is not dynamic.", mend="leave it out."
            )
        if self.has_seen_output(output_name, mapping_key):
            described = f"output '{output_name}'" + (f" with mapping_key '{mapping_key}'" if mapping_key else "")
            raise InvariantViolationError(
                f"In {self.describe_op()}, attempted to log output metadata for {described} which has already been yielded. "
                "Metadata must be logged before the output is yielded."
            )
        if self._metadata is None:
            self._metadata = {}
            self._metadata_as_given = {}
        self._metadata.setdefault((output_name, mapping_key), {}).update(normalize_metadata(metadata))
        self._metadata_as_given.setdefault((output_name, mapping_key), {}).update(metadata)

    def get_output_metadata(self, output_name: str, mapping_key: str | None = None) -> Mapping[str, Any] | None:
        """Return the metadata that was added to the output, or None."""
        return self._metadata.get((output_name, mapping_key)) if self._metadata is not None else None

    def get_metadata_as_given(self, output_name: str, mapping_key: str | None = None) -> Mapping[str, Any] | None:
        """Return the metadata that was added to the output, as it was given, or None."""
        return self._metadata_as_given.get((output_name, mapping_key)) if self._metadata is not None else None

    def add_asset_metadata(
        self,
        metadata: Mapping[str, Any],
        asset_key: Any = None,
        partition_key: str | None = None,
    ) -> None:
        """
        Add metadata to the materialization of an asset that is still to come.

        Raises:
            InvariantViolationError: The step does not make the asset, or it must be named.
        """
        own = [each.asset_key for each in self.step.outputs.values() if each.asset_key is not None]
        if asset_key is None:
            if len(own) != 1:
                raise InvariantViolationError(
                    "Cannot call context.add_asset_metadata without specifying asset_key if there are multiple assets "
                    f"({len(own)} here)."
                )
            key = own[0]
        else:
            key = AssetKey.from_coercible(asset_key)
            if key not in own:
                raise InvariantViolationError(
                    f"Cannot add metadata for asset key '{key.to_user_string()}' because it is not being materialized.",
                    mend=nearest_hint(key.to_user_string(), [each.to_user_string() for each in own], noun="asset"),
                )
        if partition_key is not None and partition_key not in self.partition_keys_of_output(key):
            raise InvariantViolationError(
                f"Cannot add metadata for partition key '{partition_key}' because it is not being materialized."
            )
        if self.asset_metadata is None:
            self.asset_metadata = {}
        self.asset_metadata.setdefault(key, {}).update(normalize_metadata(metadata) if partition_key is None else {})
        if partition_key is not None:
            self.asset_metadata.setdefault(_PartitionOf(key, partition_key), {}).update(normalize_metadata(metadata))  # type: ignore[arg-type]  # a key of its own kind

    def get_asset_metadata(self, asset_key: AssetKey, partition_key: str | None = None) -> Mapping[str, Any] | None:
        """Return the metadata that was added to the asset (to one partition of it), or None."""
        if self.asset_metadata is None:
            return None
        if partition_key is None:
            return self.asset_metadata.get(asset_key)
        general = self.asset_metadata.get(asset_key, {})
        special = self.asset_metadata.get(_PartitionOf(asset_key, partition_key), {})  # type: ignore[call-overload]
        return {**general, **special} or None

    def set_data_version(self, asset_key: AssetKey, data_version: Any) -> None:
        """Name the data version of an asset that the step makes."""
        if self._data_versions is None:
            self._data_versions = {}
        self._data_versions[asset_key] = data_version

    def has_data_version(self, asset_key: AssetKey) -> bool:
        """Tell whether the function named a data version of the asset."""
        return self._data_versions is not None and asset_key in self._data_versions

    def get_data_version(self, asset_key: AssetKey) -> Any:
        """Return the data version that the function named."""
        return self._data_versions[asset_key] if self._data_versions is not None else None

    @property
    def requires_typed_event_stream(self) -> bool:
        """Tell whether results must be yielded and not only returned."""
        return self.typed_event_stream_error_message is not None

    def set_requires_typed_event_stream(self, *, error_message: str | None = None) -> None:
        """Ask that results be yielded and not only returned; *error_message* is shown if they are not."""
        self.typed_event_stream_error_message = error_message or ""

    # -- assets --------------------------------------------------------------------------------

    @property
    def assets_def(self) -> Any:
        """Return the definition whose node the step is, or None."""
        return self.step.assets_def

    @property
    def is_sda_step(self) -> bool:
        """Tell whether the step makes assets."""
        return any(each.asset_key is not None for each in self.step.outputs.values())

    @property
    def is_asset_check_step(self) -> bool:
        """Tell whether the step makes checks."""
        return any(each.check_spec is not None for each in self.step.outputs.values())

    @property
    def is_in_graph_asset(self) -> bool:
        """Tell whether the step lies inside the graph of an asset."""
        return self.step.assets_def is not None and not self.step.is_whole_asset

    @property
    def is_op_in_graph(self) -> bool:
        """Tell whether the step lies inside a graph."""
        return self.step._handle is not None and self.step._handle.parent is not None

    @property
    def selected_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that this run wants of the definition."""
        assets_def = self.step.assets_def
        return set(assets_def.keys) if assets_def is not None else set()

    @property
    def selected_asset_check_keys(self) -> AbstractSet[AssetCheckKey]:
        """Return the checks that this run wants of the definition."""
        assets_def = self.step.assets_def
        return set(assets_def.check_keys) if assets_def is not None else set()

    def get_output_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that the step makes."""
        return {each.asset_key for each in self.step.outputs.values() if each.asset_key is not None}

    def output_observes_source_asset(self, output_name: str) -> bool:
        """Tell whether the output observes an asset that is made elsewhere."""
        assets_def = self.step.assets_def
        return assets_def is not None and assets_def.is_observable

    # -- partitions: each answer is that of ``StepPartitions``, by the same name -----------------

    def of_partitions(self, keys: Sequence[str]) -> StepExecutionContext:
        """Return the context of the same attempt at some of its partitions."""
        found = StepExecutionContext(self.plan_context, self.step, self.previous_attempt_count)
        found.partitions = StepPartitions(self.plan_context, self.step, tuple(keys))
        found.step_output_capture = self.step_output_capture
        return found

    @property
    def run_partitions_def(self) -> Any:
        """Return the partitions of the step's assets, or those of the job."""
        return self.partitions.run_partitions_def

    @property
    def discovers(self) -> bool:
        """Tell whether the step finds its partitions on the way: the run was given none."""
        return self.partitions.discovers

    @property
    def found_partitions(self) -> Sequence[str]:
        """Return the partitions that the run has found for the step: those that are there now and were never made."""
        return self.partitions.found_partitions

    @property
    def has_partitions(self) -> bool:
        """Tell whether the run has one partition or a range of them, or has found some for the step."""
        return self.partitions.has_partitions

    @property
    def has_partition_key(self) -> bool:
        """Tell whether the run has exactly one partition, or has found one for the step."""
        return self.partitions.has_partition_key

    @property
    def has_partition_key_range(self) -> bool:
        """Tell whether the run has a range of partitions, or has found several for the step."""
        return self.partitions.has_partition_key_range

    @property
    def partition_key(self) -> str:
        """Return the partition of the run, or the one that it has found for the step."""
        return self.partitions.partition_key

    @property
    def multi_partition_key(self) -> Any:
        """Return the partition of the run, by dimension."""
        return self.partitions.multi_partition_key

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """Return the partitions of the run as a range; one partition is a range of itself."""
        return self.partitions.partition_key_range

    @property
    def partition_keys(self) -> Sequence[str]:
        """Return the partitions of the run, in order."""
        return self.partitions.partition_keys

    @property
    def partition_time_window(self) -> Any:
        """Return the window of time that the partitions of the run cover (aware instants)."""
        return self.partitions.partition_time_window

    def partitions_def_for_output(self, output_name: str) -> Any:
        """Return the partitions of the asset that the output is, or None."""
        return self.partitions.partitions_def_for_output(output_name)

    def entity_partitions_def(self, key: Any) -> Any:
        """Return the partitions of an asset, or None."""
        return self.partitions.entity_partitions_def(key)

    def partitions_def_of(self, asset_key: AssetKey) -> Any:
        """Return the partitions of an asset that the job knows, or None."""
        return self.partitions.partitions_def_of(asset_key)

    def has_asset_partitions_for_output(self, output_name: str) -> bool:
        """Tell whether the output is an asset with partitions."""
        return self.partitions.has_asset_partitions_for_output(output_name)

    def partition_keys_of_output(self, asset_key: AssetKey) -> Sequence[str]:
        """Return the partitions of the asset that this run makes; none if it has no partitions."""
        return self.partitions.partition_keys_of_output(asset_key)

    def asset_partition_key_for_output(self, output_name: str) -> str:
        """Return the one partition of the asset that the output is."""
        return self.partitions.asset_partition_key_for_output(output_name)

    def asset_partition_key_range_for_output(self, output_name: str) -> PartitionKeyRange:
        """Return the partitions of the asset that the output is, as a range."""
        return self.partitions.asset_partition_key_range_for_output(output_name)

    def asset_partitions_time_window_for_output(self, output_name: str) -> Any:
        """Return the window of time that the partitions of the output cover."""
        return self.partitions.asset_partitions_time_window_for_output(output_name)

    def has_asset_partitions_for_input(self, input_name: str) -> bool:
        """Tell whether the input loads an asset with partitions."""
        return self.partitions.has_asset_partitions_for_input(input_name)

    def asset_partitions_subset_for_input(self, input_name: str, *, require_valid_partitions: bool = True) -> Any:
        """Return the partitions of the upstream asset that the input loads, as a set."""
        return self.partitions.asset_partitions_subset_for_input(
            input_name, require_valid_partitions=require_valid_partitions
        )

    def asset_partition_keys_for_input(
        self, input_name: str, *, require_valid_partitions: bool = True
    ) -> Sequence[str]:
        """Return the partitions of the upstream asset that the input loads."""
        return self.partitions.asset_partition_keys_for_input(
            input_name, require_valid_partitions=require_valid_partitions
        )

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """Return the one partition of the upstream asset that the input loads."""
        return self.partitions.asset_partition_key_for_input(input_name)

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """Return the partitions of the upstream asset that the input loads, as one range."""
        return self.partitions.asset_partition_key_range_for_input(input_name)

    def asset_partitions_time_window_for_input(self, input_name: str) -> Any:
        """Return the window of time that the input's partitions cover."""
        return self.partitions.asset_partitions_time_window_for_input(input_name)


_NO_ENTRY = OpConfig()
_NO_OUTPUTS: set[str] = set()


class _PartitionOf:
    """One partition of an asset, as a key of its own."""

    __slots__ = ("key", "partition")

    def __init__(self, key: AssetKey, partition: str) -> None:
        self.key, self.partition = key, partition

    def __hash__(self) -> int:
        return hash((self.key, self.partition))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _PartitionOf) and (self.key, self.partition) == (other.key, other.partition)


class _NamedOp:
    """An op as a node: under the name that it bears in the job."""

    __slots__ = ("definition", "name", "tags")

    def __init__(self, name: str, definition: OpDefinition, tags: Mapping[str, str]) -> None:
        self.name = name
        self.definition = definition
        self.tags = tags

    def __getattr__(self, name: str) -> Any:
        return getattr(self.definition, name)

    def __repr__(self) -> str:
        return f"Op({self.name!r})"
