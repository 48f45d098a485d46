"""What the function of an op is told: a view of its step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from typing import Any

from orrery.base.errors import InvalidPropertyError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.graphs.node import NodeHandle
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.verbs import verbs
from orrery.model.events.data_version import data_provenance_of_tags
from orrery.model.partitions.keys import PartitionKeyRange

__all__ = ["CURRENT_CONTEXT", "OpExecutionContext"]

CURRENT_CONTEXT: ContextVar[Any] = ContextVar("orrery_current_context", default=None)


class OpExecutionContext:
    """
    What the function of an op may ask of the run: log, resources, config, partitions, its assets.

    A view of :class:`StepExecutionContext`; nothing is worked out before it is asked for.
    """

    __slots__ = ("__weakref__", "_step")

    def __init__(self, step_execution_context: Any) -> None:
        self._step = step_execution_context

    @classmethod
    def get(cls) -> Any:
        """
        Return the context of the function that is running here.

        Raises:
            InvariantViolationError: No function of a step is running.
        """
        context = CURRENT_CONTEXT.get()
        if context is None:
            raise InvariantViolationError(f"No current {cls.__name__} in scope.")
        return context.op_execution_context if hasattr(context, "op_execution_context") else context

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """Return this context."""
        return self

    def get_step_execution_context(self) -> Any:
        """Return the context that this one is a view of."""
        return self._step

    # -- the run -------------------------------------------------------------------------------

    @property
    def run(self) -> Any:
        """Return the run."""
        return self._step.run

    @property
    def dagster_run(self) -> Any:
        """Return the run."""
        return self._step.run

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self._step.run_id  # type: ignore[no-any-return]  # text

    @property
    def run_config(self) -> Mapping[str, Any]:
        """Return the run config as the user gave it."""
        return self._step.run_config  # type: ignore[no-any-return]

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Return the tags of the run."""
        return self._step.run_tags  # type: ignore[no-any-return]

    def has_tag(self, key: str) -> bool:
        """Tell whether the run bears the tag."""
        return self._step.has_tag(key)  # type: ignore[no-any-return]

    def get_tag(self, key: str) -> str | None:
        """Return the value of the run's tag, or None."""
        return self._step.get_tag(key)  # type: ignore[no-any-return]

    @property
    def instance(self) -> Any:
        """Return the instance that the run is recorded in."""
        return self._step.instance

    @property
    def job_def(self) -> Any:
        """Return the job that runs."""
        return self._step.job_def

    @property
    def job_name(self) -> str:
        """Return the name of the job that runs."""
        return self._step.job_name  # type: ignore[no-any-return]

    @property
    def repository_def(self) -> Any:
        """
        Return the repository of the job.

        Raises:
            InvariantViolationError: The run was not started from one.
        """
        found = self._step.repository_def
        if found is None:
            raise InvariantViolationError("The repository of this job is not known here: it was started by itself.")
        return found

    @property
    def location_name(self) -> str | None:
        """Return the name of the code location that the run was launched from; None if it was started by itself."""
        return self._step.run.tags.get("orrery/code_location")  # type: ignore[no-any-return]  # text

    # -- the step ------------------------------------------------------------------------------

    @property
    def op(self) -> Any:
        """Return the op, as a node of the job."""
        return self._step.op

    @property
    def op_def(self) -> OpDefinition:
        """Return the op."""
        return self._step.op_def  # type: ignore[no-any-return]

    @property
    def op_config(self) -> Any:
        """Return the config of the op."""
        return self._step.op_config

    @property
    def config(self) -> Any:
        """Return the config of the op."""
        return self._step.op_config

    @property
    def op_handle(self) -> NodeHandle:
        """Return where the node stands in the job."""
        return self._step.node_handle  # type: ignore[no-any-return]

    @property
    def node_handle(self) -> NodeHandle:
        """Return where the node stands in the job."""
        return self._step.node_handle  # type: ignore[no-any-return]

    @property
    def step_key(self) -> str:
        """Return the key of the step."""
        return self._step.step.key  # type: ignore[no-any-return]

    def describe_op(self) -> str:
        """Return the op in words."""
        return self._step.describe_op()  # type: ignore[no-any-return]

    @property
    def retry_number(self) -> int:
        """Return how often the step was tried before, in this run."""
        return self._step.previous_attempt_count  # type: ignore[no-any-return]

    @property
    def step_launcher(self) -> Any:
        """Return what launches the step elsewhere, if anything."""
        return self._step.step_launcher

    @property
    def log(self) -> Any:
        """Return the logger of the step."""
        return self._step.log

    @property
    def resources(self) -> Any:
        """Return the resources that the step declares, as attributes."""
        return self._step.resources

    @property
    def pdb(self) -> Any:
        """Return a debugger; ``context.pdb.set_trace()`` stops here."""
        import pdb

        return pdb.Pdb()

    def get_mapping_key(self) -> str | None:
        """Return which of a dynamic output this step was mapped over, or None."""
        keys = self._step.step.mapping_keys
        return keys[-1] if keys else None

    @property
    def selected_output_names(self) -> AbstractSet[str]:
        """Return the outputs that this run wants."""
        return self._step.selected_output_names  # type: ignore[no-any-return]

    # -- outputs -------------------------------------------------------------------------------

    def log_event(self, event: Any) -> None:
        """
        Record an ``AssetMaterialization``, ``AssetObservation`` or ``ExpectationResult`` at once.

        Raises:
            InvariantViolationError: *event* is none of these.
        """
        if type(event).__name__ not in (
            "AssetMaterialization",
            "AssetObservation",
            "ExpectationResult",
            "AssetCheckEvaluation",
        ):
            raise InvariantViolationError(
                f"context.log_event takes an AssetMaterialization, AssetObservation or ExpectationResult, not {event!r}.",
                mend="yield outputs, and log text by context.log.",
            )
        if self._step.events is None:
            self._step.events = []
        self._step.events.append(event)

    def has_events(self) -> bool:
        """Tell whether events were logged that are not yet recorded."""
        return bool(self._step.events)

    def consume_events(self) -> Iterator[Any]:
        """Iterate the events that were logged and not yet recorded."""
        found, self._step.events = self._step.events or [], None
        yield from found

    def add_output_metadata(
        self, metadata: Mapping[str, Any], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Add metadata to an output that is still to come; the one output if no name is given."""
        self._step.add_output_metadata(metadata, output_name, mapping_key)

    def get_output_metadata(self, output_name: str, mapping_key: str | None = None) -> Mapping[str, Any] | None:
        """Return the metadata that was added to the output, as it was given, or None."""
        return self._step.get_metadata_as_given(output_name, mapping_key)  # type: ignore[no-any-return]

    @property
    def requires_typed_event_stream(self) -> bool:
        """Tell whether results must be yielded and not only returned."""
        return self._step.requires_typed_event_stream  # type: ignore[no-any-return]

    @property
    def typed_event_stream_error_message(self) -> str | None:
        """Return what is shown if results are only returned."""
        return self._step.typed_event_stream_error_message  # type: ignore[no-any-return]

    def set_requires_typed_event_stream(self, *, error_message: str | None = None) -> None:
        """Ask that results be yielded and not only returned."""
        self._step.set_requires_typed_event_stream(error_message=error_message)

    def set_data_version(self, asset_key: AssetKey, data_version: Any) -> None:
        """Name the data version of an asset that the step makes."""
        self._step.set_data_version(asset_key, data_version)

    # -- assets --------------------------------------------------------------------------------

    @property
    def has_assets_def(self) -> bool:
        """Tell whether the op is that of an asset."""
        return self._step.assets_def is not None

    @property
    def assets_def(self) -> Any:
        """
        Return the definition whose op this is.

        Raises:
            InvalidPropertyError: It is the op of no asset.
        """
        found = self._step.assets_def
        if found is None:
            raise InvalidPropertyError(f"Op '{self._step.step.name}' does not have an assets definition.")
        return found

    @property
    def is_subset(self) -> bool:
        """Tell whether this run wants only some of the definition's assets."""
        assets_def = self._step.assets_def
        return assets_def is not None and assets_def.is_subset

    @property
    def asset_key(self) -> AssetKey:
        """
        Return the asset that the op makes.

        Raises:
            InvariantViolationError: It makes several, or none.
        """
        keys: list[AssetKey] = list(self._step.get_output_asset_keys()) or list(self.assets_def.keys)
        if len(keys) != 1:
            raise InvariantViolationError(
                "Cannot call `context.asset_key` in a multi_asset with more than one asset. Use "
                "`context.asset_key_for_output` instead."
            )
        return keys[0]

    @property
    def selected_asset_keys(self) -> AbstractSet[AssetKey]:
        """Return the assets that this run wants of the definition."""
        return self._step.selected_asset_keys  # type: ignore[no-any-return]

    @property
    def selected_asset_check_keys(self) -> AbstractSet[AssetCheckKey]:
        """Return the checks that this run wants of the definition."""
        return self._step.selected_asset_check_keys  # type: ignore[no-any-return]

    def asset_key_for_output(self, output_name: str = "result") -> AssetKey:
        """Return the asset that the output is."""
        output = self._step.step.outputs.get(output_name)
        if output is None or output.asset_key is None:
            known = [name for name, each in self._step.step.outputs.items() if each.asset_key is not None]
            raise InvariantViolationError(
                f"Output '{output_name}' has no asset.", mend=nearest_hint(output_name, known, noun="output")
            )
        return output.asset_key  # type: ignore[no-any-return]

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """Return the asset that the input loads."""
        inputs = self._step.step.inputs
        found = inputs.get(input_name)
        if found is None or found.asset_key is None:
            known = [name for name, each in inputs.items() if each.asset_key is not None]
            raise InvariantViolationError(
                f"Input '{input_name}' has no asset.", mend=nearest_hint(input_name, known, noun="input")
            )
        return found.asset_key  # type: ignore[no-any-return]

    def output_for_asset_key(self, asset_key: AssetKey) -> str:
        """Return the output that the asset is."""
        for name, each in self._step.step.outputs.items():
            if each.asset_key == asset_key:
                return name  # type: ignore[no-any-return]
        raise InvariantViolationError(f"No output of '{self._step.step.name}' is asset '{asset_key.to_user_string()}'.")

    def get_asset_provenance(self, asset_key: AssetKey) -> Any:
        """Return what the latest materialization of the asset was made from, or None."""
        entry = self.instance.get_latest_materialization_event(asset_key)
        materialization = entry.asset_materialization if entry is not None else None
        return data_provenance_of_tags(materialization.tags) if materialization is not None else None

    def load_asset_value(self, asset_key: Any, *, python_type: Any = None, partition_key: str | None = None) -> Any:
        """Return the stored value of an asset that the job knows."""
        return verbs().load_asset_value(
            self._step.job_def,
            AssetKey.from_coercible(asset_key),
            python_type=python_type,
            partition_key=partition_key,
            instance=self.instance,
            opened=self._step.plan_context.opened,
        )

    # -- partitions ----------------------------------------------------------------------------

    @property
    def has_partitions(self) -> bool:
        """Tell whether the run has one partition or a range of them."""
        return self._step.has_partitions  # type: ignore[no-any-return]

    @property
    def has_partition_key(self) -> bool:
        """Tell whether the run has exactly one partition."""
        return self._step.has_partition_key  # type: ignore[no-any-return]

    @property
    def has_partition_key_range(self) -> bool:
        """Tell whether the run has a range of partitions."""
        return self._step.has_partition_key_range  # type: ignore[no-any-return]

    @property
    def partition_key(self) -> str:
        """Return the partition of the run."""
        return self._step.partition_key  # type: ignore[no-any-return]

    @property
    def multi_partition_key(self) -> Any:
        """Return the partition of the run, by dimension."""
        return self._step.multi_partition_key

    @property
    def partition_keys(self) -> Sequence[str]:
        """Return the partitions of the run, in order."""
        return self._step.partition_keys  # type: ignore[no-any-return]

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """Return the partitions of the run as a range."""
        return self._step.partition_key_range  # type: ignore[no-any-return]

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """Return the partitions of the run as a range."""
        return self._step.partition_key_range  # type: ignore[no-any-return]

    @property
    def partition_time_window(self) -> Any:
        """Return the window of time that the partitions of the run cover."""
        return self._step.partition_time_window

    def asset_partition_key_for_output(self, output_name: str = "result") -> str:
        """Return the one partition of the asset that the output is."""
        return self._step.asset_partition_key_for_output(output_name)  # type: ignore[no-any-return]

    def asset_partition_key_range_for_output(self, output_name: str = "result") -> PartitionKeyRange:
        """Return the partitions of the asset that the output is, as a range."""
        return self._step.asset_partition_key_range_for_output(output_name)  # type: ignore[no-any-return]

    def asset_partition_keys_for_output(self, output_name: str = "result") -> Sequence[str]:
        """Return the partitions of the asset that the output is."""
        self._step.asset_partition_key_range_for_output(output_name)
        return self._step.partition_keys  # type: ignore[no-any-return]

    def asset_partitions_time_window_for_output(self, output_name: str = "result") -> Any:
        """Return the window of time that the partitions of the output cover."""
        return self._step.asset_partitions_time_window_for_output(output_name)

    def asset_partitions_def_for_output(self, output_name: str = "result") -> Any:
        """Return the partitions definition of the asset that the output is."""
        found = self._step.partitions_def_for_output(output_name)
        if found is None:
            raise InvariantViolationError(
                f"Attempting to access partitions def for asset {self.asset_key_for_output(output_name)}, but it is not partitioned"
            )
        return found

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """Return the one partition of the upstream asset that the input loads."""
        return self._step.asset_partition_key_for_input(input_name)  # type: ignore[no-any-return]

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """Return the partitions of the upstream asset that the input loads, as one range."""
        return self._step.asset_partition_key_range_for_input(input_name)  # type: ignore[no-any-return]

    def asset_partition_keys_for_input(self, input_name: str) -> Sequence[str]:
        """Return the partitions of the upstream asset that the input loads."""
        return self._step.asset_partition_keys_for_input(input_name)  # type: ignore[no-any-return]

    def asset_partitions_time_window_for_input(self, input_name: str = "result") -> Any:
        """Return the window of time that the input's partitions cover."""
        return self._step.asset_partitions_time_window_for_input(input_name)

    def asset_partitions_def_for_input(self, input_name: str) -> Any:
        """Return the partitions definition of the upstream asset that the input loads."""
        key = self.asset_key_for_input(input_name)
        found = self._step.partitions_def_of(key)
        if found is None:
            raise InvariantViolationError(
                f"Attempting to access partitions def for asset {key}, but it is not partitioned"
            )
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._step.step.key!r})"
