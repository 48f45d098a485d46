"""
Set resources up for a process, and tear them down.

:func:`open_resources` makes what is asked for and what that needs, in order of dependence, each once;
:meth:`OpenResources.close` closes all of it in reverse, also if one of them raises on the way.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from types import AsyncGeneratorType, CoroutineType, GeneratorType, TracebackType
from typing import Any, Self

from orrery.base.errors import (
    CyclicDependencyError,
    InvalidConfigError,
    InvalidDefinitionError,
    InvariantViolationError,
    OrreryError,
    ResourceFunctionError,
    nearest_hint,
)
from orrery.base.metadata import AnyMetadataValue, PythonArtifactMetadataValue, TextMetadataValue
from orrery.definitions.parts.resource import NO_CONSTANT, ResourceDefinition
from orrery.model.config.configured import NOTHING_GIVEN
from orrery.model.config.problems import show_value
from orrery.model.events import build
from orrery.model.events.error_info import error_info_from_exception
from orrery.model.events.event import Event
from orrery.model.events.payloads import EngineEventData
from orrery.runtime.contexts.init_resource import (
    NOT_PROVIDED,
    InitResourceContext,
    ScopedResources,
    UnboundInitResourceContext,
)
from orrery.runtime.resources.attach import IAttachDifferentObjectToOpContext

__all__ = [
    "OpenResources",
    "call_resource_unbound",
    "open_resources",
    "order_of_resources",
    "raise_if_not_closed",
]

RunAsync = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end, in the loop where asynchronous resources live."""


class _Reporter:
    """Makes events of what happens to the resources of a run."""

    __slots__ = ("emit", "job_name", "seconds", "step_key")

    def __init__(self, emit: Callable[[Event], None], job_name: str, step_key: str | None) -> None:
        self.emit = emit
        self.job_name = job_name
        self.step_key = step_key
        self.seconds: dict[str, float] = {}

    def started(self, keys: Sequence[str]) -> None:
        self.emit(build.resource_init_started(self.job_name, keys, step_key=self.step_key))

    def succeeded(self, objects: Mapping[str, object]) -> None:
        metadata: dict[str, AnyMetadataValue] = {}
        for key, each in objects.items():
            kind = type(each)
            metadata[key] = PythonArtifactMetadataValue(module=kind.__module__, name=kind.__name__)
            metadata[f"{key}:init_time"] = TextMetadataValue(f"{self.seconds.get(key, 0.0) * 1000:.3g}ms")
        self.emit(build.resource_init_success(self.job_name, list(objects), metadata, step_key=self.step_key))

    def failed(self, keys: Sequence[str], error: Exception) -> None:
        cause = error.user_exception if isinstance(error, ResourceFunctionError) else None
        info = error_info_from_exception(cause or error)
        self.emit(build.resource_init_failure(self.job_name, keys, info, step_key=self.step_key))

    def teardown_failed(self, keys: Sequence[str], errors: Sequence[BaseException]) -> None:
        for each in errors:
            self.emit(
                build.engine_event(
                    self.job_name,
                    f"Teardown of resources [{', '.join(keys)}] failed.",
                    EngineEventData(error=error_info_from_exception(each), marker_end="resources"),
                    step_key=self.step_key,
                )
            )


class OpenResources:
    """
    Resources of one process, made and not yet closed.

    Attributes:
        mapping: What ``context.resources`` shows, by key.
        originals: What parameters annotated with a resource class get, by key.
    """

    __slots__ = (
        "_closers",
        "_live",
        "_open_late",
        "_open_more",
        "_reporter",
        "_run_async",
        "_runner",
        "_scopes",
        "_under_keys",
        "mapping",
        "originals",
    )

    def __init__(self, reporter: _Reporter | None = None, run_async: RunAsync | None = None) -> None:
        self.mapping: dict[str, Any] = {}
        self.originals: dict[str, Any] = self.mapping
        self._closers: list[tuple[str, Callable[[], None]]] = []
        self._live: dict[int, tuple[object, Any]] = {}
        self._under_keys: set[int] = set()
        self._scopes: dict[tuple[frozenset[str], bool], ScopedResources] = {}
        self._open_late: Callable[[str], object] | None = None
        self._open_more: Callable[[Iterable[str], str | None], None] | None = None
        self._reporter = reporter
        self._run_async = run_async
        self._runner: Any = None

    def scoped(self, keys: Iterable[str], *, late: bool = False) -> ScopedResources:
        """
        Return the resources under *keys*, as attributes; under *late*, others are opened when asked for.

        Raises:
            InvalidDefinitionError: One of them was not opened.
        """
        wanted = keys if isinstance(keys, frozenset) else frozenset(keys)
        scope = self._scopes.get((wanted, late))
        if scope is None:
            for key in sorted(wanted):
                if key not in self.mapping:
                    raise _missing(key, None, self.mapping)
            scope = ScopedResources(
                {key: self.mapping[key] for key in wanted},
                {key: self.originals[key] for key in wanted},
                self._open_late if late else None,
            )
            self._scopes[(wanted, late)] = scope
        return scope

    def open_more(self, keys: Iterable[str], step_key: str | None = None) -> None:
        """
        Open what is asked for and not open yet, with what that needs; it is closed with the others.

        Args:
            keys: What is asked for.
            step_key: For the events: the step that is about to run.

        Raises:
            ResourceFunctionError: A resource raised; those that are open stay open.
        """
        if self._open_more is not None:
            self._open_more(keys, step_key)

    @property
    def must_close(self) -> bool:
        """Tell whether there is anything to close."""
        return bool(self._closers)

    def close(self) -> list[BaseException]:
        """
        Close all resources, last opened first.

        Returns:
            What was raised on the way; the others are closed all the same. A second call does nothing.
        """
        errors: list[BaseException] = []
        interruption: BaseException | None = None
        keys = [key for key, _ in self._closers]
        while self._closers:
            key, closer = self._closers.pop()
            try:
                closer()
            except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 - the user's teardown may raise anything
                error.add_note(f"raised while the resource '{key}' was torn down")
                errors.append(error)
            except BaseException as error:  # noqa: BLE001 - an interruption may not keep the others open
                interruption = interruption or error
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()
        if errors and self._reporter is not None:
            self._reporter.teardown_failed(keys, errors)
        if interruption is not None:
            raise interruption
        return errors

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- opening ---------------------------------------------------------------------------------

    def live_object(self, source: object) -> Any:
        """Return what was made of *source* (a resource object, a definition) before, or :data:`NO_CONSTANT`."""
        found = self._live.get(id(source))
        return NO_CONSTANT if found is None else found[1]

    def open_nested(
        self, name: str, definition: ResourceDefinition, source: object, context: InitResourceContext
    ) -> Any:
        """
        Return what *definition*, nested in another resource under *name*, makes; once for each *source*.

        It is closed with the others, after those that were opened later.
        """
        live = self.live_object(source)
        if live is not NO_CONSTANT:
            return live
        if definition.constant is not NO_CONSTANT:
            return definition.constant
        config = definition.resolve_config(
            NOTHING_GIVEN, subject=f"resource '{name}'", environment=os.environ, path=("resources", name)
        )
        below = context.for_resource(config, context.resources, definition)
        made = self._make(name, definition, below)
        self._live[id(source)] = (source, made)
        return made

    def _make(self, key: str, definition: ResourceDefinition, context: InitResourceContext) -> Any:
        """Call the user's function, and enter what it gives if that is to be closed again."""
        try:
            made = definition.resource_fn(context) if definition.takes_context else definition.resource_fn()
            kind = type(made)
            if kind is GeneratorType:
                return self._enter_generator(key, made)
            if isinstance(made, contextlib.ContextDecorator):
                return self._enter_manager(key, made)
            if kind is CoroutineType:
                return self._await(made)
            if kind is AsyncGeneratorType:
                return self._enter_async_generator(key, made)
            if isinstance(made, contextlib.AsyncContextDecorator):
                async_manager: Any = made
                value = self._await(async_manager.__aenter__())
                self._closers.append((key, lambda: self._await(async_manager.__aexit__(None, None, None))))
                return value
            return made
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit) as error:
            if isinstance(error, (ResourceFunctionError, InvalidConfigError)):
                raise
            raise ResourceFunctionError(
                f"Error executing resource_fn on ResourceDefinition {key}",
                mend="correct the resource; its own error stands above.",
                user_exception=error,
            ) from error

    def _enter_generator(self, key: str, generator: GeneratorType[Any, Any, Any]) -> Any:
        try:
            value = next(generator)
        except StopIteration:
            raise _no_yield(key) from None

        def close() -> None:
            try:
                next(generator)
            except StopIteration:
                return
            generator.close()
            raise _two_yields(key)

        self._closers.append((key, close))
        return value

    def _enter_manager(self, key: str, manager: Any) -> Any:
        try:
            value = manager.__enter__()
        except RuntimeError as error:
            if error.args == ("generator didn't yield",):
                raise _no_yield(key) from None
            raise

        def close() -> None:
            try:
                manager.__exit__(None, None, None)
            except RuntimeError as error:
                if error.args == ("generator didn't stop",):
                    raise _two_yields(key) from None
                raise

        self._closers.append((key, close))
        return value

    def _enter_async_generator(self, key: str, generator: AsyncGeneratorType[Any, Any]) -> Any:
        try:
            value = self._await(anext(generator))
        except StopAsyncIteration:
            raise _no_yield(key) from None

        async def finish() -> None:
            try:
                await anext(generator)
            except StopAsyncIteration:
                return
            await generator.aclose()
            raise _two_yields(key)

        self._closers.append((key, lambda: self._await(finish())))
        return value

    def _await(self, awaitable: Any) -> Any:
        async def wait() -> Any:
            return await awaitable

        if self._run_async is not None:
            return self._run_async(wait())
        if self._runner is None:
            import asyncio  # 40 ms, for asynchronous resources alone

            self._runner = asyncio.Runner()
        return self._runner.run(wait())


def open_resources(
    defs: Mapping[str, ResourceDefinition],
    keys: Iterable[str],
    configs: Mapping[str, Any] | None = None,
    *,
    instance: Any = None,
    run: Any = None,
    log: Any = None,
    emit: Callable[[Event], None] | None = None,
    job_name: str | None = None,
    step_key: str | None = None,
    environment: Mapping[str, str] | None = None,
    event_loop: Any = None,
    run_async: RunAsync | None = None,
) -> OpenResources:
    """
    Make the resources under *keys*, and those that they need.

    Args:
        defs: Definitions by key.
        keys: What is asked for; what it depends on is made too.
        configs: The entry ``resources`` of the run config, as the user wrote it: ``{key: {"config": ...}}``.
        instance: The instance, for resources that ask for it.
        run: The run; None outside of one.
        log: Where resources may log.
        emit: Takes the events of start, success and failure; None if nobody wants them.
        job_name: For the events; by default that of the run.
        step_key: For the events: the step that is about to run, if it is one.
        environment: Environment variables by name; by default the process's own.
        event_loop: Shown to resources that ask for it.
        run_async: Runs the coroutines of asynchronous resources; by default a loop of their own does.

    Returns:
        The resources, to be closed by the caller.

    Raises:
        InvalidDefinitionError: A key that nobody provides is asked for; the nearest is named.
        CyclicDependencyError: Resources need each other.
        InvalidConfigError: A config is refused, or an environment variable is not set.
        ResourceFunctionError: A resource raised; those opened before are closed again.
    """
    reporter = None
    if emit is not None:
        reporter = _Reporter(emit, job_name or (run.job_name if run is not None else ""), step_key)
    opened = OpenResources(reporter, run_async)
    order = order_of_resources(defs, keys)
    if reporter is not None and order:
        reporter.started(order)

    def open_one(key: str) -> None:
        started = time.perf_counter() if reporter is not None else 0.0
        definition = defs[key]
        value = definition.constant
        if value is NO_CONSTANT:
            value = _open_one(
                opened, defs, key, definition, (configs or {}).get(key), instance, run, log, environment, event_loop
            )
        if isinstance(value, IAttachDifferentObjectToOpContext):
            _attach(opened, key, value)
        else:
            opened.mapping[key] = value
            if opened.originals is not opened.mapping:
                opened.originals[key] = value
        if reporter is not None:
            reporter.seconds[key] = time.perf_counter() - started

    def open_late(key: str) -> object:
        if key not in defs:
            return NOT_PROVIDED
        for each in order_of_resources(defs, [key]):
            if each not in opened.mapping:
                open_one(each)
        return opened.mapping[key]

    def open_more(wanted: Iterable[str], for_step: str | None) -> None:
        missing = [key for key in order_of_resources(defs, wanted) if key not in opened.mapping]
        if not missing:
            return
        if reporter is not None:
            reporter.step_key = for_step
            reporter.started(missing)
        try:
            for key in missing:
                open_one(key)
        except Exception as error:
            if reporter is not None:
                reporter.failed(missing, error)
            raise
        if reporter is not None:
            reporter.succeeded({key: opened.originals[key] for key in missing})

    opened._open_late = open_late
    opened._open_more = open_more
    try:
        for key in order:
            open_one(key)
    except BaseException as error:
        if reporter is not None and isinstance(error, Exception):
            reporter.failed(order, error)
        for each in opened.close():
            error.add_note(f"then a resource could not be closed: {type(each).__name__}: {show_value(each)}")
        raise
    if reporter is not None and order:
        reporter.succeeded(opened.originals)
    return opened


def _open_one(
    opened: OpenResources,
    defs: Mapping[str, ResourceDefinition],
    key: str,
    definition: ResourceDefinition,
    entry: Mapping[str, Any] | None,
    instance: Any,
    run: Any,
    log: Any,
    environment: Mapping[str, str] | None,
    event_loop: Any,
) -> Any:
    source = definition.source
    if id(source) not in opened._under_keys:  # what stands under two keys is two resources, each with its own config
        live = opened.live_object(source)
        opened._under_keys.add(id(source))
        if live is not NO_CONSTANT:
            return live
    config = definition.resolve_config(
        entry.get("config", NOTHING_GIVEN) if entry else NOTHING_GIVEN,
        subject=f"resource '{key}'",
        environment=os.environ if environment is None else environment,
        path=("resources", key),
    )
    context = InitResourceContext(
        resource_config=config,
        resources=opened.scoped(definition.get_required_resource_keys(defs)),
        resource_def=definition,
        all_resource_defs=defs,
        instance=instance,
        dagster_run=run,
        log_manager=log,
        event_loop=event_loop,
        opened=opened,
    )
    value = opened._make(key, definition, context)
    opened._live.setdefault(id(source), (source, value))
    return value


def _attach(opened: OpenResources, key: str, value: IAttachDifferentObjectToOpContext) -> None:
    if opened.originals is opened.mapping:
        opened.originals = dict(opened.mapping)
    opened.originals[key] = value
    opened.mapping[key] = value.get_object_to_set_on_execution_context()


def order_of_resources(defs: Mapping[str, ResourceDefinition], keys: Iterable[str]) -> list[str]:
    """
    Return *keys* and what they need, each after what it needs.

    Raises:
        InvalidDefinitionError: A key that nobody provides is asked for.
        CyclicDependencyError: Resources need each other; the members are named.
    """
    order: list[str] = []
    done: set[str] = set()
    for wanted in sorted(set(keys)):
        if wanted in done:
            continue
        definition = defs.get(wanted)
        if definition is None:
            raise _missing(wanted, None, defs)
        if definition.constant is not NO_CONSTANT:
            done.add(wanted)
            order.append(wanted)
            continue
        _visit(defs, wanted, order, done)
    return order


def _visit(defs: Mapping[str, ResourceDefinition], start: str, order: list[str], done: set[str]) -> None:
    """Append *start* and what it needs to *order*, without recursion."""
    way: list[str] = [start]
    ahead = [iter(sorted(defs[start].get_required_resource_keys(defs)))]
    on_way = {start}
    while way:
        needed = next(ahead[-1], None)
        if needed is None:
            ahead.pop()
            finished = way.pop()
            on_way.discard(finished)
            done.add(finished)
            order.append(finished)
        elif needed in on_way:
            members = way[way.index(needed) :]
            raise CyclicDependencyError(
                f"Circular dependencies exist among these resources: {' -> '.join([*members, needed])}.",
                mend="let one of them do without the other.",
                members=members,
            )
        elif needed not in done:
            if needed not in defs:
                raise _missing(needed, way[-1], defs)
            way.append(needed)
            on_way.add(needed)
            ahead.append(iter(sorted(defs[needed].get_required_resource_keys(defs))))


def _missing(key: str, needed_by: str | None, known: Iterable[str]) -> OrreryError:
    by = f" by resource with key '{needed_by}'" if needed_by is not None else ""
    names = sorted(known)
    return InvalidDefinitionError(
        f"resource with key '{key}' required{by} was not provided. Please provide a ResourceDefinition to key '{key}', "
        f"or change the required key to one of the following keys which points to an ResourceDefinition: {names}",
        mend=nearest_hint(key, names, noun="resource"),
    )


def _no_yield(key: str) -> InvariantViolationError:
    return InvariantViolationError(
        f"Resource generator {key} must yield one item, and yielded none.",
        mend="yield the object exactly once, or return it.",
    )


def _two_yields(key: str) -> InvariantViolationError:
    return InvariantViolationError(
        f"Resource generator {key} yielded more than one item.",
        mend="yield the object exactly once; what follows the yield runs when the run is over.",
    )


def call_resource_unbound(
    context: UnboundInitResourceContext, definition: ResourceDefinition, given_config: Any
) -> Any:
    """
    Make the object of *definition* outside of a run, as a direct call of it does.

    Returns:
        The object; a context manager if the function yields it.

    Raises:
        InvalidConfigError: The config of the context is refused.
        InvalidDefinitionError: The context lacks a resource that *definition* needs.
    """
    config = definition.resolve_config(
        NOTHING_GIVEN if given_config is None else given_config, subject="resource", environment=os.environ
    )
    given = list(context.given_resource_keys)
    for key in sorted(definition.required_resource_keys):
        if key not in given:
            raise _missing(key, None, given)
    shown = context.resources if definition.required_resource_keys or not context.must_close else ScopedResources({})
    bound = context.for_resource(config, shown, definition)
    function = definition.resource_fn
    if inspect.isgeneratorfunction(function):
        return contextlib.contextmanager(function)(bound)
    if inspect.isasyncgenfunction(function):
        return contextlib.asynccontextmanager(function)(bound)
    return function(bound)


def raise_if_not_closed(errors: Sequence[BaseException]) -> None:
    """Raise what closing resources raised: the error itself, or a group of several."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("resources could not be closed", errors)
