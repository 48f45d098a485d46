"""Inputs of a step: where each value comes from, loaded and checked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from orrery.base.errors import (
    ExecutionInterruptedError,
    ExecutionLoadInputError,
    InvariantViolationError,
    TypeCheckDidNotPass,
    TypeCheckError,
    TypeLoadingError,
    UntrustedValueError,
    UnusableValueError,
    nearest_hint,
)
from orrery.base.keys import AssetKey
from orrery.base.metadata.normalize import normalize_metadata
from orrery.base.metadata.values import AnyMetadataValue
from orrery.definitions.parts.inputs_outputs import InputDefinition
from orrery.definitions.parts.orrery_type import PASSED, OrreryType
from orrery.definitions.parts.types import ANY
from orrery.model.events import build
from orrery.model.events.event import Event
from orrery.model.events.payloads import TypeCheckData
from orrery.model.events.user import Failure, RetryRequested, TypeCheck
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
    StepOutputHandle,
)
from orrery.plan.step import StepInput
from orrery.runtime.contexts.input import InputContext
from orrery.runtime.contexts.output import OutputContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.contexts.type_check import StepTypeCheckContext, TypeLoaderContext
from orrery.runtime.engine.boundary import Boundary
from orrery.runtime.engine.expiry import LimitReached
from orrery.runtime.engine.recorded import KnownContents, check_input
from orrery.runtime.engine.requests import Await, is_awaitable
from orrery.runtime.engine.stored_state import can_tell, described_outputs, trouble_in_store
from orrery.runtime.engine.unusable import ELSEWHERE, tell_unusable

__all__ = ["check_value", "load_inputs", "manager_of", "type_check_refusal"]

InputEvents = Generator[Event | Await, Any, Any]
MISSING = object()
_DECIDED = (Failure, RetryRequested, ExecutionInterruptedError, LimitReached)
"""What says by itself how the step goes on."""
_Store = Callable[[Exception], UnusableValueError | None]
_NO_METADATA: Mapping[str, Any] = {}


def load_inputs(context: StepExecutionContext) -> Generator[Event | Await, Any, dict[str, Any]]:
    """Load and check every input of the step; return the values by name."""
    values: dict[str, Any] = {}
    for name, step_input in context.step.inputs.items():
        definition = step_input.definition
        if definition._type is not None and definition._type.is_nothing:
            continue
        source = step_input.source
        if type(source) is FromNothing:
            continue
        value = yield from _load(context, step_input, source)
        if value is MISSING:
            continue
        if definition.dagster_type.is_nothing:
            continue
        values[name] = value
    for name, value in values.items():
        expected = context.step.inputs[name].definition.dagster_type
        if expected is ANY:
            yield build.step_input(context.ref, name)
        else:
            found, data = check_value(context, expected, value, name)
            if not found.success:
                for alone in _by_key(context, name, value):
                    as_wanted = check_value(context, expected, alone, name)
                    if as_wanted[0].success:
                        values[name] = alone
                        found, data = as_wanted
            yield build.step_input(context.ref, name, data)
            if not found.success:
                raise type_check_refusal("input", name, expected, found, value)
    return values


def _by_key(context: StepExecutionContext, name: str, value: Any) -> Iterator[dict[str, Any]]:
    """
    Yield the value of the only partition that an input loads as a dictionary by key, if it is one.

    An input that asks for a dictionary, as it may be of several partitions, gets one also where it happens to be one.
    """
    if context.step.inputs[name].asset_key is not None and context.has_asset_partitions_for_input(name):
        keys = context.asset_partition_keys_for_input(name)
        if len(keys) == 1:
            yield {str(keys[0]): value}


def check_value(
    context: StepExecutionContext, expected: OrreryType, value: Any, label: str
) -> tuple[TypeCheck, TypeCheckData]:
    """Check *value* against a type; return what the check says, and the same for the event."""
    classes = expected.classes
    if classes is not None and isinstance(value, classes):
        return PASSED, TypeCheckData(True, label, None, _NO_METADATA, expected.display_name)
    with Boundary(
        TypeCheckError,
        lambda: (
            f"Error occurred while type-checking '{label}' of step '{context.step.key}', with Python type "
            f"{type(value)} and type {expected.display_name}"
        ),
    ):
        found = expected.type_check(StepTypeCheckContext(context, expected), value)
    return found, TypeCheckData(found.success, label, found.description, found.metadata, expected.display_name)


def type_check_refusal(noun: str, name: str, expected: OrreryType, found: TypeCheck, value: Any) -> TypeCheckDidNotPass:
    """Return the error of a value that failed its type: names the input or output, what was wanted, what was found."""
    described = found.description or f"The value is of Python type {type(value).__name__}."
    return TypeCheckDidNotPass(
        f'Type check failed for step {noun} "{name}" - expected type "{expected.display_name}". Description: {described}',
        description=found.description,
        metadata=found.metadata,
        dagster_type=expected,
    )


def manager_of(context: StepExecutionContext, key: str, *, wanted: str, purpose: str) -> Any:
    """
    Return the resource under *key* if it can do what is *wanted* of it.

    Raises:
        InvariantViolationError: There is none, or it has no such method.
    """
    mapping: Mapping[str, Any] = context.plan_context.opened.mapping
    manager = mapping.get(key)
    if manager is None:
        raise InvariantViolationError(
            f"There is no resource '{key}', which {purpose}.", mend=nearest_hint(key, mapping, noun="resource")
        )
    if not hasattr(manager, wanted):
        raise InvariantViolationError(
            f"The resource '{key}' ({type(manager).__name__}) {purpose}, but has no method {wanted}.",
            mend="give an IO manager under this key.",
        )
    return manager


def _load(context: StepExecutionContext, step_input: StepInput, source: Any) -> InputEvents:
    kind = type(source)
    if kind is FromStepOutput:
        return (yield from _load_output(context, step_input, source.step_key, source.output_name, source.mapping_key))
    if kind is FromAsset:
        return (yield from _load_asset(context, step_input, source.asset_key))
    if kind is FromDefault:
        return source.value
    if kind is FromDirectValue:
        return context.job_def.input_values[source.input_name]
    if kind is FromConfig:
        return _from_config(context, step_input, source)
    if kind is FromSeveral:
        found = []
        for each in source.sources:
            if type(each) is FromStepOutput and not _was_given(context, each):
                continue
            value = yield from _load(context, step_input, each)
            if value is not MISSING:
                found.append(value)
        return found
    if kind is FromCollect:
        found = []
        for handle in source.handles or ():
            value = yield from _load_output(
                context, step_input, handle.step_key, handle.output_name, handle.mapping_key
            )
            if value is not MISSING:
                found.append(value)
        return found
    if kind is FromInputManager:
        return (yield from _load_unconnected(context, step_input, source))
    return MISSING


def _was_given(context: StepExecutionContext, source: FromStepOutput) -> bool:
    given = context.plan_context.given_outputs
    return given is None or (source.step_key, source.output_name) in given


def upstream_context(
    context: StepExecutionContext, step_key: str, output_name: str, mapping_key: str | None
) -> OutputContext:
    """Return the description of an output of another step, for whoever loads it."""
    plan_context = context.plan_context
    plan = plan_context.execution_plan
    template = step_key.partition("[")[0]
    step = plan.step_dict[template]
    output = step.outputs[output_name]
    definition = output.definition
    run_id = plan_context.run.run_id
    if plan.parent_run_id is not None:
        known = plan_context.known_outputs
        owner = known.get(StepOutputHandle(step_key, output_name, mapping_key)) if isinstance(known, Mapping) else None
        if owner is not None:
            run_id = owner
        elif template not in plan_context.executed_keys:
            run_id = plan.parent_run_id
    config = plan_context.execution_plan.resolved_run_config.op(step.handle.to_string()).outputs.get(output_name)
    return OutputContext(
        step_key,
        output_name,
        plan_context.run.job_name,
        run_id,
        definition.raw_metadata,
        mapping_key,
        config,
        definition.dagster_type,
        None,
        None,
        None,
        None,
        StepExecutionContext(plan_context, step) if context.step is not step else context,
        step.op,
        output.asset_key,
        manager_key=definition.io_manager_key,
    )


def _told_metadata(definition: InputDefinition, described: InputContext) -> Mapping[str, AnyMetadataValue]:
    """Return what an event tells of a loaded input: metadata of its definition, and what its IO manager added."""
    own, added = definition.raw_metadata, described._logged_metadata
    if not (own or added):
        return build.NO_METADATA
    return {**normalize_metadata(own, allow_invalid=True), **described.consume_logged_metadata()}


def _told_contents(described: InputContext) -> Sequence[tuple[str | None, str]]:
    """Return what an event tells of what was loaded, by the names that the IO manager which stored it has noted."""
    contents = described._contents
    if contents is None or not described.has_asset_key:
        return ()
    return [(None if partition is None else str(partition), name) for partition, name in contents.items()]


def _load_output(
    context: StepExecutionContext,
    step_input: StepInput,
    step_key: str,
    output_name: str,
    mapping_key: str | None,
) -> InputEvents:
    producer = context.plan_context.execution_plan.step_dict[step_key.partition("[")[0]]
    output = producer.outputs[output_name]
    definition = step_input.definition
    key = definition.input_manager_key or output.definition.io_manager_key
    manager = manager_of(
        context, key, wanted="load_input", purpose=f"loads input '{step_input.name}' of step '{context.step.key}'"
    )
    given = context.op_entry.inputs

    def describe(manager_key: str) -> InputContext:
        return InputContext(
            name=step_input.name,
            config=given.get(step_input.name) if given else None,
            definition_metadata=definition.raw_metadata,
            upstream_output=partial(upstream_context, context, step_key, output_name, mapping_key),
            dagster_type=definition.dagster_type,
            step_context=context,
            asset_key=step_input.asset_key if step_input.asset_key is not None else output.asset_key,
            manager_key=manager_key,
        )

    described = describe(key)
    stored_by = output.definition.io_manager_key
    store, check = None, None
    if described.has_asset_key:
        if key != stored_by:
            store = partial(_ask_store, context, described, stored_by, described_outputs(context, producer, output))
        was_skipped = context.plan_context.was_skipped
        if was_skipped is not None and was_skipped(context.step.key, step_key):  # something may have been stored since
            to_store = described if store is None else describe(stored_by)
            known = context.plan_context.known_contents
            check = _check_of(context, to_store, stored_by, store is not None, known)
    value = yield from _call_manager(context, manager, described, step_input.name, step_key, store, check)
    yield from _observations(context, described)
    yield build.loaded_input(
        context.ref,
        step_input.name,
        key,
        upstream_output_name=output_name,
        upstream_step_key=step_key,
        metadata=_told_metadata(definition, described),
        contents=_told_contents(described) if key == stored_by else (),
    )
    return value


def _load_asset(context: StepExecutionContext, step_input: StepInput, asset_key: AssetKey) -> InputEvents:
    definition = step_input.definition
    layer = context.job_def.asset_layer
    known = layer.assets_def_for_key(asset_key) if layer is not None else None
    key = definition.input_manager_key
    if key is None:
        key = known.get_io_manager_key_for_asset_key(asset_key) if known is not None else "io_manager"
    manager = manager_of(context, key, wanted="load_input", purpose=f"loads asset '{asset_key.to_user_string()}'")
    described = _described_asset(context, step_input, asset_key, known, key)
    stored_by = known.get_io_manager_key_for_asset_key(asset_key) if known is not None else key
    to_store, store = described, None
    if key != stored_by:
        to_store = _described_asset(context, step_input, asset_key, known, stored_by)
        upstream = to_store.upstream_output
        outputs = () if upstream is None or described.has_asset_partitions else ((None, upstream),)
        store = partial(_ask_store, context, described, stored_by, outputs)
    check = _check_of(context, to_store, stored_by, store is not None)
    value = yield from _call_manager(context, manager, described, step_input.name, ELSEWHERE, store, check)
    yield from _observations(context, described)
    yield build.loaded_input(
        context.ref,
        step_input.name,
        key,
        metadata=_told_metadata(step_input.definition, described),
        contents=_told_contents(described) if key == stored_by else (),
    )
    return value


def _check_of(
    context: StepExecutionContext,
    described: InputContext,
    stored_by: str,
    is_loaded_otherwise: bool,
    known: KnownContents | None = None,
) -> Callable[[], None] | None:
    """
    Return what checks, before the load, that a stored value is the one that was recorded last; None if nobody wants that.

    Args:
        context: The step that loads it.
        described: The input, as the IO manager that stored the value knows it.
        stored_by: The key of that IO manager.
        is_loaded_otherwise: Whether an input manager loads it.
        known: What the run knows of it, if it is at hand.
    """
    may_reuse = context.plan_context.may_reuse
    if may_reuse is None or not may_reuse(context.step):
        return None
    manager = context.plan_context.opened.mapping.get(stored_by)
    check = partial(check_input, context.instance, manager, described, known)
    return partial(_check_as_far_as_told, context, check, described, stored_by) if is_loaded_otherwise else check


def _check_as_far_as_told(
    context: StepExecutionContext, check: Callable[[], None], described: InputContext, stored_by: str
) -> None:
    """Check whose value an input manager is about to load; its store may be out of reach where the input manager is not."""
    try:
        check()
    except (UnusableValueError, UntrustedValueError, *_DECIDED):
        raise
    except Exception as error:  # noqa: BLE001  # of whatever kind: to load is the business of the input manager
        told = str(error.args[0]) if error.args else type(error).__name__
        context.log.warning(
            f"IO manager '{stored_by}' could not tell whether the value of asset '{described.asset_key.to_user_string()}' is "
            f"the one that was recorded last: {told} It is loaded all the same."
        )


def _described_asset(
    context: StepExecutionContext, step_input: StepInput, asset_key: AssetKey, known: Any, manager_key: str
) -> InputContext:
    """Return the description of an asset that no step of the run makes, for the IO manager that is asked for it."""
    definition = step_input.definition
    spec = known._specs_by_key[asset_key] if known is not None else None
    given = context.op_entry.inputs
    upstream = OutputContext(
        step_key="none",
        name=asset_key.parts[-1],
        job_name=context.job_name,
        run_id="none",
        definition_metadata=spec.metadata if spec is not None else {},
        asset_key=asset_key,
        op_def=known.get_op_def_for_asset_key(asset_key) if known is not None else None,
        asset_partitions_def=spec.partitions_def if spec is not None else None,
        step_context=context,
        asset_spec=spec,
        manager_key=manager_key,
    )
    return InputContext(
        name=step_input.name,
        config=given.get(step_input.name) if given else None,
        definition_metadata=definition.raw_metadata,
        upstream_output=upstream,
        dagster_type=definition.dagster_type,
        step_context=context,
        asset_key=asset_key,
        manager_key=manager_key,
    )


def _load_unconnected(context: StepExecutionContext, step_input: StepInput, source: FromInputManager) -> InputEvents:
    definition = step_input.definition
    manager = manager_of(
        context,
        source.manager_key,
        wanted="load_input",
        purpose=f"loads input '{step_input.name}' of step '{context.step.key}'",
    )
    path = ".".join(source.path)
    config = context.resolved_run_config.op(path).inputs.get(source.input_name)
    described = InputContext(
        name=step_input.name,
        config=config,
        definition_metadata=definition.raw_metadata,
        dagster_type=definition.dagster_type,
        step_context=context,
        asset_key=step_input.asset_key,
        manager_key=source.manager_key,
    )
    value = yield from _call_manager(context, manager, described, step_input.name)
    yield from _observations(context, described)
    yield build.loaded_input(
        context.ref,
        step_input.name,
        source.manager_key,
        metadata=_told_metadata(definition, described),
    )
    return value


def _call_manager(
    context: StepExecutionContext,
    manager: Any,
    described: InputContext,
    name: str,
    producer: str | None = None,
    store: _Store | None = None,
    check: Callable[[], None] | None = None,
) -> InputEvents:
    trace = context.plan_context.trace
    span = trace.begin("load_input", name, manager=type(manager).__name__) if trace is not None else None
    with Boundary(
        ExecutionLoadInputError,
        lambda: f'Error occurred while loading input "{name}" of step "{context.step.key}"',
    ):
        is_loading = False
        try:
            if check is not None:
                check()
            is_loading = True
            value = manager.load_input(described)
            if is_awaitable(value):
                value = yield Await(value)
        except _DECIDED:
            raise
        except Exception as error:
            trouble = error if isinstance(error, UnusableValueError) else None
            if (
                store is not None and is_loading
            ):  # an input manager may look elsewhere, and know nothing of these errors
                trouble = store(error)
            if trouble is not None and described.has_asset_key:
                yield from tell_unusable(context, described, trouble, name, producer)
                if trouble is not error:
                    raise trouble from error
            raise
    if span is not None:
        trace.end(span)
    return value


def _ask_store(
    context: StepExecutionContext,
    described: InputContext,
    key: str,
    outputs: Iterable[tuple[str | None, OutputContext]],
    error: Exception,
) -> UnusableValueError | None:
    """
    Return what is wrong with a stored value that an input manager could not load, if it is the value that is at fault.

    Args:
        context: The step that loads it.
        described: The input.
        key: The IO manager that stored it.
        outputs: What that one is asked by; nothing where it cannot be asked.
        error: What the input manager raised.
    """
    manager = context.plan_context.opened.mapping.get(key)
    asked = list(outputs) if can_tell(manager) else []
    if asked:
        return trouble_in_store(manager, asked)
    if isinstance(error, UnusableValueError):
        shown = described.asset_key.to_user_string()
        error.mend = (
            f"see whether IO manager '{key}' has stored the value whole: it cannot be asked; if not, make it again: "
            f"`orrery materialize {shown} --reuse --force {shown}`."
        )
    return None


def _observations(context: StepExecutionContext, described: InputContext) -> Generator[Event, None, None]:
    if described._events:
        for each in described.consume_events():
            yield build.asset_observation(context.ref, each)


def _from_config(context: StepExecutionContext, step_input: StepInput, source: FromConfig) -> Any:
    resolved = context.resolved_run_config
    entry = resolved.inputs if not source.path else resolved.op(".".join(source.path)).inputs
    raw = entry[source.input_name]
    expected = step_input.definition.dagster_type
    loader = expected.loader
    if loader is None:
        if isinstance(raw, Mapping) and set(raw) == {"value"}:
            return raw["value"]
        return raw
    with Boundary(
        TypeLoadingError,
        lambda: f'Error occurred while loading input "{step_input.name}" of step "{context.step.key}" from config',
    ):
        return loader.construct_from_config_value(TypeLoaderContext(context, expected), raw)
