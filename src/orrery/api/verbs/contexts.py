"""
Contexts for tests: what the functions of ops, assets, checks, hooks and IO managers are given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from orrery.api.verbs.build_resources import runner_of
from orrery.base.keys import AssetKey
from orrery.definitions.parts.executor import InitLoggerContext
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.parts.types import resolve_type
from orrery.model.config.configured import plain_config
from orrery.model.config.schema import Field, Shape
from orrery.model.config.validate import resolve_config
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import partition_loading_context
from orrery.runtime.contexts.direct import (
    DirectAssetCheckExecutionContext,
    DirectAssetExecutionContext,
    DirectOpExecutionContext,
)
from orrery.runtime.contexts.direct_given import DirectGiven, DirectResources
from orrery.runtime.contexts.hook import UnboundHookContext
from orrery.runtime.contexts.init_resource import Later, ScopedResources
from orrery.runtime.contexts.input import BuiltInputContext, InputContext
from orrery.runtime.contexts.log import console_log
from orrery.runtime.contexts.output import BuiltOutputContext, GivenResources, OutputContext
from orrery.runtime.engine.resources import OpenResources, open_resources
from orrery.runtime.instance.instance import Instance

__all__ = [
    "build_asset_check_context",
    "build_asset_context",
    "build_hook_context",
    "build_init_logger_context",
    "build_input_context",
    "build_op_context",
    "build_output_context",
    "open_given",
]

EPHEMERAL_RUN_ID = "__EPHEMERAL_RUN_ID"
"""What contexts of IO managers say the run is, where none was given."""


def open_given(
    resources: Mapping[str, Any] | None,
    resources_config: Mapping[str, Any] | None = None,
    *,
    instance: Any = None,
    event_loop: Any = None,
) -> OpenResources:
    """
    Open resources for a call outside of a run; the caller closes them.

    Args:
        resources: Definitions, objects of resource classes, or plain objects, by key.
        resources_config: Their config: ``{key: {"config": ...}}``.
        instance: The instance that they see, or a :class:`Later` that makes it.
        event_loop: The loop in which asynchronous resources live; it must not be running.

    Raises:
        InvalidConfigError: A config is refused; all problems are told.
        ResourceFunctionError: A resource raised.
    """
    definitions = as_resource_definitions(resources)
    given = plain_config(resources_config or {})
    if definitions or given:
        shape = Shape({key: Field(Shape({"config": each.config_field})) for key, each in definitions.items()})
        resolve_config(shape, given, subject="resources", env=os.environ)
    return open_resources(
        definitions,
        definitions,
        given,
        instance=instance,
        log=console_log(),
        event_loop=event_loop,
        run_async=runner_of(event_loop),
    )


def _closing(opened: OpenResources) -> Any:
    def close() -> None:
        for error in opened.close():
            raise error

    return close


def _given(
    resources: Mapping[str, Any] | None,
    resources_config: Mapping[str, Any] | None,
    instance: Any,
    event_loop: Any,
    **others: Any,
) -> DirectGiven:
    seen = Later(Instance.ephemeral) if instance is None else instance
    opened = open_given(resources, resources_config, instance=seen, event_loop=event_loop)
    return DirectGiven(
        opened=DirectResources(opened.mapping, opened.originals),
        close=_closing(opened),
        must_close=opened.must_close,
        instance=seen,
        log=console_log(),
        resources_config=resources_config,
        **others,
    )


def build_op_context(
    resources: Mapping[str, Any] | None = None,
    op_config: Any = None,
    resources_config: Mapping[str, Any] | None = None,
    instance: Any = None,
    config: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    mapping_key: str | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: Any = None,
) -> DirectOpExecutionContext:
    """
    Return a context to call an op with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        resources: Resources by key: definitions, objects of resource classes, plain objects.
        op_config: The config of the op.
        resources_config: Config of the resources: ``{key: {"config": ...}}``.
        instance: The instance to show; by default one in memory.
        config: The same as *op_config*.
        partition_key: The partition of the run that is pretended.
        partition_key_range: Its partitions, if they are several.
        mapping_key: Which of a dynamic output the call is for.
        run_tags: Tags of the run that is pretended.
        event_loop: The loop in which asynchronous resources live; it must not be running.

    Example::

        assert my_op(build_op_context(op_config={"limit": 3}), 1) == 3
    """
    return DirectOpExecutionContext(
        _given(
            resources,
            resources_config,
            instance,
            event_loop,
            config=op_config if op_config is not None else config,
            partition_key=partition_key,
            partition_key_range=partition_key_range,
            mapping_key=mapping_key,
            tags=run_tags,
        )
    )


def build_asset_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Mapping[str, Any] | None = None,
    instance: Any = None,
    partition_key: str | None = None,
    partition_key_range: PartitionKeyRange | None = None,
    run_tags: Mapping[str, str] | None = None,
    event_loop: Any = None,
) -> DirectAssetExecutionContext:
    """
    Return a context to call an asset with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        resources: Resources by key: definitions, objects of resource classes, plain objects.
        resources_config: Config of the resources: ``{key: {"config": ...}}``.
        asset_config: The config of the asset.
        instance: The instance to show; by default one in memory.
        partition_key: The partition of the run that is pretended.
        partition_key_range: Its partitions, if they are several.
        run_tags: Tags of the run that is pretended.
        event_loop: The loop in which asynchronous resources live; it must not be running.

    Example::

        assert my_asset(build_asset_context(partition_key="2024-01-01"), upstream=1) == 2
    """
    return DirectAssetExecutionContext(
        _given(
            resources,
            resources_config,
            instance,
            event_loop,
            config=asset_config,
            partition_key=partition_key,
            partition_key_range=partition_key_range,
            tags=run_tags,
            builder="build_asset_context",
        )
    )


def build_asset_check_context(
    resources: Mapping[str, Any] | None = None,
    resources_config: Mapping[str, Any] | None = None,
    asset_config: Mapping[str, Any] | None = None,
    instance: Any = None,
) -> DirectAssetCheckExecutionContext:
    """
    Return a context to call an asset check with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        resources: Resources by key: definitions, objects of resource classes, plain objects.
        resources_config: Config of the resources: ``{key: {"config": ...}}``.
        asset_config: The config of the check.
        instance: The instance to show; by default one in memory.

    Example::

        assert my_check(build_asset_check_context(), my_asset=1).passed
    """
    return DirectAssetCheckExecutionContext(
        _given(resources, resources_config, instance, None, config=asset_config, builder="build_asset_check_context")
    )


def build_hook_context(
    resources: Mapping[str, Any] | None = None,
    op: Any = None,
    run_id: str | None = None,
    job_name: str | None = None,
    op_exception: Exception | None = None,
    instance: Any = None,
) -> UnboundHookContext:
    """
    Return a context to call a hook with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        resources: Resources by key: definitions, objects of resource classes, plain objects.
        op: The op whose end is pretended.
        run_id: The id of the run that is pretended.
        job_name: The name of its job.
        op_exception: What the op raised.
        instance: The instance to show.

    Example::

        my_failure_hook(build_hook_context(op=my_op, op_exception=ValueError("no")))
    """
    opened = open_given(resources, instance=Later(Instance.ephemeral) if instance is None else instance)
    return UnboundHookContext(
        opened.scoped(opened.mapping),
        close=_closing(opened),
        must_close=opened.must_close,
        op=op,
        run_id=run_id,
        job_name=job_name,
        op_exception=op_exception,
        instance=instance,
        log=console_log(),
    )


def build_init_logger_context(logger_config: Any = None, job_def: Any = None) -> InitLoggerContext:
    """
    Return a context to call a logger with, in a test.

    Args:
        logger_config: The config that the logger reads.
        job_def: The job that it logs for.

    Example::

        assert my_logger(build_init_logger_context(logger_config={"level": "INFO"})).level == 20
    """
    return InitLoggerContext(plain_config(logger_config), None, job_def, None)


def build_output_context(
    step_key: str | None = None,
    name: str | None = None,
    definition_metadata: Mapping[str, Any] | None = None,
    run_id: str | None = None,
    mapping_key: str | None = None,
    config: Any = None,
    dagster_type: Any = None,
    version: str | None = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    asset_key: Any = None,
    partition_key: str | None = None,
    asset_partitions_def: Any = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    instance: Any = None,
    asset_spec: Any = None,
    metadata: Mapping[str, Any] | None = None,
    output_metadata: Mapping[str, Any] | None = None,
) -> OutputContext:
    """
    Return a context to call ``handle_output`` of an IO manager with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        step_key: The step that gives the output.
        name: Name of the output.
        definition_metadata: Metadata of its definition.
        run_id: The run.
        mapping_key: Which of a dynamic output it is.
        config: Config of the output.
        dagster_type: Type of the value.
        version: Version of the output.
        resource_config: Config of the IO manager.
        resources: Resources that the IO manager uses, by key.
        op_def: The op that gives the output.
        asset_key: The asset that the output is.
        partition_key: The partition of the run.
        asset_partitions_def: Partitions of the asset.
        asset_partition_key_range: The partitions that the output is.
        instance: The instance to show.
        asset_spec: The spec of the asset.
        metadata: The same as *definition_metadata*.
        output_metadata: Metadata that the function gave with the value.

    Example::

        my_io_manager.handle_output(build_output_context(asset_key="orders"), 1)
    """
    return BuiltOutputContext(
        _given_resources(resources, instance, "build_output_context"),
        instance,
        step_key=step_key,
        name=name,
        run_id=run_id if run_id is not None else EPHEMERAL_RUN_ID,
        definition_metadata=definition_metadata if definition_metadata is not None else metadata,
        mapping_key=mapping_key,
        config=config,
        dagster_type=resolve_type(dagster_type) if dagster_type is not None else None,
        log_manager=console_log(),
        version=version,
        resource_config=resource_config,
        op_def=op_def,
        asset_key=AssetKey.from_coercible(asset_key) if asset_key is not None else None,
        partition_key=partition_key,
        output_metadata=output_metadata,
        asset_partitions_def=asset_partitions_def,
        asset_partitions_subset=_subset(asset_partitions_def, asset_partition_key_range, instance),
        asset_spec=asset_spec,
    )


def _given_resources(resources: Mapping[str, Any] | None, instance: Any, builder: str) -> GivenResources:
    if not resources:
        return GivenResources(ScopedResources({}), None, False, builder)
    opened = open_given(resources, instance=Later(Instance.ephemeral) if instance is None else instance)
    return GivenResources(opened.scoped(opened.mapping), _closing(opened), opened.must_close, builder)


def _subset(partitions_def: Any, keys: PartitionKeyRange | None, instance: Any) -> Any:
    """Return the partitions from the first to the last of *keys*, as a set; None if nothing is known of them."""
    if keys is None or partitions_def is None:
        return None
    with partition_loading_context(dynamic_partitions_store=instance):
        return partitions_def.empty_subset().with_partition_keys(partitions_def.get_partition_keys_in_range(keys))


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, Any] | None = None,
    upstream_output: OutputContext | None = None,
    dagster_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    step_context: Any = None,
    asset_key: Any = None,
    partition_key: str | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    asset_partitions_def: Any = None,
    instance: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> InputContext:
    """
    Return a context to call ``load_input`` of an IO manager with, in a test.

    Use it in a ``with`` statement if one of *resources* must be closed.

    Args:
        name: Name of the input.
        config: Config of the input.
        definition_metadata: Metadata of its definition.
        upstream_output: The output that the value comes from: see :func:`build_output_context`.
        dagster_type: Type that the value must have.
        resource_config: Config of the IO manager.
        resources: Resources that the IO manager uses, by key.
        op_def: The op that takes the input.
        step_context: The context of the step, if there is one.
        asset_key: The asset that the input loads.
        partition_key: The partition of the run.
        asset_partition_key_range: The partitions that are loaded.
        asset_partitions_def: Partitions of the asset.
        instance: The instance to show.
        metadata: The same as *definition_metadata*.

    Example::

        assert my_io_manager.load_input(build_input_context(asset_key="orders")) == 1
    """
    return BuiltInputContext(
        _given_resources(resources, instance, "build_input_context"),
        name=name,
        op_def=op_def,
        config=config,
        definition_metadata=definition_metadata if definition_metadata is not None else metadata,
        upstream_output=upstream_output,
        dagster_type=resolve_type(dagster_type) if dagster_type is not None else None,
        log_manager=console_log(),
        resource_config=resource_config,
        step_context=step_context,
        asset_key=AssetKey.from_coercible(asset_key) if asset_key is not None else None,
        partition_key=partition_key,
        asset_partitions_subset=_subset(asset_partitions_def, asset_partition_key_range, instance),
        asset_partitions_def=asset_partitions_def,
        instance=instance,
    )
