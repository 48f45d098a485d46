"""
IO managers as classes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from orrery.base.errors import InvalidDefinitionError
from orrery.definitions.parts.io_manager import IOManager, IOManagerDefinition
from orrery.model.config.configured import NOTHING_GIVEN
from orrery.runtime.contexts.init_resource import InitResourceContext
from orrery.runtime.resources.configurable import (
    ConfigurableResourceFactory,
    DefinedByObject,
    PartialResource,
    class_of,
    config_field_of,
    description_of,
)

__all__ = [
    "ConfigurableIOManager",
    "ConfigurableIOManagerDefinition",
    "ConfigurableIOManagerFactory",
    "ConfigurableLegacyIOManagerAdapter",
    "PartialIOManager",
]

if TYPE_CHECKING:  # the default, which Python has from 3.13 on, lets the bare name stand for any
    from typing_extensions import TypeVar as WithDefault

    _Manager = WithDefault("_Manager", default=Any)
else:
    _Manager = TypeVar("_Manager")


class ConfigurableIOManagerFactory(ConfigurableResourceFactory[_Manager]):
    """
    A class whose fields are config, and that makes an IO manager.

    Example::

        class LakeIOManager(ConfigurableIOManagerFactory):
            bucket: str

            def create_io_manager(self, context):
                return BucketIOManager(connect(self.bucket))
    """

    @abstractmethod
    def create_io_manager(self, context: InitResourceContext) -> _Manager:
        """Return the IO manager that steps shall use."""

    def create_resource(self, context: InitResourceContext) -> _Manager:
        """Return the IO manager."""
        return self.create_io_manager(context)

    @classmethod
    def input_config_schema(cls) -> Any:
        """Return what config each input may carry; None for none."""
        return None

    @classmethod
    def output_config_schema(cls) -> Any:
        """Return what config each output may carry; None for none."""
        return None

    @classmethod
    def configure_at_launch(cls, **kwargs: Any) -> PartialIOManager[Self]:
        """
        Return an IO manager whose config is given when a run is launched.

        Args:
            **kwargs: Config that is given already; the run may replace it.
        """
        return PartialIOManager(cls, kwargs)

    def get_resource_definition(self) -> Any:
        """Return how a run makes the IO manager."""
        return ConfigurableIOManagerDefinition(self)


class ConfigurableIOManager(ConfigurableIOManagerFactory["ConfigurableIOManager"], IOManager):
    """
    An IO manager as a class, whose fields are config.

    Example::

        class CsvIOManager(ConfigurableIOManager):
            folder: str

            def handle_output(self, context, obj): ...

            def load_input(self, context): ...
    """

    def create_io_manager(self, context: InitResourceContext) -> Any:
        """Return the IO manager itself."""
        return self


class PartialIOManager(PartialResource[_Manager], Generic[_Manager]):
    """An IO manager whose config is given when a run is launched; made by ``configure_at_launch``."""

    __slots__ = ()

    def get_resource_definition(self) -> Any:
        """Return how a run makes the IO manager."""
        return ConfigurableIOManagerDefinition(self)


class ConfigurableIOManagerDefinition(DefinedByObject, IOManagerDefinition):
    """
    How a run makes an IO manager object.

    Attributes:
        configurable: The object, or one that is configured at launch.
    """

    __slots__ = ("configurable",)

    def __init__(self, configurable: Any) -> None:
        self.configurable = configurable
        cls = class_of(configurable)
        super().__init__(
            self.open,
            config_schema=config_field_of(configurable),
            description=description_of(configurable),
            input_config_schema=cls.input_config_schema(),
            output_config_schema=cls.output_config_schema(),
        )

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Self:
        """Return a copy with another schema, for ``configured``."""
        copy = type(self)(self.configurable)
        copy._config_field = config_schema
        return copy


class ConfigurableLegacyIOManagerAdapter(ConfigurableIOManagerFactory[IOManager]):
    """
    A class whose fields are the config of an ``@io_manager``.

    Override :attr:`wrapped_io_manager`.
    """

    @property
    @abstractmethod
    def wrapped_io_manager(self) -> IOManagerDefinition:
        """Return the definition that makes the IO manager; it takes the fields as its config."""

    def create_io_manager(self, context: InitResourceContext) -> IOManager:
        """Return what the wrapped definition makes."""
        wrapped = self.wrapped_io_manager
        if wrapped.required_resource_keys:
            raise InvalidDefinitionError(
                f"The IO manager wrapped by {type(self).__name__} requires resources, which a wrapped one cannot have.",
                mend="give the @io_manager itself to Definitions.",
            )
        given = self.to_config_value()
        config = wrapped.resolve_config(
            given if given else NOTHING_GIVEN, subject=f"IO manager {type(self).__name__}", environment=None
        )
        below = context.replace_config(config)
        return cast(IOManager, wrapped.resource_fn(below) if wrapped.takes_context else wrapped.resource_fn())
