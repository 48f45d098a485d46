"""
Direct calls: the function of an op, asset, check or hook, without a run.

Arguments are those of the function: its inputs, its config, its resources, and a context made by
``build_op_context`` or its kin. What the function gives is checked as in a run, and handed back as it is.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from typing import Any

from orrery.api.verbs.contexts import build_hook_context, build_op_context, open_given
from orrery.base.errors import (
    InvalidInvocationError,
    InvariantViolationError,
    TypeCheckDidNotPass,
    nearest_hint,
)
from orrery.definitions.assets.assets_definition import AssetsDefinition
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.graphs.op import OpDefinition
from orrery.definitions.parts.resource import as_resource_definitions
from orrery.definitions.parts.signature import ComputeFunction
from orrery.definitions.parts.types import ANY, OrreryType
from orrery.model.config.configured import NOTHING_GIVEN, plain_config
from orrery.model.events.user import Output
from orrery.runtime.contexts.direct import DirectAssetExecutionContext, DirectOpExecutionContext
from orrery.runtime.contexts.direct_given import DirectResources, missing_resource
from orrery.runtime.contexts.hook import UnboundHookContext
from orrery.runtime.contexts.op import CURRENT_CONTEXT
from orrery.runtime.engine.compute import Result, call_arguments, config_for, results_of_item, results_of_value
from orrery.runtime.engine.inputs import check_value

__all__ = ["invoke_hook", "invoke_op"]

DirectContext = DirectOpExecutionContext | DirectAssetExecutionContext
_ABSENT: Any = object()


def invoke_op(op_def: OpDefinition, args: tuple[Any, ...], kwargs: dict[str, Any], assets_def: Any = None) -> Any:
    """
    Call the function of an op or asset.

    Args:
        op_def: The op.
        args: Positional arguments of the call; a context comes first.
        kwargs: Named arguments of the call.
        assets_def: The definition whose op it is, if any.

    Returns:
        What the function returned, unchanged: a value, an ``Output``, a generator of these, a coroutine.

    Raises:
        InvalidInvocationError: Arguments are missing or too many.
        InvalidConfigError: The config does not fit.
        InvalidDefinitionError: A resource is missing.
        TypeCheckDidNotPass: A value is not of its type.
        InvariantViolationError: What the function gave does not fit its outputs.
        Exception: What the function raised.
    """
    fn = op_def.compute_fn
    if not isinstance(fn, ComputeFunction):
        raise InvalidInvocationError(
            f"Attempted to invoke op '{op_def.name}' that was not constructed using the `@op` decorator.",
            mend="decorate its function with @op.",
        )
    call = _Arguments(op_def, fn, args, kwargs)
    if isinstance(assets_def, SourceAsset):
        assets_def = AssetsDefinition.from_source_asset(assets_def)
    return _Call(op_def, fn, assets_def, call).start()


class _Arguments:
    """The arguments of a direct call, each in its role."""

    def __init__(self, op: OpDefinition, fn: ComputeFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.context: DirectContext | None = None
        self.config: Any = _ABSENT
        self.resources: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        named = dict(kwargs)
        positional = list(args)
        if fn.context_name is not None:
            self._take_context(fn, positional, named, op)
        elif positional and isinstance(positional[0], DirectOpExecutionContext | DirectAssetExecutionContext):
            self.context = positional.pop(0)
        order = [
            each.name
            for each in fn.parameters
            if each.name != fn.context_name and each.kind in ("positional", "either")
        ]
        if fn.takes_kwargs or any(each.kind == "args" for each in fn.parameters):
            order += [name for name in op.input_dict if name not in order]
        if len(positional) > len(order):
            raise _too_many(op, fn)
        for name, value in zip(order, positional, strict=False):
            if name in named:
                raise InvalidInvocationError(
                    f"Too many input arguments were provided for op '{op.name}': '{name}' was given twice.",
                    mend="give it once.",
                )
            named[name] = value
        for name, value in named.items():
            self._place(op, fn, name, value)
        for name, definition in op.input_dict.items():
            if name in self.inputs or definition.dagster_type.is_nothing:
                continue
            if definition.has_default_value:
                self.inputs[name] = definition.default_value
                continue
            if fn.takes_kwargs and all(each.name != name for each in fn.input_params):
                continue
            raise InvalidInvocationError(
                f'No value provided for required input "{name}".', mend=f"give {name}= to the call of '{op.name}'."
            )

    def _take_context(
        self, fn: ComputeFunction, positional: list[Any], named: dict[str, Any], op: OpDefinition
    ) -> None:
        name = fn.context_name
        assert name is not None
        if name in named:
            given = named.pop(name)
        elif "context" in named and not any(each.name == "context" for each in fn.parameters):
            given = named.pop("context")
        elif positional:
            given = positional.pop(0)
        elif named:
            raise InvalidInvocationError(
                f"Decorated function '{fn.name}' has context argument '{name}', but no value for '{name}' was found when "
                f"invoking. Provided kwargs: {named}",
                mend=f"give {name}=build_op_context() or build_asset_context().",
            )
        else:
            given = _ABSENT
        if given is None:
            return
        if not isinstance(given, DirectOpExecutionContext | DirectAssetExecutionContext):
            raise InvalidInvocationError(
                f"Decorated function '{fn.name}' has context argument, but no context was provided when invoking.",
                mend="give build_op_context() or build_asset_context() as the first argument, or None.",
            )
        self.context = given

    def _place(self, op: OpDefinition, fn: ComputeFunction, name: str, value: Any) -> None:
        if name == fn.config_name:
            self.config = value
        elif name in fn.resource_params:
            self.resources[name] = value
        elif name in op.input_dict:
            if op.input_dict[name].dagster_type.is_nothing:
                raise InvalidInvocationError(
                    f"Attempted to provide value for nothing input '{name}'. Nothing dependencies are ignored when "
                    "directly invoking ops.",
                    mend="leave it out.",
                )
            self.inputs[name] = value
        elif fn.takes_kwargs:
            self.inputs[name] = value
        else:
            raise InvalidInvocationError(
                f"Too many input arguments were provided for op '{op.name}': it has no parameter '{name}'.",
                mend=nearest_hint(name, [each.name for each in fn.parameters], noun="parameter"),
            )


def _too_many(op: OpDefinition, fn: ComputeFunction) -> InvalidInvocationError:
    if any(each.dagster_type.is_nothing for each in op.input_dict.values()):
        why = (
            "This may be because you attempted to provide a value for a nothing dependency. Nothing dependencies are "
            "ignored when directly invoking ops."
        )
    elif fn.context_name is None:
        why = (
            "This may be because an argument was provided for the context parameter, but no context parameter was "
            "defined for the op."
        )
    else:
        why = "The first one is its context."
    return InvalidInvocationError(
        f"Too many input arguments were provided for op '{op.name}'. {why}", mend="give the arguments of its function."
    )


class _Call:
    """One direct call, from the binding of its context to its release."""

    def __init__(self, op: OpDefinition, fn: ComputeFunction, assets_def: Any, arguments: _Arguments) -> None:
        self.op = op
        self.fn = fn
        self.arguments = arguments
        context = arguments.context
        self.is_own = context is None
        if context is None:
            context = build_op_context()
        self.context = context
        given = context._given
        if arguments.config is not _ABSENT and given.config is not None:
            raise InvalidInvocationError(
                "Cannot provide config in both context and kwargs", mend="give it in one place."
            )
        if arguments.resources and given.keys:
            raise InvalidInvocationError(
                "Cannot provide resources in both context and kwargs", mend="give them in one place."
            )
        own = dict(assets_def.resource_defs) if assets_def is not None else {}
        for key in own:
            if key in given.keys:
                raise InvalidInvocationError(
                    f"Error when invoking {assets_def!r} resource '{key}' provided on both the definition and invocation "
                    "context.",
                    mend="provide it on only one or the other.",
                )
        self.opened: Any = None
        resources: DirectResources | None = None
        if arguments.resources or own:
            resources = self._open({**own, **arguments.resources})
        try:
            needed = sorted(op.required_resource_keys)
            if needed and (resources is None or any(key not in resources.mapping for key in needed)):
                all_of = given.opened if resources is None else given.opened.joined(resources)
                for key in needed:
                    if key not in all_of.mapping:
                        raise missing_resource(key, f"op '{op.name}'", all_of.mapping)
            if resources is not None and given.keys:
                resources = given.opened.joined(resources)
            config = self._config()
            self.step = context.begin(op, assets_def, opened=resources, config=config)
        except BaseException:
            self._close()
            raise

    def _open(self, resources: Mapping[str, Any]) -> DirectResources:
        given = self.context._given
        definitions: dict[str, Any] = dict(as_resource_definitions(resources))
        needs = {key for each in definitions.values() for key in each.required_resource_keys} - definitions.keys()
        if needs:
            for key in needs & set(given.keys):
                definitions[key] = as_resource_definitions({key: given.opened.originals[key]})[key]
        self.opened = open_given(definitions, instance=given._instance)
        return DirectResources(self.opened.mapping, self.opened.originals)

    def _config(self) -> Any:
        """Return the config of the op, resolved."""
        given = self.arguments.config if self.arguments.config is not _ABSENT else self.context._given.config
        raw = NOTHING_GIVEN if given is None else plain_config(given)
        if not self.op.has_config and getattr(self.op, "configured_from", None) is None:
            return None if raw is NOTHING_GIVEN else raw
        return self.op.resolve_config(raw, subject=f"op '{self.op.name}'", environment=os.environ)

    def start(self) -> Any:
        """Call the function; what it gives is checked as it comes."""
        try:
            returned = self._call()
        except BaseException:
            self._end()
            raise
        if inspect.isgenerator(returned):
            return self._generator(returned)
        if inspect.isasyncgen(returned):
            return self._async_generator(returned)
        if inspect.iscoroutine(returned):
            return self._coroutine(returned)
        try:
            self._check(returned)
        finally:
            self._end()
        return returned

    def _call(self) -> Any:
        op, fn, step = self.op, self.fn, self.step
        inputs = self.arguments.inputs
        for name, value in inputs.items():
            definition = op.input_dict.get(name)
            if definition is not None and definition.dagster_type is not ANY:
                self._check_type(definition.dagster_type, value, f'input "{name}"')
        config = None
        if fn.config_name is not None:
            given = self.arguments.config
            annotation = fn.config_annotation
            if fn.has_config_class and isinstance(given, annotation) and given.to_config_value() == step.op_config:
                config = given
            else:
                config = config_for(fn, op, step.op_config)
        originals = step.plan_context.opened.originals if fn.resource_params else {}
        positional, keywords = call_arguments(fn, self.context, inputs, config, originals.__getitem__)
        token = CURRENT_CONTEXT.set(self.context)
        try:
            return fn.fn(*positional, **keywords)
        finally:
            CURRENT_CONTEXT.reset(token)

    # -- what it gives -------------------------------------------------------------------------

    def _check(self, value: Any) -> None:
        for result in results_of_value(self.step, value):
            self._note(result)

    def _note(self, result: Any) -> None:
        if type(result) is not Result:
            return
        output, step = result.output, self.step
        if not output.is_dynamic and step.has_seen_output(output.name):
            raise InvariantViolationError(
                f"Invocation of op '{self.op.name}' yielded an output '{output.name}' multiple times.",
                mend="give each output once.",
            )
        step.observe_output(output.name, result.mapping_key)
        if result.has_value and result.check is None and output.dagster_type is not ANY:
            if output.dagster_type.is_nothing and result.value is None:
                return
            self._check_type(output.dagster_type, result.value, f'output "{output.name}"')

    def _check_type(self, expected: OrreryType, value: Any, label: str) -> None:
        found, _data = check_value(self.step, expected, value, label)
        if not found.success:
            raise TypeCheckDidNotPass(
                f'Type check failed for op "{self.op.name}" {label} - expected type "{expected.display_name}". '
                f"Description: {found.description}",
                description=found.description,
                metadata=found.metadata,
                dagster_type=expected,
            )

    def _item(self, item: Any) -> None:
        for result in results_of_item(self.step, item):
            self._note(result)

    def _missing(self) -> list[str]:
        """Return the outputs of type Nothing that were not given; refuse if another is missing."""
        seen = {name for name, _key in self.step.seen_outputs or ()}
        implied = []
        for name, output in self.step.step.outputs.items():
            if name in seen or output.is_dynamic or not output.definition.is_required or not output.is_selected:
                continue
            if output.dagster_type.is_nothing and output.check_spec is None:
                implied.append(name)
                continue
            raise InvariantViolationError(
                f'Invocation of op "{self.op.name}" did not return an output for non-optional output "{name}"',
                mend=f"yield Output(value, '{name}').",
            )
        return implied

    def _generator(self, items: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        try:
            while True:
                token = CURRENT_CONTEXT.set(self.context)
                try:
                    item = next(items)
                except StopIteration:
                    break
                finally:
                    CURRENT_CONTEXT.reset(token)
                self._item(item)
                yield item
            for name in self._missing():
                yield Output(None, name)
        finally:
            items.close()
            self._end()

    async def _async_generator(self, items: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
        try:
            async for item in items:
                self._item(item)
                yield item
            for name in self._missing():
                yield Output(None, name)
        finally:
            await items.aclose()
            self._end()

    async def _coroutine(self, awaited: Coroutine[Any, Any, Any]) -> Any:
        try:
            value = await awaited
            self._check(value)
            return value
        finally:
            self._end()

    def _end(self) -> None:
        self.context.unbind()
        try:
            self._close()
        finally:
            if self.is_own:
                self.context._given.close()

    def _close(self) -> None:
        opened, self.opened = self.opened, None
        if opened is not None:
            for error in opened.close():
                raise error


def invoke_hook(hook_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """
    Call the function of a hook with a context.

    Raises:
        InvalidInvocationError: Not exactly the context was given.
        InvalidDefinitionError: A resource that the hook declares is missing.
    """
    fn: Callable[..., Any] | None = hook_def.decorated_fn
    if fn is None:
        raise InvalidInvocationError(
            "Attempted to invoke hook that was not created via `hook` decorator.",
            mend="decorate its function with @success_hook or @failure_hook.",
        )
    parameters = list(inspect.signature(fn).parameters)
    wants_events = len(parameters) == 2
    if len(args) + len(kwargs) != len(parameters):
        expected = "two parameters, context and event_list" if wants_events else "one parameter, context"
        raise InvalidInvocationError(
            f"Decorated function expects {expected}, but {len(args) + len(kwargs)} were provided.",
            mend="give build_hook_context().",
        )
    values = list(args)
    for name in parameters[len(args) :]:
        if name not in kwargs:
            raise InvalidInvocationError(
                f"Could not find expected argument '{name}'. Provided kwargs: {list(kwargs)}", mend=f"name it {name}=."
            )
        values.append(kwargs[name])
    context = values[0]
    if context is None:
        context = build_hook_context()
    if isinstance(context, UnboundHookContext):
        given = list(context.resources._asdict()) if hook_def.required_resource_keys else []
        for key in sorted(hook_def.required_resource_keys):
            if key not in given:
                raise missing_resource(key, f"hook '{hook_def.name}'", given)
        context = context.bound_to(hook_def)
    return fn(context, *values[1:])
