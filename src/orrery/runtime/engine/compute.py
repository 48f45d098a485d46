"""
The user's function: called behind the boundary, its results told one by one.

Whatever a function may give (a value, a tuple, ``Output``, ``MaterializeResult``, a generator of
these, a coroutine) becomes a stream of ``Result`` values, in order. What has no meaning is refused
with the name of the op and what would be right.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from typing import Any

from orrery.base.errors import ExecutionStepExecutionError, InvariantViolationError, nearest_hint
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import normalize_metadata
from orrery.definitions.parts.signature import ComputeFunction
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckResult
from orrery.model.events.data_version import DataVersion, DataVersionsByPartition
from orrery.model.events.user import (
    NO_VALUE,
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    MaterializeResult,
    ObserveResult,
    Output,
)
from orrery.model.partitions.requests import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from orrery.plan.step import StepOutput
from orrery.runtime.contexts.asset import AssetCheckExecutionContext, AssetExecutionContext
from orrery.runtime.contexts.op import CURRENT_CONTEXT, OpExecutionContext
from orrery.runtime.contexts.step import StepExecutionContext
from orrery.runtime.engine.boundary import Boundary
from orrery.runtime.engine.requests import Await, is_awaitable

__all__ = [
    "Result",
    "call_arguments",
    "config_for",
    "function_context",
    "results_of_item",
    "results_of_value",
    "run_function",
]

_KEY_REQUESTS = (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)
_LOGGED = (AssetMaterialization, AssetObservation, ExpectationResult, AssetCheckEvaluation)
_OUTPUTS = (Output, DynamicOutput, MaterializeResult, ObserveResult, AssetCheckResult)
_VERSIONS = (DataVersion, DataVersionsByPartition, *_OUTPUTS, *_LOGGED, list, tuple)


class Result:
    """
    One thing that a function gave for an output.

    Attributes:
        output: The output of the step.
        value: The value; without meaning if *has_value* is False.
        mapping_key: Which of a dynamic output.
        metadata: Normalised metadata that came with it.
        check: What a check found, for outputs that are checks.
    """

    __slots__ = ("check", "data_version", "has_value", "mapping_key", "metadata", "output", "tags", "value")

    def __init__(
        self,
        output: StepOutput,
        value: Any,
        *,
        mapping_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        data_version: Any = None,
        tags: Mapping[str, str] | None = None,
        has_value: bool = True,
        check: AssetCheckResult | None = None,
    ) -> None:
        self.output = output
        self.value = value
        self.mapping_key = mapping_key
        self.metadata: Mapping[str, Any] = metadata or {}
        self.data_version = data_version
        self.tags = tags
        self.has_value = has_value
        self.check = check


ResultStream = Generator[Any, Any, None]
"""Yields Result and user events, and Await where something must be awaited."""


def function_context(context: StepExecutionContext, fn: ComputeFunction) -> OpExecutionContext:
    """Return the view of the step that the function asks for by its annotation, or that fits its kind."""
    annotation = fn.context_annotation
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    name = name.rpartition(".")[2]
    step = context.step
    assets_def = step.assets_def
    if name == "OpExecutionContext" or (assets_def is None and name != "AssetExecutionContext"):
        return OpExecutionContext(context)
    if name == "AssetExecutionContext":
        return AssetExecutionContext(context)
    if name == "AssetCheckExecutionContext":
        return AssetCheckExecutionContext(context)
    if not step.is_whole_asset:
        return OpExecutionContext(context)
    if not assets_def._specs_by_key:
        return AssetCheckExecutionContext(context)
    return AssetExecutionContext(context)


def call_arguments(
    fn: ComputeFunction,
    user_context: Any,
    inputs: Mapping[str, Any],
    config: Any,
    resource: Callable[[str], Any],
) -> tuple[list[Any], dict[str, Any]]:
    """
    Return the positional and keyword arguments of a call.

    Args:
        fn: The function.
        user_context: What its context parameter gets.
        inputs: Values of inputs by name.
        config: What its config parameter gets.
        resource: Gives the resource under a key.
    """
    if fn.config_name is None and not fn.resource_params:
        positional = [user_context] if fn.context_name is not None else []
        keywords = dict(inputs)
    else:
        positional = [user_context] if fn.context_name is not None else []
        keywords = dict(inputs)
        if fn.config_name is not None:
            keywords[fn.config_name] = config
        for name in fn.resource_params:
            keywords[name] = resource(name)
    for parameter in fn.parameters:
        if parameter.kind == "positional" and parameter.name in keywords:
            positional.append(keywords.pop(parameter.name))
    return positional, keywords


def config_for(fn: ComputeFunction, op: Any, config: Any) -> Any:
    """Return what the function's config parameter gets: an instance of its class, or the plain config."""
    if fn.config_name is None or not fn.has_config_class:
        return config
    cls = fn.config_annotation
    if isinstance(config, cls):
        return config
    return cls.from_resolved_config(config if config is not None else {})


def run_function(context: StepExecutionContext, inputs: Mapping[str, Any]) -> ResultStream:
    """Call the function of the step with its inputs, and yield what it gives."""
    op = context.step.op
    fn = op._compute_fn
    if not isinstance(fn, ComputeFunction):
        yield from _run_plain(context, fn, inputs)
        return
    user_context = function_context(context, fn)
    config = None
    if fn.config_name is not None:
        config = config_for(fn, op, context.op_config)
    originals = context.plan_context.opened.originals
    positional, keywords = call_arguments(fn, user_context, inputs, config, originals.__getitem__)
    trace = context.plan_context.trace
    span = trace.begin("function", op._name) if trace is not None else None
    token = CURRENT_CONTEXT.set(user_context)
    try:
        with Boundary(ExecutionStepExecutionError, lambda: f'Error occurred while executing op "{context.step.name}":'):
            returned = fn.fn(*positional, **keywords)
            if fn.is_async and is_awaitable(returned):
                returned = yield Await(returned)
        if span is not None and not fn.is_generator:
            trace.end(span)
            span = None
        if inspect.isgenerator(returned):
            yield from _from_generator(context, returned)
        elif inspect.isasyncgen(returned):
            yield from _from_async_generator(context, returned)
        elif is_awaitable(returned):
            with Boundary(
                ExecutionStepExecutionError, lambda: f'Error occurred while executing op "{context.step.name}":'
            ):
                returned = yield Await(returned)
            yield from _from_value(context, returned)
        else:
            yield from _from_value(context, returned)
    finally:
        try:
            CURRENT_CONTEXT.reset(token)
        except ValueError:  # closed from another context, as an abandoned generator is
            CURRENT_CONTEXT.set(None)
        if span is not None:
            trace.end(span)


def _run_plain(context: StepExecutionContext, fn: Callable[..., Any], inputs: Mapping[str, Any]) -> ResultStream:
    with Boundary(ExecutionStepExecutionError, lambda: f'Error occurred while executing op "{context.step.name}":'):
        returned = fn(OpExecutionContext(context), dict(inputs))
        if is_awaitable(returned):
            returned = yield Await(returned)
    if inspect.isgenerator(returned):
        yield from _from_generator(context, returned)
    elif inspect.isasyncgen(returned):
        yield from _from_async_generator(context, returned)
    else:
        yield from _from_value(context, returned)


def _from_generator(context: StepExecutionContext, generator: Any) -> ResultStream:
    while True:
        with Boundary(ExecutionStepExecutionError, lambda: f'Error occurred while executing op "{context.step.name}":'):
            try:
                item = next(generator)
            except StopIteration:
                return
        yield from _item(context, item)


def _from_async_generator(context: StepExecutionContext, generator: Any) -> ResultStream:
    while True:
        with Boundary(ExecutionStepExecutionError, lambda: f'Error occurred while executing op "{context.step.name}":'):
            try:
                item = yield Await(generator.__anext__())
            except StopAsyncIteration:
                return
        yield from _item(context, item)


def _item(context: StepExecutionContext, item: Any) -> ResultStream:
    """Tell one yielded thing."""
    if isinstance(item, _LOGGED):
        yield item
    elif isinstance(item, _OUTPUTS):
        yield from _typed(context, item)
    elif isinstance(item, _KEY_REQUESTS):
        _meet(context, item)
    elif item is None and context.step.assets_def is None:
        raise InvariantViolationError(
            f'Compute function for op "{context.step.name}" yielded None.', mend="yield Output(...)."
        )
    else:
        raise InvariantViolationError(
            f'Compute function for op "{context.step.name}" yielded a value of type {type(item)} rather than an instance of '
            "Output, AssetMaterialization, or ExpectationResult. Values yielded by ops must be wrapped in one of these "
            "types. If your op has a single output and yields no other events, you may want to use `return` instead of "
            "`yield` in the body of your op compute function.",
            mend="yield Output(value), or return the value.",
        )


def _typed(context: StepExecutionContext, item: Any) -> ResultStream:
    if isinstance(item, Output):
        output = _output(context, item.output_name)
        if output.is_dynamic:
            raise InvariantViolationError(
                f'Compute function for op "{context.step.name}" yielded Output for output "{output.name}" which is '
                "defined as dynamic.",
                mend="yield DynamicOutput(value, mapping_key=...).",
            )
        yield Result(output, item.value, metadata=item._metadata, data_version=item._data_version, tags=item._tags)
    elif isinstance(item, DynamicOutput):
        output = _output(context, item.output_name)
        if not output.is_dynamic:
            raise InvariantViolationError(
                f'Compute function for op "{context.step.name}" yielded a DynamicOutput, but did not use DynamicOut for '
                f'output "{output.name}".',
                mend="declare out=DynamicOut().",
            )
        yield Result(output, item.value, mapping_key=item.mapping_key, metadata=item._metadata)
    elif isinstance(item, AssetCheckResult):
        yield _check_result(context, item)
    elif isinstance(item, ObserveResult):
        output = _asset_output(context, item)
        yield Result(
            output,
            None,
            metadata=normalize_metadata(item.metadata),
            data_version=item.data_version,
            tags=item.tags,
            has_value=False,
        )
        for each in item.check_results:
            yield _check_result(context, each, default_key=output.asset_key)
    else:
        output = _asset_output(context, item)
        value = getattr(item, "value", NO_VALUE)
        yield Result(
            output,
            None if value is NO_VALUE else value,
            metadata=normalize_metadata(item.metadata),
            data_version=item.data_version,
            tags=item.tags,
            has_value=value is not NO_VALUE,
        )
        for each in item.check_results:
            yield _check_result(context, each, default_key=output.asset_key)


def _output(context: StepExecutionContext, name: str) -> StepOutput:
    output = context.step.outputs.get(name)
    if output is None:
        raise InvariantViolationError(
            f'Core compute for op "{context.step.name}" returned an output "{name}" that does not exist. The available '
            f"outputs are {list(context.step.outputs)}",
            mend=nearest_hint(name, context.step.outputs, noun="output"),
        )
    return output


def _meet(context: StepExecutionContext, request: Any) -> None:
    """Add or remove the keys of dynamic partitions that a function asks for; who comes after it in the run sees them."""
    name = request.partitions_def_name
    if isinstance(request, AddDynamicPartitionsRequest):
        context.instance.add_dynamic_partitions(name, request.partition_keys)
        return
    for key in request.partition_keys:
        context.instance.delete_dynamic_partition(name, key)


def _asset_output(context: StepExecutionContext, item: Any) -> StepOutput:
    """Return the output that a result of an asset is of."""
    outputs = [each for each in context.step.outputs.values() if each.asset_key is not None]
    kind = type(item).__name__
    if item.asset_key is None:
        if len(outputs) == 1:
            return outputs[0]
        if not outputs:
            raise InvariantViolationError(
                f"{kind} is only valid within asset computations, no context available: op '{context.step.name}' makes no asset.",
                mend="yield Output(...).",
            )
        keys = ", ".join(sorted(each.asset_key.to_user_string() for each in outputs if each.asset_key is not None))
        raise InvariantViolationError(
            f"{kind} did not include asset_key and it can not be inferred. Specify which asset_key, options are: [{keys}]"
        )
    for each in outputs:
        if each.asset_key == item.asset_key:
            return each
    known = [each.asset_key.to_user_string() for each in outputs if each.asset_key is not None]
    raise InvariantViolationError(
        f"Asset key {item.asset_key.to_user_string()} not found in AssetsDefinition of op '{context.step.name}'.",
        mend=nearest_hint(item.asset_key.to_user_string(), known, noun="asset"),
    )


def _check_result(
    context: StepExecutionContext, result: AssetCheckResult, default_key: AssetKey | None = None
) -> Result:
    names: dict[AssetKey, list[str]] = {}
    by_key: dict[AssetCheckKey, StepOutput] = {}
    for output in context.step.outputs.values():
        spec = output.check_spec
        if spec is not None:
            names.setdefault(spec.asset_key, []).append(spec.name)
            by_key[spec.key] = output
    if default_key is not None and result.asset_key is None and default_key in names:
        names = {default_key: names[default_key]}
    key = result.resolve_target_check_key(names)
    return Result(by_key[key], result, check=result, metadata=None, has_value=True)


def _from_value(context: StepExecutionContext, value: Any) -> ResultStream:
    """Tell what a function returned."""
    outputs = context.step.outputs
    if len(outputs) == 1:
        (output,) = outputs.values()
        yield from _one(context, output, value)
        return
    if isinstance(value, _LOGGED):
        raise InvariantViolationError(
            f"Error in {context.describe_op()}: If you are returning an AssetMaterialization or an ExpectationResult from "
            "op you must yield them directly, or log them using the context.log_event method to avoid ambiguity with an "
            "implied result from returning a value.",
            mend="yield it.",
        )
    if not outputs:
        if value is None:
            return
        if isinstance(value, AssetCheckResult | MaterializeResult):
            yield from _typed(context, value)
            return
        raise InvariantViolationError(
            f"Error in {context.describe_op()}: Unexpectedly returned output {value!r} of type {type(value)}. "
            f"{context.describe_op().capitalize()} is explicitly defined to return no results.",
            mend="return nothing, or declare an output.",
        )
    yield from _several(context, value)


def _one(context: StepExecutionContext, output: StepOutput, value: Any) -> ResultStream:
    if output.is_dynamic:
        if not isinstance(value, list):
            raise InvariantViolationError(
                f"Error with output for {context.describe_op()}: dynamic output '{output.name}' expected a list of "
                f"DynamicOutput objects, but instead received instead an object of type {type(value)}.",
                mend="return a list of DynamicOutput, or yield each.",
            )
        for each in value:
            if not isinstance(each, DynamicOutput):
                raise InvariantViolationError(
                    f"Error with output for {context.describe_op()}: dynamic output '{output.name}' expected a list of "
                    f"DynamicOutput objects, but received an item of type {type(each)}."
                )
            yield from _typed(context, each)
        return
    if _observes(context) and output.check_spec is None and not isinstance(value, _VERSIONS):
        raise InvariantViolationError(
            f"Error in {context.describe_op()}: it observes an asset, and returned {value!r} of type "
            f"{type(value).__name__}, which tells no version.",
            mend="return DataVersion(...), DataVersionsByPartition(...) or ObserveResult(...).",
        )
    if value is None or not isinstance(value, (*_OUTPUTS, *_LOGGED, list, tuple, DataVersion, DataVersionsByPartition)):
        if output.check_spec is not None:
            yield _check_of_value(context, output, value)
            return
        yield Result(output, value)
        return
    if isinstance(value, _LOGGED):
        raise InvariantViolationError(
            f"Error in {context.describe_op()}: If you are returning an AssetMaterialization or an ExpectationResult from "
            "op you must yield them directly, or log them using the context.log_event method to avoid ambiguity with an "
            "implied result from returning a value.",
            mend="yield it.",
        )
    if isinstance(value, _KEY_REQUESTS) and output.asset_key is not None:
        _meet(context, value)
        yield from _typed(context, MaterializeResult())
        return
    if isinstance(value, DataVersion | DataVersionsByPartition) and _observes(context):
        yield Result(output, None, data_version=value, has_value=False)
        return
    if isinstance(value, _OUTPUTS):
        if isinstance(value, Output) and value.output_name != output.name and value.output_name != "result":
            raise InvariantViolationError(
                f"Bad state: Output was explicitly named '{value.output_name}', which does not match the output definition "
                f"specified for position 0: '{output.name}'.",
            )
        if isinstance(value, Output) and output.name != value.output_name:
            yield Result(
                output, value.value, metadata=value._metadata, data_version=value._data_version, tags=value._tags
            )
            return
        yield from _typed(context, value)
        return
    if (
        isinstance(value, list | tuple)
        and value
        and context.step.assets_def is not None
        and all(isinstance(each, (MaterializeResult, ObserveResult, AssetCheckResult)) for each in value)
    ):
        for each in value:
            yield from _typed(context, each)
        return
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Output):
        yield from _one(context, output, value[0])
        return
    if output.check_spec is not None:
        yield _check_of_value(context, output, value)
        return
    yield Result(output, value)


def _observes(context: StepExecutionContext) -> bool:
    assets_def = context.step.assets_def
    return assets_def is not None and bool(assets_def.is_observable)


def _check_of_value(context: StepExecutionContext, output: StepOutput, value: Any) -> Result:
    if isinstance(value, bool):
        result = AssetCheckResult(passed=value)
        return Result(output, result, check=result)
    raise InvariantViolationError(
        f"Error in check '{output.check_spec.name if output.check_spec else output.name}': Unexpected return value {value!r} of type {type(value)}.",
        mend="return AssetCheckResult(passed=...).",
    )


def _several(context: StepExecutionContext, value: Any) -> ResultStream:
    """Tell what a function with several outputs returned."""
    outputs = list(context.step.outputs.values())
    wanted = [each for each in outputs if each.is_selected and each.check_spec is None]
    if isinstance(value, _OUTPUTS):
        if (
            isinstance(value, Output | DynamicOutput)
            and len(wanted) != 1
            and value.output_name == "result"
            and "result" not in context.step.outputs
        ):
            raise _wrong_count(context, outputs, value)
        yield from _typed(context, value)
        return
    if value is None:
        missing = [each for each in wanted if not each.dagster_type.is_nothing and each.is_required]
        if missing:
            raise InvariantViolationError(
                f"{context.describe_op()} has multiple outputs, but only one output was returned of type {type(value)}. "
                "When using multiple outputs, either yield each output, or return a tuple containing a value for each output.",
                mend=f"return a tuple of {len(wanted)} values.",
            )
        return
    if (
        isinstance(value, list | tuple)
        and value
        and all(isinstance(each, _OUTPUTS) for each in value)
        and any(isinstance(each, MaterializeResult | ObserveResult | AssetCheckResult) for each in value)
    ):
        for position, each in enumerate(value):
            if isinstance(each, Output) and position < len(wanted):
                yield from _one(context, wanted[position], each)
            else:
                yield from _typed(context, each)
        return
    if len(wanted) == 1 and len(wanted) == sum(each.is_selected for each in outputs) and not isinstance(value, tuple):
        yield from _one(context, wanted[0], value)
        return
    if not isinstance(value, tuple):
        raise InvariantViolationError(
            f"{context.describe_op()} has multiple outputs, but only one output was returned of type {type(value)}. When "
            "using multiple outputs, either yield each output, or return a tuple containing a value for each output. "
            "Check out the documentation on outputs for more.",
            mend=f"return a tuple of {len(wanted)} values.",
        )
    if len(value) != len(wanted):
        if len(value) == len(outputs):
            wanted = outputs
        else:
            raise _wrong_count(context, wanted, value)
    for output, part in zip(wanted, value, strict=True):
        if isinstance(part, Output) and part.output_name not in ("result", output.name):
            raise InvariantViolationError(
                f"Bad state: Received a tuple of outputs. An output was explicitly named '{part.output_name}', which does "
                f"not match the output definition specified for position {wanted.index(output)}: '{output.name}'."
            )
        if isinstance(part, AssetCheckResult):
            yield _check_result(context, part)
            continue
        if part is None and not output.is_required:
            continue
        yield from _one(context, output, part)


def _wrong_count(context: StepExecutionContext, wanted: Any, value: Any) -> InvariantViolationError:
    count = len(value) if isinstance(value, tuple | list) else 1
    names = ", ".join(each.name for each in wanted)
    return InvariantViolationError(
        f"Length mismatch between returned tuple of outputs and number of output_defs on {context.describe_op()}. Output "
        f"tuple has {count} outputs, while the node has {len(wanted)} outputs ({names}).",
        mend=f"return a tuple of {len(wanted)} values.",
    )


results_of_value = _from_value
"""Tell what a function returned; also direct calls ask."""

results_of_item = _item
"""Tell one thing that a function yielded; also direct calls ask."""
