"""Outputs of a step: checked, stored, and told as events."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping
from typing import Any

from orrery.base.errors import ExecutionHandleOutputError, InvalidDefinitionError, InvariantViolationError
from orrery.base.keys import AssetKey
from orrery.base.tags import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    partition_dimension_tag,
)
from orrery.definitions.parts.types import ANY
from orrery.model.events import build
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckEvaluationTargetMaterializationData
from orrery.model.events.data_version import DataVersionsByPartition
from orrery.model.events.event import Event
from orrery.model.events.payloads import TypeCheckData
from orrery.model.events.user import AssetMaterialization, AssetObservation
from orrery.model.partitions.keys import MultiPartitionKey
from orrery.plan.step import StepOutput
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.boundary import Boundary
from orrery.runtime.engine.inputs import check_value, manager_of, type_check_refusal
from orrery.runtime.engine.requests import Await, is_awaitable
from orrery.runtime.engine.value_versions import version_of_value, versions_by_partition

__all__ = ["evaluation_of", "store_output"]

OutputEvents = Generator[Event | Await, Any, None]
_NO_METADATA: Mapping[str, Any] = {}


def store_output(
    context: StepExecutionContext,
    output: StepOutput,
    value: Any,
    *,
    mapping_key: str | None = None,
    metadata: Mapping[str, Any] = _NO_METADATA,
    data_version: Any = None,
    tags: Mapping[str, str] | None = None,
    has_value: bool = True,
) -> OutputEvents:
    """
    Check, store and tell one output.

    Args:
        context: The step.
        output: Which output.
        value: Its value.
        mapping_key: Which of a dynamic output.
        metadata: What was given with the value, normalised.
        data_version: Data version that the user named, or None.
        tags: Tags for the materialization.
        has_value: Whether there is a value to store (results of assets may have none).
    """
    name = output.name
    definition = output.definition
    added = context.get_output_metadata(name, mapping_key)
    if added:
        metadata = {**metadata, **added}
    asset_key = output.asset_key
    values = context.plan_context.values
    is_observation = (
        asset_key is not None and context.step.assets_def is not None and context.step.assets_def.is_observable
    )
    if values is not None and (has_value or is_observation):
        values[(context.step.key, name, mapping_key)] = None if output.check_spec is not None else value
    if context.asset_metadata and asset_key is not None:
        metadata = {**metadata, **(context.get_asset_metadata(asset_key) or {})}
    expected = definition.dagster_type
    observed_first = is_observation and len(context.step.outputs) == 1
    if observed_first and asset_key is not None and output.is_selected:
        yield from _tell_asset(context, output, asset_key, metadata, data_version, tags, True)
    if not has_value or expected is ANY:
        yield build.step_output(context.ref, name, mapping_key=mapping_key, metadata=metadata)
    elif expected.is_nothing and value is None:
        checked = TypeCheckData(True, name, type_name="Nothing")
        yield build.step_output(context.ref, name, mapping_key=mapping_key, type_check=checked, metadata=metadata)
    else:
        found, checked = check_value(context, expected, value, name)
        yield build.step_output(context.ref, name, mapping_key=mapping_key, type_check=checked, metadata=metadata)
        if not found.success:
            raise type_check_refusal("output", name, expected, found, value)
    plan_context = context.plan_context
    if metadata:
        plan_context.output_metadata[(context.step.key, name, mapping_key)] = metadata
    if context.step_output_capture is not None:
        context.step_output_capture[(name, mapping_key)] = value
    stores = has_value and not expected.is_nothing and output.check_spec is None and not is_observation
    if not stores:
        if asset_key is not None and output.is_selected and not observed_first:
            yield from _tell_asset(
                context, output, asset_key, metadata, data_version, tags, is_observation, is_stored=False
            )
        return
    key = definition.io_manager_key
    manager = manager_of(
        context, key, wanted="handle_output", purpose=f"stores output '{name}' of step '{context.step.key}'"
    )
    entry = context.op_entry.outputs
    described = OutputContext(
        context.step.key,
        name,
        plan_context.run.job_name,
        plan_context.run.run_id,
        definition.raw_metadata,
        mapping_key,
        entry.get(name) if entry else None,
        expected,
        None,
        definition.code_version,
        None,
        None,
        context,
        context.step.op,
        asset_key,
        output_metadata=metadata,
        manager_key=key,
    )
    trace = plan_context.trace
    span = trace.begin("handle_output", name, manager=type(manager).__name__) if trace is not None else None
    with Boundary(
        ExecutionHandleOutputError,
        lambda: f'Error occurred while handling output "{name}" of step "{context.step.key}"',
    ):
        result = manager.handle_output(described, value)
        if result is not None:
            if is_awaitable(result):
                result = yield Await(result)
            if inspect.isgenerator(result):
                yield from _manager_events(context, described, result)
            elif result is not None:
                raise InvariantViolationError(
                    f"IO manager on output '{name}' of step '{context.step.key}' has returned {result!r} from handle_output: "
                    "a handle_output function returns nothing, or yields AssetMaterialization and metadata.",
                    mend="store the value and return nothing; add what is to be known by context.add_output_metadata.",
                )
    if span is not None:
        trace.end(span)
    logged = described.consume_logged_metadata() if described._logged_metadata else _NO_METADATA
    if described._events:
        for each in described.consume_events():
            yield _user_event(context, each)
    if asset_key is not None and output.is_selected:
        content: str | Mapping[str, str] | None = None
        combined = {**metadata, **logged} if logged else metadata
        if data_version is None and (context._data_versions is None or not context.has_data_version(asset_key)):
            content = versions_by_partition(context, asset_key, value, described) or version_of_value(
                value, described._content_digest, context
            )
        contents = described._contents
        yield from _tell_asset(
            context, output, asset_key, combined, data_version, tags, False, content, contents=contents
        )
    yield build.handled_output(context.ref, name, key, metadata=logged)


def _manager_events(
    context: StepExecutionContext, described: OutputContext, events: Any
) -> Generator[Event, None, None]:
    """Tell what an IO manager yields: materializations, and metadata in the older manner."""
    for each in events:
        if isinstance(each, AssetMaterialization | AssetObservation):
            yield _user_event(context, each)
        elif isinstance(each, Mapping):
            described.add_output_metadata(each)
        elif hasattr(each, "label") and hasattr(each, "value"):
            described.add_output_metadata({each.label: each.value})
        else:
            raise InvalidDefinitionError(
                f"The IO manager of output '{described.name}' yielded {each!r}.",
                mend="yield an AssetMaterialization or metadata, or call context.add_output_metadata.",
            )


def _user_event(context: StepExecutionContext, event: Any) -> Event:
    if isinstance(event, AssetObservation):
        return build.asset_observation(context.ref, event)
    return build.asset_materialization(context.ref, event)


def _tell_asset(
    context: StepExecutionContext,
    output: StepOutput,
    asset_key: AssetKey,
    metadata: Mapping[str, Any],
    data_version: Any,
    tags: Mapping[str, str] | None,
    is_observation: bool,
    content: str | Mapping[str, str] | None = None,
    is_stored: bool = True,
    contents: Mapping[str | None, str] | None = None,
) -> Generator[Event, None, None]:
    if data_version is None and context._data_versions is not None:
        data_version = context.get_data_version(asset_key) if context.has_data_version(asset_key) else None
    all_tags = dict(tags) if tags else None
    code_version = output.definition.code_version
    if code_version is not None:
        all_tags = {**(all_tags or {}), CODE_VERSION_TAG: code_version}
    if isinstance(data_version, DataVersionsByPartition):
        for partition, version in data_version.data_versions_by_partition.items():
            own_tags = {**(all_tags or {}), DATA_VERSION_TAG: version.value}
            yield _asset_event(context, asset_key, metadata, partition, own_tags, is_observation, is_stored, contents)
        return
    if data_version is not None:
        value = data_version.value if hasattr(data_version, "value") else str(data_version)
        all_tags = {**(all_tags or {}), DATA_VERSION_TAG: value}
        if not is_observation:
            all_tags[DATA_VERSION_IS_USER_PROVIDED_TAG] = "true"
    elif isinstance(content, str):
        all_tags = {**(all_tags or {}), DATA_VERSION_TAG: content}
    partitions = context.partition_keys_of_output(asset_key) if context.run_tags or context.discovers else ()
    if not partitions:
        yield _asset_event(context, asset_key, metadata, None, all_tags, is_observation, is_stored, contents)
        return
    for partition in partitions:
        own = context.get_asset_metadata(asset_key, partition) if context.asset_metadata else None
        told = {**metadata, **own} if own else metadata
        tags = {**(all_tags or {}), DATA_VERSION_TAG: content[partition]} if isinstance(content, Mapping) else all_tags
        yield _asset_event(context, asset_key, told, partition, tags, is_observation, is_stored, contents)


def _asset_event(
    context: StepExecutionContext,
    asset_key: AssetKey,
    metadata: Mapping[str, Any],
    partition: str | None,
    tags: Mapping[str, str] | None,
    is_observation: bool,
    is_stored: bool,
    contents: Mapping[str | None, str] | None,
) -> Event:
    if is_observation:
        return build.asset_observation(
            context.ref, AssetObservation(asset_key, metadata=metadata, partition=partition, tags=tags)
        )
    if isinstance(partition, MultiPartitionKey):
        of_dimensions = {partition_dimension_tag(name): key for name, key in partition.keys_by_dimension.items()}
        tags = {**(tags or {}), **of_dimensions}
    return build.asset_materialization(
        context.ref,
        AssetMaterialization(asset_key, metadata=metadata, partition=partition, tags=tags),
        is_stored=is_stored,
        content=contents.get(partition) if contents is not None else None,
    )


def evaluation_of(context: StepExecutionContext, output: StepOutput, result: Any) -> AssetCheckEvaluation:
    """Return the record of what a check found, with the materialization that it looked at."""
    spec = output.check_spec
    assert spec is not None
    return AssetCheckEvaluation(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.passed,
        metadata=result.metadata,
        severity=result.severity,
        description=result.description,
        blocking=spec.blocking,
        target_materialization_data=_materialization_seen(context, spec.asset_key),
    )


def _materialization_seen(
    context: StepExecutionContext, asset_key: AssetKey
) -> AssetCheckEvaluationTargetMaterializationData | None:
    """Return which materialization of the asset a check that is evaluated now looks at: the latest."""
    for state in context.instance.get_asset_states([asset_key]):
        record = state.last_materialization
        if record is not None:
            return AssetCheckEvaluationTargetMaterializationData(record.storage_id, record.run_id, record.timestamp)
    return None
