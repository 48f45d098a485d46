"""
Which partitions a step works on, and which of an upstream asset each of its inputs needs.

The tags of the run say it as a rule. A step that *discovers* has found its partitions on the way: those that are there
now and were never made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetKey
from orrery.base.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    dimensions_in_tags,
)
from orrery.model import partitions
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.plan.step import ExecutionStep

__all__ = ["StepPartitions"]


class StepPartitions:
    """
    The partitions of one attempt at a step.

    Attributes:
        plan_context: The context of the run.
        step: The step.
    """

    __slots__ = ("_found", "_subsets", "plan_context", "step")

    def __init__(self, plan_context: Any, step: ExecutionStep, found: tuple[str, ...] | None = None) -> None:
        self.plan_context = plan_context
        self.step = step
        self._found = found
        self._subsets: dict[str, Any] | None = None

    @property
    def _tags(self) -> Mapping[str, str]:
        tags: Mapping[str, str] = self.plan_context.run.tags
        return tags

    @property
    def _job(self) -> Any:
        return self.plan_context.execution_plan.job

    @property
    def _op(self) -> str:
        return f'op "{self.step.handle}"'

    # -- of the run ----------------------------------------------------------------------------

    @property
    def run_partitions_def(self) -> Any:
        """Return the partitions of the step's assets, or those of the job."""
        assets_def = self.step.assets_def
        own = assets_def.partitions_def if assets_def is not None else None
        return own if own is not None else self._job.partitions_def

    @property
    def discovers(self) -> bool:
        """Tell whether the step finds its partitions on the way: the run was given none."""
        return self._found is not None or self.step.key in self.plan_context.discovering

    @property
    def found_partitions(self) -> Sequence[str]:
        """
        Return the partitions that the run has found for the step: those that are there now and were never made.

        None where the step does not discover.
        """
        found = self._found
        if found is None:
            found = self._found = self._look_for_partitions() if self.discovers else ()
        return found

    def _look_for_partitions(self) -> tuple[str, ...]:
        definition, assets_def = self.run_partitions_def, self.step.assets_def
        assert assets_def is not None
        if self.plan_context.settle is not None:
            self.plan_context.settle()  # what an earlier attempt made is not made again
        with _loading(self.plan_context.instance):
            there = definition.subset_with_all_partitions()
            missing = there.empty_subset()
            for output in self.step.outputs.values():
                if output.asset_key is not None and output.is_selected and output.check_spec is None:
                    made = self.plan_context.instance.event_log.get_materialized_partitions(output.asset_key)
                    missing = missing | (there - (there & there.empty_subset().with_partition_keys(made)))
            return tuple(key for key in definition.get_partition_keys() if key in missing)

    @property
    def has_partitions(self) -> bool:
        """Tell whether the run has one partition or a range of them, or has found some for the step."""
        return self.has_partition_key or self.has_partition_key_range

    @property
    def has_partition_key(self) -> bool:
        """Tell whether the run has exactly one partition, or has found one for the step."""
        return (
            PARTITION_NAME_TAG in self._tags
            or bool(dimensions_in_tags(self._tags))
            or (self.discovers and len(self.found_partitions) == 1)
        )

    @property
    def has_partition_key_range(self) -> bool:
        """Tell whether the run has a range of partitions, or has found several for the step."""
        return ASSET_PARTITION_RANGE_START_TAG in self._tags or (self.discovers and len(self.found_partitions) > 1)

    @property
    def partition_key(self) -> str:
        """
        Return the partition of the run, or the one that it has found for the step.

        Raises:
            InvariantViolationError: There is none, or several.
        """
        key = self._tags.get(PARTITION_NAME_TAG)
        if key is not None:
            partitions_def = self.run_partitions_def
            made: str = (
                partitions_def.get_partition_key_from_str(key)
                if hasattr(partitions_def, "get_partition_key_from_str")
                else key
            )
            return made
        dimensions = dimensions_in_tags(self._tags)
        if dimensions:
            return partitions.MultiPartitionKey(dimensions)
        if self.discovers and len(self.found_partitions) == 1:
            return self.found_partitions[0]
        if self.has_partition_key_range:
            given = self.partition_key_range
            if given.start == given.end:
                return given.start
            raise InvariantViolationError(
                "Cannot access partition_key for a partitioned run with a range of partitions. Call partition_key_range instead."
            )
        raise InvariantViolationError(
            f"Cannot access partition_key for a non-partitioned run: {self._op}.",
            mend="give partition_key= to the run, and partitions_def= to the asset or job.",
        )

    @property
    def multi_partition_key(self) -> Any:
        """
        Return the partition of the run, by dimension.

        Raises:
            InvariantViolationError: Its partitions have one dimension.
        """
        key = self.partition_key
        if not hasattr(key, "keys_by_dimension"):
            raise InvariantViolationError("The partition key of this run has one dimension.", mend="use partition_key.")
        return key

    @property
    def partition_key_range(self) -> PartitionKeyRange:
        """
        Return the partitions of the run as a range; one partition is a range of itself.

        Raises:
            InvariantViolationError: The run has none.
        """
        start = self._tags.get(ASSET_PARTITION_RANGE_START_TAG)
        end = self._tags.get(ASSET_PARTITION_RANGE_END_TAG)
        if start is not None and end is not None:
            return PartitionKeyRange(start, end)
        if self.discovers and len(self.found_partitions) > 1:
            return self._range_of_found()
        key = self.partition_key
        return PartitionKeyRange(key, key)

    def _range_of_found(self) -> PartitionKeyRange:
        found = self.found_partitions
        with _loading(self.plan_context.instance):
            whole = PartitionKeyRange(found[0], found[-1])
            between = list(self.run_partitions_def.get_partition_keys_in_range(whole))
        if between != list(found):
            raise InvariantViolationError(
                f"The partitions that the run has found for {self._op} are no range: others, that were made "
                "before, lie between them.",
                mend="use context.partition_keys.",
            )
        return whole

    @property
    def partition_keys(self) -> Sequence[str]:
        """Return the partitions of the run, in order."""
        if self.discovers and self.found_partitions:
            return list(self.found_partitions)
        if self.has_partition_key_range:
            with _loading(self.plan_context.instance):
                found: Sequence[str] = self.run_partitions_def.get_partition_keys_in_range(self.partition_key_range)
            return found
        return [self.partition_key]

    @property
    def partition_time_window(self) -> Any:
        """
        Return the window of time that the partitions of the run cover (aware instants).

        Raises:
            InvariantViolationError: The partitions are not windows of time.
        """
        return self._window(self.run_partitions_def, self.partition_key_range)

    def _window(self, partitions_def: Any, keys: PartitionKeyRange) -> Any:
        window = partitions.window_covered(partitions_def, keys.start, keys.end)
        if window is None:
            raise InvariantViolationError(
                f"Tried to get partition time window for {self._op}, whose partitions "
                f"({type(partitions_def).__name__}) are not windows of time."
            )
        return window

    # -- of outputs ----------------------------------------------------------------------------

    def partitions_def_for_output(self, output_name: str) -> Any:
        """Return the partitions of the asset that the output is, or None."""
        output = self.step.outputs.get(output_name)
        if output is None:
            raise InvariantViolationError(
                f"The step '{self.step.key}' has no output '{output_name}'.",
                mend=f"name one of its outputs: {', '.join(self.step.outputs)}.",
            )
        return self.partitions_def_of(output.asset_key) if output.asset_key is not None else None

    def entity_partitions_def(self, key: Any) -> Any:
        """Return the partitions of an asset, or None."""
        return self.partitions_def_of(key)

    def partitions_def_of(self, asset_key: AssetKey) -> Any:
        """Return the partitions of an asset that the job knows, or None."""
        assets_def = self.step.assets_def
        if assets_def is not None and asset_key in assets_def._specs_by_key:
            return assets_def._specs_by_key[asset_key].partitions_def
        layer = self.plan_context.execution_plan.job.asset_layer
        if layer is not None:
            known = layer.assets_def_for_key(asset_key)
            if known is not None:
                return known._specs_by_key[asset_key].partitions_def
        return None

    def has_asset_partitions_for_output(self, output_name: str) -> bool:
        """Tell whether the output is an asset with partitions."""
        return self.partitions_def_for_output(output_name) is not None

    def partition_keys_of_output(self, asset_key: AssetKey) -> Sequence[str]:
        """Return the partitions of the asset that this run makes; none if it has no partitions."""
        if self.partitions_def_of(asset_key) is None or not self.has_partitions:
            return ()
        return self.partition_keys

    def asset_partition_key_for_output(self, output_name: str) -> str:
        """Return the one partition of the asset that the output is."""
        keys = self.asset_partition_key_range_for_output(output_name)
        if keys.start != keys.end:
            raise InvariantViolationError(
                f"Tried to access partition key for output '{output_name}' of step '{self.step.key}', but the step output "
                f"has a partition range: '{keys.start}' to '{keys.end}'."
            )
        return keys.start

    def asset_partition_key_range_for_output(self, output_name: str) -> PartitionKeyRange:
        """Return the partitions of the asset that the output is, as a range."""
        if self.partitions_def_for_output(output_name) is None:
            raise InvariantViolationError(
                f"The output '{output_name}' of step '{self.step.key}' is no asset with partitions.",
                mend="give the asset partitions_def=.",
            )
        return self.partition_key_range

    def asset_partitions_time_window_for_output(self, output_name: str) -> Any:
        """Return the window of time that the partitions of the output cover."""
        return self._window(
            self.partitions_def_for_output(output_name), self.asset_partition_key_range_for_output(output_name)
        )

    # -- of inputs -----------------------------------------------------------------------------

    def has_asset_partitions_for_input(self, input_name: str) -> bool:
        """Tell whether the input loads an asset with partitions."""
        key = self._input_asset(input_name)
        return key is not None and self.partitions_def_of(key) is not None

    def _input_asset(self, input_name: str) -> AssetKey | None:
        step_input = self.step.inputs.get(input_name)
        if step_input is None:
            raise InvalidDefinitionError(
                f"Step '{self.step.key}' has no input '{input_name}'.",
                mend=nearest_hint(input_name, self.step.inputs, noun="input"),
            )
        return step_input.asset_key

    def asset_partitions_subset_for_input(self, input_name: str, *, require_valid_partitions: bool = True) -> Any:
        """
        Return the partitions of the upstream asset that the input loads, as a set.

        Raises:
            InvariantViolationError: The upstream asset has no partitions, or not those that are needed.
        """
        if self._subsets is None:
            self._subsets = {}
        found = self._subsets.get(input_name)
        if found is None:
            found = self._subset_for_input(input_name, require_valid_partitions)
            self._subsets[input_name] = found
        return found

    def _subset_for_input(self, input_name: str, require_valid: bool) -> Any:
        key = self._input_asset(input_name)
        upstream = self.partitions_def_of(key) if key is not None else None
        if key is None or upstream is None:
            raise InvariantViolationError(
                f"The input '{input_name}' of step '{self.step.key}' is backed by no asset with partitions."
            )
        assets_def = self.step.assets_def
        downstream: Any = assets_def.partitions_def if assets_def is not None else None
        mapping = assets_def.get_partition_mapping(key) if assets_def is not None else None
        chosen = mapping if mapping is not None else partitions.default_partition_mapping(downstream, upstream)
        own = None
        if downstream is not None and self.has_partitions:
            own = downstream.empty_subset().with_partition_keys(self.partition_keys)
        with _loading(self.plan_context.instance):
            result = chosen.get_upstream_mapped_partitions_result_for_partitions(own, downstream, upstream)
        if require_valid and result.required_but_nonexistent_partition_keys:
            missing = list(result.required_but_nonexistent_partition_keys)
            raise InvariantViolationError(
                f"Partition key range of step '{self.step.key}' depends on invalid partition keys {missing[:10]} of "
                f"upstream asset '{key.to_user_string()}'.",
                mend="give the upstream asset these partitions, or allow it in the partition mapping.",
            )
        return result.partitions_subset

    def asset_partition_keys_for_input(
        self, input_name: str, *, require_valid_partitions: bool = True
    ) -> Sequence[str]:
        """Return the partitions of the upstream asset that the input loads."""
        subset = self.asset_partitions_subset_for_input(input_name, require_valid_partitions=require_valid_partitions)
        with _loading(self.plan_context.instance):  # of several dimensions, one may be dynamic
            return list(subset.get_partition_keys())

    def asset_partition_key_for_input(self, input_name: str) -> str:
        """Return the one partition of the upstream asset that the input loads."""
        keys = self.asset_partition_keys_for_input(input_name)
        if len(keys) != 1:
            raise InvariantViolationError(
                f"Tried to access partition key for input '{input_name}' of step '{self.step.key}', but the step input "
                f"has {len(keys)} partitions."
            )
        return keys[0]

    def asset_partition_key_range_for_input(self, input_name: str) -> PartitionKeyRange:
        """Return the partitions of the upstream asset that the input loads, as one range."""
        subset = self.asset_partitions_subset_for_input(input_name)
        key = self._input_asset(input_name)
        with _loading(self.plan_context.instance):
            ranges = subset.get_partition_key_ranges(self.partitions_def_of(key) if key is not None else None)
        if len(ranges) != 1:
            raise InvariantViolationError(
                f"Tried to access asset partition key range for input '{input_name}' of step '{self.step.key}', but it "
                f"is {len(ranges)} ranges."
            )
        found: PartitionKeyRange = ranges[0]
        return found

    def asset_partitions_time_window_for_input(self, input_name: str) -> Any:
        """Return the window of time that the input's partitions cover."""
        key = self._input_asset(input_name)
        partitions_def = self.partitions_def_of(key) if key is not None else None
        return self._window(partitions_def, self.asset_partition_key_range_for_input(input_name))


def _loading(store: Any) -> Any:
    return partitions.partition_loading_context(dynamic_partitions_store=store)
