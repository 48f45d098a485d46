"""
What a resource sees while it is made.

:class:`InitResourceContext` is made by the engine; :class:`UnboundInitResourceContext` by
``build_init_resource_context``, for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, NoReturn, Self

from orrery.base.errors import InvariantViolationError, UnknownResourceError, nearest_hint

__all__ = ["NOT_PROVIDED", "InitResourceContext", "Later", "ScopedResources", "UnboundInitResourceContext"]


_OWN: Final = frozenset({"_originals", "_late"})
NOT_PROVIDED: Final = object()
"""What a late look-up answers for a resource that nobody provides."""


class ScopedResources:
    """
    The resources that a step, a resource or a hook declared, as attributes.

    ``context.resources.database`` is the object. Inside a step, one that the job provides and the function
    did not declare is set up when it is first asked for; one that nobody provides is an error that names the
    nearest.
    """

    def __init__(
        self,
        objects: Mapping[str, object],
        originals: Mapping[str, object] | None = None,
        late: Callable[[str], object] | None = None,
    ) -> None:
        self.__dict__.update(objects)
        self.__dict__["_originals"] = objects if originals is None else originals
        if late is not None:
            self.__dict__["_late"] = late

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        late = self.__dict__.get("_late")
        if late is not None:
            found = late(name)
            if found is not NOT_PROVIDED:
                self.__dict__[name] = found
                return found
        known = list(self._asdict())
        raise UnknownResourceError(
            f"Unknown resource `{name}`. Specify `{name}` as a required resource on the compute / config function "
            "that accessed it.",
            mend=nearest_hint(name, known, noun="resource"),
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"resources are given, not set: '{name}'")

    def __contains__(self, key: object) -> bool:
        return key not in _OWN and key in self.__dict__

    def __iter__(self) -> Any:
        return iter(self._asdict().values())

    def _asdict(self) -> dict[str, Any]:
        """Return the resources by key."""
        return {key: each for key, each in self.__dict__.items() if key not in _OWN}

    @property
    def original_resource_dict(self) -> Mapping[str, object]:
        """Return the resources by key, as they were made: what parameters annotated with a resource class get."""
        originals: Mapping[str, object] = self.__dict__["_originals"]
        return originals

    def __repr__(self) -> str:
        return f"Resources({', '.join(f'{key}={each!r}' for key, each in self._asdict().items())})"


class Later:
    """An object that is made when it is first asked for: an instance for code that may not need one."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None

    def get(self) -> Any:
        """Return the object; the first call makes it."""
        if self._made is None:
            self._made = self._make()
        return self._made


class InitResourceContext:
    """
    What the function of a resource is given.

    Args:
        resource_config: The config of the resource, resolved.
        resources: The resources that it declared.
        resource_def: Its definition.
        all_resource_defs: All definitions around it, by key.
        instance: The instance of the run, or a :class:`Later` that makes it.
        dagster_run: The run; None outside of one.
        log_manager: Where it may log.
        event_loop: The loop in which asynchronous resources live, if there is one.
        opened: The open resources that this one joins; None outside of a run.
    """

    __slots__ = (
        "_all_resource_defs",
        "_event_loop",
        "_instance",
        "_log",
        "_resource_config",
        "_resource_def",
        "_resources",
        "_run",
        "opened",
    )

    def __init__(
        self,
        resource_config: Any,
        resources: Any,
        resource_def: Any,
        all_resource_defs: Mapping[str, Any],
        instance: Any = None,
        dagster_run: Any = None,
        log_manager: Any = None,
        event_loop: Any = None,
        opened: Any = None,
    ) -> None:
        self.opened = opened
        self._resource_config = resource_config
        self._resources = resources
        self._resource_def = resource_def
        self._all_resource_defs = all_resource_defs
        self._instance = instance
        self._run = dagster_run
        self._log = log_manager
        self._event_loop = event_loop

    @property
    def resource_config(self) -> Any:
        """Return the config of the resource, resolved."""
        return self._resource_config

    @property
    def resource_def(self) -> Any:
        """Return the definition of the resource."""
        return self._resource_def

    @property
    def resources(self) -> Any:
        """Return the resources that this one declared, as attributes."""
        return self._resources

    @property
    def all_resource_defs(self) -> Mapping[str, Any]:
        """Return all definitions around this one, by key."""
        return self._all_resource_defs

    @property
    def instance(self) -> Any:
        """Return the instance of the run."""
        instance = self._instance
        return instance.get() if type(instance) is Later else instance

    @property
    def run(self) -> Any:
        """Return the run; None outside of one."""
        return self._run

    @property
    def dagster_run(self) -> Any:
        """Return the run; None outside of one."""
        return self._run

    @property
    def run_id(self) -> str | None:
        """Return the id of the run; None outside of one."""
        return None if self._run is None else self._run.run_id

    @property
    def log(self) -> Any:
        """Return where to log; None outside of a run."""
        return self._log

    @property
    def log_manager(self) -> Any:
        """Return where to log; None outside of a run."""
        return self._log

    @property
    def event_loop(self) -> Any:
        """Return the loop in which asynchronous resources live, if there is one."""
        return self._event_loop

    def replace_config(self, config: Any) -> InitResourceContext:
        """Return a copy with another config."""
        return InitResourceContext(
            resource_config=config,
            resources=self._resources,
            resource_def=self._resource_def,
            all_resource_defs=self._all_resource_defs,
            instance=self._instance,
            dagster_run=self._run,
            log_manager=self._log,
            event_loop=self._event_loop,
            opened=self.opened,
        )

    def for_resource(self, config: Any, resources: Any, resource_def: Any) -> InitResourceContext:
        """Return a copy for another resource of the same run."""
        return InitResourceContext(
            resource_config=config,
            resources=resources,
            resource_def=resource_def,
            all_resource_defs=self._all_resource_defs,
            instance=self._instance,
            dagster_run=self._run,
            log_manager=self._log,
            event_loop=self._event_loop,
            opened=self.opened,
        )

    def call_resource(self, definition: Any) -> Any:
        """Make the object of *definition* with this context."""
        return definition.resource_fn(self)


class UnboundInitResourceContext(InitResourceContext):
    """
    A context for calling the function of a resource in a test; made by ``build_init_resource_context``.

    Use it in a ``with`` statement if one of the given resources must be closed.

    Args:
        config: The config, as the user would write it.
        resources: The given resources, open.
        close: Closes them.
        must_close: Whether one of them must be closed.
        instance: The instance to show.
        log: Where to log.
        call: Makes the object of a definition, with this context and the config.
    """

    __slots__ = ("_call", "_closers", "_given_config", "_has_generators", "_is_entered")

    def __init__(
        self,
        config: Any,
        resources: ScopedResources,
        *,
        close: Callable[[], None],
        must_close: bool,
        instance: Any,
        log: Any,
        call: Callable[[UnboundInitResourceContext, Any, Any], Any],
    ) -> None:
        super().__init__(
            resource_config=config,
            resources=resources,
            resource_def=None,
            all_resource_defs={},
            instance=instance,
            dagster_run=None,
            log_manager=log,
        )
        self._given_config = config
        self._closers = [close]
        self._has_generators = must_close
        self._is_entered = False
        self._call = call

    @property
    def must_close(self) -> bool:
        """Tell whether one of the resources must be closed, so that they are there inside ``with`` alone."""
        return self._has_generators

    @property
    def resource_def(self) -> Any:
        """Refuse: the context belongs to no resource yet."""
        raise InvariantViolationError(
            "UnboundInitResourceContext has not been bound to resource definition.",
            mend="read resource_def inside the function of a resource.",
        )

    @property
    def all_resource_defs(self) -> Mapping[str, Any]:
        """Refuse: the context belongs to no resource yet."""
        raise InvariantViolationError(
            "UnboundInitResourceContext has not been bound to resource definition.",
            mend="read all_resource_defs inside the function of a resource.",
        )

    @property
    def resources(self) -> Any:
        """Return the given resources; inside ``with`` if one of them must be closed."""
        if self._has_generators and not self._is_entered:
            raise InvariantViolationError(
                "At least one provided resource is a generator, but attempting to access resources outside of "
                "context manager scope.",
                mend="write 'with build_init_resource_context(...) as context:'.",
            )
        return self._resources

    @property
    def given_resource_keys(self) -> Iterable[str]:
        """Return the keys of the given resources."""
        return list(self._resources._asdict())

    def call_resource(self, definition: Any) -> Any:
        """Make the object of *definition*: its config is checked, and that its resources were given."""
        return self._call(self, definition, self._given_config)

    def __enter__(self) -> Self:
        self._is_entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the given resources; a second call does nothing."""
        while self._closers:
            self._closers.pop()()

    def __del__(self) -> None:
        self.close()
