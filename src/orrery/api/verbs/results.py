"""What a run in this process gives back: its events, its values, and questions about both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from orrery.base.errors import InvariantViolationError, StepOutputNotFoundError, nearest_hint
from orrery.base.keys import AssetKey, CoercibleToAssetKey
from orrery.definitions.graphs.graph import GraphDefinition
from orrery.definitions.graphs.job import JobDefinition
from orrery.definitions.graphs.node import NodeHandle
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepSkippedData
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.records.run import Run

__all__ = ["ExecuteInProcessResult", "ExecutionResult", "JobExecutionResult"]


class ExecutionResult(ABC):
    """What became of a run: questions over its events."""

    @property
    @abstractmethod
    def job_def(self) -> JobDefinition:
        """Return the job that ran."""

    @property
    @abstractmethod
    def dagster_run(self) -> Run:
        """Return the run."""

    @property
    @abstractmethod
    def all_events(self) -> Sequence[Event]:
        """Return the events of the run in order."""

    @property
    def run(self) -> Run:
        """Return the run."""
        return self.dagster_run

    @property
    def run_id(self) -> str:
        """Return the id of the run."""
        return self.dagster_run.run_id

    @property
    def success(self) -> bool:
        """Tell whether the run succeeded."""
        return self.dagster_run.is_success

    # -- values --------------------------------------------------------------------------------

    @abstractmethod
    def _get_output_for_handle(self, handle: NodeHandle, output_name: str) -> Any:
        """Return the value of an output of the op at *handle*."""

    def output_value(self, output_name: str = "result") -> Any:
        """
        Return the value of an output of the job's graph.

        Raises:
            InvariantViolationError: The graph has no such output.
        """
        graph = self.job_def.graph
        if not graph.output_mappings:
            raise InvariantViolationError(
                f"Attempted to retrieve top-level outputs for '{self.job_def.name}', which has no outputs."
            )
        if not graph.has_output(output_name):
            raise InvariantViolationError(
                f"Could not find top-level output '{output_name}' in '{self.job_def.name}'.",
                mend=nearest_hint(output_name, graph.output_dict, noun="output"),
            )
        _definition, handle = graph.resolve_output_to_origin(output_name, None)
        origin = graph.get_output_mapping(output_name)
        inner: Any = graph.node_named(origin.mapped_node_name).definition
        name = origin.mapped_node_output_name
        while isinstance(inner, GraphDefinition):
            mapping = inner.get_output_mapping(name)
            name = mapping.mapped_node_output_name
            inner = inner.node_named(mapping.mapped_node_name).definition
        assert handle is not None
        return self._get_output_for_handle(handle, name)

    def output_for_node(self, node_str: str, output_name: str = "result") -> Any:
        """
        Return the value of an output of a node; for a dynamic output, the values by mapping key.

        Args:
            node_str: Name of the node, with those of the graphs around it joined by dots.
            output_name: Name of the output.

        Raises:
            InvariantViolationError: There is no such node or output.
            StepOutputNotFoundError: The node did not give the output.
        """
        handle = NodeHandle.from_string(node_str)
        definition: Any = self._definition_at(node_str)
        if not definition.has_output(output_name):
            raise InvariantViolationError(
                f"{node_str} has no output named '{output_name}'.",
                mend=nearest_hint(output_name, definition.output_dict, noun="output"),
            )
        name = output_name
        while isinstance(definition, GraphDefinition):
            mapping = definition.get_output_mapping(name)
            handle = NodeHandle(mapping.mapped_node_name, handle)
            name = mapping.mapped_node_output_name
            definition = definition.node_named(mapping.mapped_node_name).definition
        return self._get_output_for_handle(handle, name)

    def _definition_at(self, node_str: str) -> Any:
        layer = self.job_def.asset_layer
        if layer is not None and layer.is_asset_job:
            head, _dot, rest = node_str.partition(".")
            for node in layer.nodes:
                if node.name == head:
                    definition = node.assets_def.node_def
                    return definition.get_node(NodeHandle.from_string(rest)).definition if rest else definition
            raise InvariantViolationError(
                f"{self.job_def.name} has no op named {node_str}.",
                mend=nearest_hint(head, [node.name for node in layer.nodes], noun="op"),
            )
        graph = self.job_def.graph
        head = node_str.partition(".")[0]
        if not graph.has_node_named(head):
            raise InvariantViolationError(
                f"{self.job_def.name} has no op named {node_str}.", mend=nearest_hint(head, graph.node_dict, noun="op")
            )
        return graph.get_node(NodeHandle.from_string(node_str)).definition

    # -- events --------------------------------------------------------------------------------

    @property
    def all_node_events(self) -> Sequence[Event]:
        """Return the events of steps, in order."""
        return [event for event in self.all_events if event.step_key is not None and event.is_step_event]

    def filter_events(self, event_filter: Callable[[Event], bool]) -> Sequence[Event]:
        """Return the events that *event_filter* accepts."""
        return [event for event in self.all_events if event_filter(event)]

    def events_for_node(self, node_name: str) -> Sequence[Event]:
        """Return the events of a node; of a graph, those of all ops inside; of a node that there is not, none."""
        return [
            event
            for event in self.all_node_events
            if event.step_key is not None and _belongs(event.step_key, node_name)
        ]

    def compute_events_for_handle(self, handle: NodeHandle) -> Sequence[Event]:
        """Return the events of the op at *handle*."""
        return self.events_for_node(handle.to_string())

    def _of_kind(self, kind: EventType) -> list[Event]:
        return [event for event in self.all_events if event.event_type_value == kind.value]

    def get_asset_materialization_events(self) -> Sequence[Event]:
        """Return the events that tell of materializations."""
        return self._of_kind(EventType.ASSET_MATERIALIZATION)

    def get_asset_observation_events(self) -> Sequence[Event]:
        """Return the events that tell of observations."""
        return self._of_kind(EventType.ASSET_OBSERVATION)

    def get_asset_materialization_planned_events(self) -> Sequence[Event]:
        """Return the events that tell which assets the run was going to make."""
        return self._of_kind(EventType.ASSET_MATERIALIZATION_PLANNED)

    def get_asset_check_evaluations(self) -> Sequence[AssetCheckEvaluation]:
        """Return what checks found, in order."""
        return [
            event.event_specific_data
            for event in self._of_kind(EventType.ASSET_CHECK_EVALUATION)
            if isinstance(event.event_specific_data, AssetCheckEvaluation)
        ]

    def get_step_success_events(self) -> Sequence[Event]:
        """Return the events of steps that succeeded."""
        return self._of_kind(EventType.STEP_SUCCESS)

    def get_step_skipped_events(self) -> Sequence[Event]:
        """Return the events of steps that were skipped."""
        return self._of_kind(EventType.STEP_SKIPPED)

    def get_step_failure_events(self) -> Sequence[Event]:
        """Return the events of steps that failed."""
        return self._of_kind(EventType.STEP_FAILURE)

    def get_failed_step_keys(self) -> set[str]:
        """Return the keys of the steps that failed."""
        return {event.step_key for event in self.get_step_failure_events() if event.step_key is not None}

    def get_run_failure_event(self) -> Event:
        """Return the event that tells that the run failed."""
        return self._one(EventType.RUN_FAILURE)

    def get_run_success_event(self) -> Event:
        """Return the event that tells that the run succeeded."""
        return self._one(EventType.RUN_SUCCESS)

    def _one(self, kind: EventType) -> Event:
        events = self._of_kind(kind)
        if not events:
            raise InvariantViolationError(f"Run '{self.run_id}' has no event {kind.value}.")
        return events[0]

    def asset_materializations_for_node(self, node_name: str) -> Sequence[AssetMaterialization]:
        """Return the materializations that a node told, in order."""
        return [
            event.step_materialization_data.materialization
            for event in self.events_for_node(node_name)
            if event.event_type_value == EventType.ASSET_MATERIALIZATION.value
        ]

    def asset_observations_for_node(self, node_name: str) -> Sequence[AssetObservation]:
        """Return the observations that a node told, in order."""
        return [
            event.asset_observation_data.asset_observation
            for event in self.events_for_node(node_name)
            if event.event_type_value == EventType.ASSET_OBSERVATION.value
        ]

    def expectation_results_for_node(self, node_str: str) -> Sequence[Any]:
        """Return the expectation results that a node told, in order."""
        return [
            event.step_expectation_result_data.expectation_result
            for event in self.events_for_node(node_str)
            if event.event_type_value == EventType.STEP_EXPECTATION_RESULT.value
        ]

    def failure_data_for_node(self, node_str: str) -> Any:
        """Return what the failure of a node was, or None."""
        for event in self.events_for_node(node_str):
            if event.event_type_value == EventType.STEP_FAILURE.value:
                return event.step_failure_data
        return None

    def retry_attempts_for_node(self, node_str: str) -> int:
        """Return how often a node was tried again."""
        return sum(event.event_type_value == EventType.STEP_RESTARTED.value for event in self.events_for_node(node_str))

    def is_node_success(self, node_str: str) -> bool:
        """Tell whether a node succeeded."""
        return self._has(node_str, EventType.STEP_SUCCESS)

    def is_node_failed(self, node_str: str) -> bool:
        """Tell whether a node failed."""
        return self._has(node_str, EventType.STEP_FAILURE)

    def is_node_skipped(self, node_str: str) -> bool:
        """Tell whether a node was skipped."""
        return self._has(node_str, EventType.STEP_SKIPPED)

    def is_node_untouched(self, node_str: str) -> bool:
        """Tell whether nothing happened to a node."""
        return not self.events_for_node(node_str)

    def _has(self, node_str: str, kind: EventType) -> bool:
        return any(event.event_type_value == kind.value for event in self.events_for_node(node_str))


def _belongs(step_key: str, node_name: str) -> bool:
    template = step_key.partition("[")[0]
    return step_key == node_name or template == node_name or template.startswith(node_name + ".")


class ExecuteInProcessResult(ExecutionResult):
    """
    What became of a run in this process, with the values of its outputs.

    Args:
        event_list: Events in order.
        dagster_run: The run, with its final status.
        output_capture: Values by (step key, output name, mapping key).
        job_def: The job.
        trace: What was called, if that was noted.
        load_reused: Loads the value of an asset that was skipped because it was current.
    """

    def __init__(
        self,
        event_list: Sequence[Event],
        dagster_run: Run,
        output_capture: Mapping[tuple[str, str, str | None], Any] | None,
        job_def: JobDefinition,
        trace: Any = None,
        load_reused: Callable[[AssetKey], Any] | None = None,
    ) -> None:
        self._events = list(event_list)
        self._run = dagster_run
        self._values = output_capture or {}
        self._job_def = job_def
        self._load_reused = load_reused
        self.trace = trace

    @property
    def job_def(self) -> JobDefinition:
        """Return the job that ran."""
        return self._job_def

    @property
    def dagster_run(self) -> Run:
        """Return the run, with its final status."""
        return self._run

    @property
    def all_events(self) -> Sequence[Event]:
        """Return the events of the run in order."""
        return self._events

    def _get_output_for_handle(self, handle: NodeHandle, output_name: str) -> Any:
        key = handle.to_string()
        value = self._values.get((key, output_name, None), _ABSENT)
        if value is not _ABSENT:
            return value
        if self._load_reused is not None and key in self._reused_steps():
            for asset_key, made in self._asset_outputs().items():
                if made == (key, output_name):
                    return self._load_reused(asset_key)
        mapped = {
            _mapping_key(step_key, mapping_key): found
            for (step_key, name, mapping_key), found in self._values.items()
            if name == output_name and step_key.partition("[")[0] == key
        }
        if not mapped:
            raise StepOutputNotFoundError(
                f"No outputs found for output '{output_name}' from node '{key}'.",
                mend="look at the events of the node: it failed, was skipped, or gave no value.",
                step_key=key,
                output_name=output_name,
            )
        return mapped

    def asset_value(self, asset_key: CoercibleToAssetKey) -> Any:
        """
        Return the value of an asset that the run made.

        Raises:
            InvariantViolationError: The run did not make it, or gave no value.
        """
        key = AssetKey.from_coercible_or_definition(asset_key)
        made = self._asset_outputs().get(key)
        if made is None:
            known = [each.to_user_string() for each in self._asset_outputs()]
            raise InvariantViolationError(
                f"Asset '{key.to_user_string()}' was not made by this run.",
                mend=nearest_hint(key.to_user_string(), known, noun="asset"),
            )
        value = self._values.get((made[0], made[1], None), _ABSENT)
        if value is _ABSENT and self._load_reused is not None and made[0] in self._reused_steps():
            return self._load_reused(key)
        if value is _ABSENT:
            raise InvariantViolationError(
                f"Step '{made[0]}' gave no value for asset '{key.to_user_string()}'.",
                mend="look at its events: it failed, was skipped, or told a result without a value.",
            )
        return value

    def _reused_steps(self) -> set[str]:
        """Return the steps that were skipped because their values were current."""
        return {
            event.step_key or ""
            for event in self._events
            if isinstance(event.event_specific_data, StepSkippedData) and event.event_specific_data.reasons
        }

    def _asset_outputs(self) -> Mapping[AssetKey, tuple[str, str]]:
        found = getattr(self, "_assets", None)
        if found is None:
            layer = self._job_def.asset_layer
            found = {}
            if layer is not None and layer.is_asset_job:
                for node in layer.nodes:
                    definition = node.assets_def
                    for output_name, key in definition.keys_by_output_name.items():
                        node_def: Any = definition.node_def
                        if isinstance(node_def, GraphDefinition):
                            inner, handle = node_def.resolve_output_to_origin(output_name, NodeHandle(node.name))
                            assert handle is not None
                            found[key] = (handle.to_string(), inner.name)
                        else:
                            found[key] = (node.name, output_name)
            self._assets = found
        return found

    def __repr__(self) -> str:
        return f"ExecuteInProcessResult({self._job_def.name!r}, success={self.success})"


class JobExecutionResult(ExecutionResult):
    """
    What became of a run whose values lie where its IO managers put them; they are loaded on demand.

    Use it in a ``with`` statement to load values: the resources that are opened for it are closed at its end.

    Args:
        job_def: The job that ran.
        reconstruct_context: Makes a context manager that gives a function ``(step key, output name, mapping
            key) -> value``.
        event_list: Events in order.
        dagster_run: The run, with its final status.
    """

    def __init__(
        self,
        job_def: JobDefinition,
        reconstruct_context: Callable[[], AbstractContextManager[Callable[[str, str, str | None], Any]]],
        event_list: Sequence[Event],
        dagster_run: Run,
    ) -> None:
        self._job_def = job_def
        self._reconstruct = reconstruct_context
        self._events = list(event_list)
        self._run = dagster_run
        self._opened: AbstractContextManager[Any] | None = None
        self._load: Callable[[str, str, str | None], Any] | None = None

    def __enter__(self) -> Self:
        self._opened = self._reconstruct()
        self._load = self._opened.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, self._opened, self._load = self._opened, None, None
        if opened is not None:
            opened.__exit__(kind, error, trace)

    @property
    def job_def(self) -> JobDefinition:
        """Return the job that ran."""
        return self._job_def

    @property
    def dagster_run(self) -> Run:
        """Return the run, with its final status."""
        return self._run

    @property
    def all_events(self) -> Sequence[Event]:
        """Return the events of the run in order."""
        return self._events

    def _get_output_for_handle(self, handle: NodeHandle, output_name: str) -> Any:
        if self._load is None:
            raise InvariantViolationError(
                "In order to access output objects, the result of `execute_job` must be opened as a context manager.",
                mend="write 'with execute_job(...) as result:'.",
            )
        key = handle.to_string()
        mapped: dict[str | None, Any] = {}
        for event in self._events:
            if event.event_type_value != "STEP_OUTPUT" or event.step_key is None:
                continue
            if event.step_key.partition("[")[0] != key:
                continue
            given = event.step_output_data.step_output_handle
            if given.output_name != output_name:
                continue
            value = self._load(event.step_key, output_name, given.mapping_key)
            if event.step_key == key and given.mapping_key is None:
                return value
            mapped[_mapping_key(event.step_key, given.mapping_key)] = value
        if not mapped:
            raise InvariantViolationError(
                f"Did not find result {output_name} in op '{key}'.",
                mend="look at the events of the op: it failed, was skipped, gave no value, or ran in an earlier run.",
            )
        return mapped


class _Absent:
    """No value."""


_ABSENT: Any = _Absent()


def _mapping_key(step_key: str, mapping_key: str | None) -> str | None:
    if mapping_key is not None:
        return mapping_key
    _template, _bracket, rest = step_key.partition("[")
    return rest.rstrip("]").replace("][", ".") if rest else None
