"""
Resources as classes.

A class's fields are its config, and other resources that it uses. An object of it is a declaration: when
a run opens it, a copy is made whose references to the environment are read and whose nested resources are
live; the copy is set up, and torn down when the run is over.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

import pydantic

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.definitions.parts.resource import NO_CONSTANT, ResourceDefinition
from orrery.model.config.class_plan import add_pydantic_problems, key_of, plan_of, values_of
from orrery.model.config.configured import NOTHING_GIVEN
from orrery.model.config.env import holds_reference
from orrery.model.config.marker import is_configurable_resource
from orrery.model.config.problems import Walk, config_error
from orrery.model.config.pythonic import Config
from orrery.model.config.schema import Field
from orrery.runtime.contexts.init_resource import InitResourceContext, ScopedResources

__all__ = [
    "ConfigurableResource",
    "ConfigurableResourceDefinition",
    "ConfigurableResourceFactory",
    "DefinedByObject",
    "PartialResource",
]

if TYPE_CHECKING:  # the default, which Python has from 3.13 on, lets the bare name stand for any
    from typing_extensions import TypeVar as WithDefault

    _Value = WithDefault("_Value", default=Any)
else:
    _Value = TypeVar("_Value")

_CUSTOM_TEARDOWN = (
    "Use from_resource_context_cm for resources which have custom teardown behavior, e.g. overriding "
    "yield_for_execution or teardown_after_execution."
)


class ConfigurableResourceFactory(Config, Generic[_Value]):
    """
    A resource as a class, that makes an object of another type.

    Subclass it with the type that :meth:`create_resource` gives. Fields are config, unless they hold other
    resources.

    Example::

        class DatabaseResource(ConfigurableResourceFactory[Connection]):
            url: str

            def create_resource(self, context):
                return connect(self.url)
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    __orrery_resource__: ClassVar[bool] = True

    _init_context: InitResourceContext | None = pydantic.PrivateAttr(default=None)

    @classmethod
    def _accepts_in_place(cls, name: str) -> Callable[[Any], bool]:
        """Let a field that holds resources hold one which is yet to be made."""
        info = cls.model_fields.get(name)
        if info is None or name not in plan_of(cls).nested_names:
            return holds_reference
        return _is_to_be_made

    # -- what users override ----------------------------------------------------------------------

    def create_resource(self, context: InitResourceContext) -> _Value:
        """Return the object that steps shall see."""
        raise NotImplementedError

    def setup_for_execution(self, context: InitResourceContext) -> None:
        """Prepare the resource; called once before :meth:`create_resource` when a run opens it."""

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        """Clean up; called once when the run is over, if :meth:`setup_for_execution` went well."""

    def yield_for_execution(self, context: InitResourceContext) -> contextlib.AbstractContextManager[_Value]:
        """
        Return a context manager around the time in which the resource is open.

        Override it, decorated with ``contextlib.contextmanager``, if set up and tear down are better
        written as one function: yield what steps shall see, exactly once.
        """
        if inspect.iscoroutinefunction(self.setup_for_execution) or inspect.iscoroutinefunction(
            self.teardown_after_execution
        ):
            return cast(contextlib.AbstractContextManager[_Value], _async_session(self, context))
        return _session(self, context)

    # -- declaration ------------------------------------------------------------------------------

    @classmethod
    def configure_at_launch(cls, **kwargs: Any) -> PartialResource[Self]:
        """
        Return a resource whose config is given when a run is launched.

        Args:
            **kwargs: Config that is given already; the run may replace it.
        """
        return PartialResource(cls, kwargs)

    @property
    def nested_resources(self) -> Mapping[str, Any]:
        """Return the resources that this one holds, by field."""
        return _nested_in({name: getattr(self, name) for name in plan_of(type(self)).nested_names})

    def get_resource_definition(self) -> ConfigurableResourceDefinition:
        """Return how a run makes the resource."""
        return ConfigurableResourceDefinition(self)

    def get_resource_context(self) -> InitResourceContext:
        """
        Return the context that the resource was set up with.

        Raises:
            InvariantViolationError: It is not set up.
        """
        if self._init_context is None:
            raise InvariantViolationError(
                "Attempted to get context before resource was initialized.",
                mend="ask for it inside a run, or after process_config_and_initialize().",
            )
        return self._init_context

    def with_replaced_resource_context(self, resource_context: InitResourceContext) -> Self:
        """Return a copy that is bound to *resource_context*."""
        copy = self.model_copy()
        copy._init_context = resource_context
        return copy

    def with_resource_context(self, resource_context: InitResourceContext) -> Self:
        """Return a copy that is bound to *resource_context*; the older name of ``with_replaced_resource_context``."""
        return self.with_replaced_resource_context(resource_context)

    # -- use outside of a run ---------------------------------------------------------------------

    @classmethod
    def from_resource_context(
        cls, context: InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> _Value:
        """
        Return what the resource is with the config of *context*, set up.

        Raises:
            InvariantViolationError: The class tears down; use :meth:`from_resource_context_cm`.
        """
        if _tears_down(cls):
            raise InvariantViolationError(
                _CUSTOM_TEARDOWN, mend="write 'with ...from_resource_context_cm(context) as resource:'."
            )
        manager = cls.from_resource_context_cm(context, nested_resources)
        return manager.__enter__()

    @classmethod
    def from_resource_context_cm(
        cls, context: InitResourceContext, nested_resources: Mapping[str, Any] | None = None
    ) -> contextlib.AbstractContextManager[_Value]:
        """Return a context manager that sets the resource up with the config of *context*, and tears it down."""
        nested = nested_resources or {}
        made = make_with_config(cls, context.resource_config or {}, nested, nested, context)
        return _as_manager(made.yield_for_execution(context))

    def process_config_and_initialize(self) -> _Value:
        """
        Return what the resource is, references to the environment read now; for use outside of a run.

        Raises:
            InvariantViolationError: The resource, or one in it, tears down; use
                :meth:`process_config_and_initialize_cm`.
            InvalidConfigError: An environment variable is not set, or its value is refused.
        """
        nested = [type(each) for each in self.nested_resources.values() if is_configurable_resource(each)]
        if any(_tears_down(each) for each in [type(self), *nested]):
            raise InvariantViolationError(
                _CUSTOM_TEARDOWN, mend="write 'with resource.process_config_and_initialize_cm() as value:'."
            )
        return self.process_config_and_initialize_cm().__enter__()

    @contextlib.contextmanager
    def process_config_and_initialize_cm(self) -> Generator[_Value, None, None]:
        """Set the resource up, references to the environment read now, and tear it down; for use outside of a run."""
        with contextlib.ExitStack() as stack:
            live = {name: stack.enter_context(_initialized(each)) for name, each in self.nested_resources.items()}
            definition = self.get_resource_definition()
            config = definition.resolve_config(
                NOTHING_GIVEN, subject=f"resource {type(self).__name__}", environment=os.environ
            )
            context = InitResourceContext(
                resource_config=config, resources=ScopedResources({}), resource_def=definition, all_resource_defs={}
            )
            made = make_with_config(type(self), config, self.nested_resources, live, context)
            yield stack.enter_context(_as_manager(made.yield_for_execution(context)))


class ConfigurableResource(ConfigurableResourceFactory[_Value]):
    """
    A resource as a class, whose objects steps see themselves.

    Example::

        class WarehouseResource(ConfigurableResource):
            host: str
            token: str = EnvVar("WAREHOUSE_TOKEN")

            def rows(self, query: str) -> list[tuple]: ...

        Definitions(assets=[...], resources={"warehouse": WarehouseResource(host="db")})
    """

    def create_resource(self, context: InitResourceContext) -> _Value:
        """Return the resource itself; override it to give another object."""
        return cast(_Value, self)


class PartialResource(Generic[_Value]):
    """
    A resource whose config is given when a run is launched; made by ``configure_at_launch``.

    Attributes:
        resource_cls: The class of the resource.
        data: What is given already, by field.
    """

    __slots__ = ("data", "resource_cls")

    __orrery_resource__: ClassVar[bool] = True

    def __init__(self, resource_cls: Any, data: Mapping[str, Any]) -> None:
        fields = resource_cls.model_fields
        names = {key_of(name, info) for name, info in fields.items()} | set(fields)
        for name in data:
            if name not in names:
                raise InvalidDefinitionError(
                    f"{resource_cls.__name__}.configure_at_launch() got '{name}', which is no field of it.",
                    mend=f"use one of {sorted(resource_cls.model_fields)}.",
                )
        self.resource_cls = resource_cls
        self.data = dict(data)

    @property
    def nested_resources(self) -> Mapping[str, Any]:
        """Return the resources that this one holds, by field."""
        nested = plan_of(self.resource_cls).nested_names
        return _nested_in({name: each for name, each in self.data.items() if name in nested})

    def get_resource_definition(self) -> ConfigurableResourceDefinition:
        """Return how a run makes the resource."""
        return ConfigurableResourceDefinition(self)

    def to_config_value(self) -> dict[str, Any]:
        """Return what is given already, as one would write it in YAML."""
        field = config_field_of(self)
        return dict(field.default_value) if field.default_provided else {}

    def __repr__(self) -> str:
        return f"PartialResource(data={self.data!r}, resource_cls={self.resource_cls!r})"


class DefinedByObject:
    """What the definitions of resource objects have in common."""

    __slots__ = ()

    configurable: Any

    @property
    def resource_cls(self) -> Any:
        """Return the class of the resource."""
        return class_of(self.configurable)

    @property
    def source(self) -> object:
        """Return the resource object: it is made once in a process, wherever it is used."""
        return self.configurable

    @property
    def nested_resources(self) -> Mapping[str, Any]:
        """Return the resources that this one holds, by field."""
        return cast(Mapping[str, Any], self.configurable.nested_resources)

    def get_required_resource_keys(self, resource_defs: Mapping[str, ResourceDefinition]) -> frozenset[str]:
        """
        Return the keys under which resources that this one holds are provided, so that they are made first.

        Raises:
            InvalidDefinitionError: A resource to be configured at launch is held, and not provided under a key.
        """
        keys: set[str] = set()
        for name, each in self.nested_resources.items():
            key = next((key for key, other in resource_defs.items() if other.source is each), None)
            if key is not None:
                keys.add(key)
            elif isinstance(each, PartialResource):
                raise InvalidDefinitionError(
                    f"The field '{name}' of {self.resource_cls.__name__} holds a resource that is configured at "
                    "launch, and which is not provided as a resource of its own.",
                    mend="give the same object to Definitions(resources={...}) under a key, so that runs can "
                    "configure it.",
                )
            else:
                keys |= _definition_of(each).get_required_resource_keys(resource_defs)
        return frozenset(keys)

    def open(self, context: InitResourceContext) -> Any:
        """Return what a run enters: the resource's object, or a context manager around it."""
        live = {
            name: context.opened.open_nested(name, _definition_of(each), each, context)
            for name, each in self.nested_resources.items()
        }
        cls = self.resource_cls
        made = make_with_config(cls, context.resource_config, _nested_fields(self.configurable), live, context)
        if not _is_set_up(cls):
            return made.create_resource(context)
        session = made.yield_for_execution(context)
        if isinstance(
            session, (GeneratorType, AsyncGeneratorType, contextlib.ContextDecorator, contextlib.AsyncContextDecorator)
        ):
            return session
        return _entered(session)


class ConfigurableResourceDefinition(DefinedByObject, ResourceDefinition):
    """
    How a run makes a resource object.

    Attributes:
        configurable: The resource object, or one that is configured at launch.
    """

    __slots__ = ("configurable",)

    def __init__(self, configurable: Any) -> None:
        self.configurable = configurable
        super().__init__(
            self.open, config_schema=config_field_of(configurable), description=description_of(configurable)
        )

    def _arguments(self, **changed: Any) -> dict[str, Any]:
        return {"configurable": self.configurable}

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return a copy with another schema, for ``configured``."""
        copy = type(self)(self.configurable)
        copy._config_field = config_schema
        return copy


def class_of(configurable: Any) -> Any:
    """Return the class of a resource object, also of one that is configured at launch."""
    return configurable.resource_cls if isinstance(configurable, PartialResource) else type(configurable)


def description_of(configurable: Any) -> str | None:
    """Return the docstring of the class of a resource object."""
    own = class_of(configurable).__dict__.get("__doc__")
    return inspect.cleandoc(own) if isinstance(own, str) else None


def config_field_of(configurable: Any) -> Field:
    """Return what config a run may give to a resource object: what is given already is the default."""
    if isinstance(configurable, PartialResource):
        return Field(plan_of(configurable.resource_cls).shape(defaults=configurable.data))
    return Field(plan_of(type(configurable)).shape(defaults=values_of(configurable)))


def make_with_config(
    cls: Any,
    config: Mapping[str, Any],
    nested: Mapping[str, Any],
    live: Mapping[str, Any],
    context: InitResourceContext,
) -> Any:
    """
    Return an object of the resource class *cls*.

    Args:
        cls: The class.
        config: Its config, resolved.
        nested: The resources that it holds, as they were declared.
        live: What was made of them.
        context: What it is bound to.

    Raises:
        InvalidConfigError: The class refuses the config.
    """
    plan = plan_of(cls)
    arguments = plan.to_arguments(config)
    for name, each in nested.items():
        arguments[key_of(name, cls.model_fields[name])] = each
    try:
        made = cls(**arguments)
    except pydantic.ValidationError as error:
        walk = Walk(is_secret=True)  # values of resources come from the environment as often as not
        add_pydantic_problems(error, (), walk)
        raise config_error(walk.problems, subject=f"resource {cls.__name__}") from None
    made.__dict__.update(live)
    made._init_context = context
    return made


def _is_to_be_made(value: Any) -> bool:
    return isinstance(value, (PartialResource, ResourceDefinition)) or holds_reference(value)


def _nested_in(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: each
        for name, each in values.items()
        if is_configurable_resource(each) or isinstance(each, ResourceDefinition)
    }


def _nested_fields(configurable: Any) -> dict[str, Any]:
    """Return all fields that may hold resources, also those that hold a plain object."""
    if isinstance(configurable, PartialResource):
        names = plan_of(configurable.resource_cls).nested_names
        return {name: each for name, each in configurable.data.items() if name in names}
    return {name: getattr(configurable, name) for name in plan_of(type(configurable)).nested_names}


def _definition_of(nested: Any) -> ResourceDefinition:
    if isinstance(nested, ResourceDefinition):
        return nested
    return cast(ResourceDefinition, nested.get_resource_definition())


def _is_set_up(cls: Any) -> bool:
    """Tell whether *cls* overrides one of the methods that surround a run."""
    base = ConfigurableResourceFactory
    return (
        cls.setup_for_execution is not base.setup_for_execution
        or cls.teardown_after_execution is not base.teardown_after_execution
        or cls.yield_for_execution is not base.yield_for_execution
    )


def _tears_down(cls: Any) -> bool:
    base = ConfigurableResourceFactory
    cls = cls.resource_cls if isinstance(cls, PartialResource) else cls
    return hasattr(cls, "yield_for_execution") and (
        cls.teardown_after_execution is not base.teardown_after_execution
        or cls.yield_for_execution is not base.yield_for_execution
    )


@contextlib.contextmanager
def _session(resource: Any, context: InitResourceContext) -> Iterator[Any]:
    resource.setup_for_execution(context)
    try:
        yield resource.create_resource(context)
    finally:
        resource.teardown_after_execution(context)


@contextlib.asynccontextmanager
async def _async_session(resource: Any, context: InitResourceContext) -> Any:
    await _now(resource.setup_for_execution(context))
    try:
        yield await _now(resource.create_resource(context))
    finally:
        await _now(resource.teardown_after_execution(context))


async def _now(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _entered(session: Any) -> Iterator[Any]:
    """Yield what the context manager *session* gives."""
    with session as value:
        yield value


def _as_manager(session: Any) -> contextlib.AbstractContextManager[Any]:
    """Return *session* as a context manager: a method may also be a plain generator."""
    if isinstance(session, GeneratorType):
        return contextlib.contextmanager(lambda: session)()
    return cast(contextlib.AbstractContextManager[Any], session)


@contextlib.contextmanager
def _initialized(nested: Any) -> Iterator[Any]:
    """Set up a resource that lies in another one, outside of a run."""
    if isinstance(nested, ConfigurableResourceFactory):
        with nested.process_config_and_initialize_cm() as value:
            yield value
        return
    definition = _definition_of(nested)
    if definition.constant is not NO_CONSTANT:
        yield definition.constant
        return
    config = definition.resolve_config(NOTHING_GIVEN, subject="nested resource", environment=os.environ)
    context = InitResourceContext(
        resource_config=config, resources=ScopedResources({}), resource_def=definition, all_resource_defs={}
    )
    made = definition.resource_fn(context) if definition.takes_context else definition.resource_fn()
    if isinstance(made, (GeneratorType, contextlib.ContextDecorator)):
        with _as_manager(made) as value:
            yield value
    else:
        yield made
