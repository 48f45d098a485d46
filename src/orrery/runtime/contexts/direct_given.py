"""What a context for calling a function directly was built with: resources, config, partitions, tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orrery.base.errors import (
    InvalidDefinitionError,
    InvalidInvocationError,
    InvalidPropertyError,
    InvariantViolationError,
    nearest_hint,
)
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.runtime.contexts.init_resource import Later, ScopedResources

__all__ = [
    "DirectGiven",
    "DirectResources",
    "missing_resource",
    "not_set",
]


def not_set(name: str, kind: str = "property") -> InvalidPropertyError:
    """Return the error that only a run would know what was asked for."""
    return InvalidPropertyError(
        f"The {name} {kind} is not set on the context when an asset or op is directly invoked.",
        mend="run it by materialize() or execute_in_process() to see it.",
    )


class DirectResources:
    """
    The resources of a direct call: opened, by key.

    Attributes:
        mapping: What ``context.resources`` shows, by key.
        originals: What parameters annotated with a resource class get, by key.
    """

    __slots__ = ("mapping", "originals")

    def __init__(self, mapping: Mapping[str, Any], originals: Mapping[str, Any]) -> None:
        self.mapping = mapping
        self.originals = originals

    def scoped(self, keys: Iterable[str]) -> ScopedResources:
        """Return those of *keys* that were given, as attributes; asking for another raises."""
        wanted = [key for key in keys if key in self.mapping]
        return ScopedResources({key: self.mapping[key] for key in wanted}, {key: self.originals[key] for key in wanted})

    def joined(self, other: DirectResources) -> DirectResources:
        """Return these and *other* together."""
        return DirectResources({**self.mapping, **other.mapping}, {**self.originals, **other.originals})


def missing_resource(key: str, needed_by: str, known: Iterable[str]) -> InvalidDefinitionError:
    """Return the error that a resource was not given."""
    return InvalidDefinitionError(
        f"resource with key '{key}' required by {needed_by} was not provided.",
        mend=nearest_hint(key, known, noun="resource")
        + f" Or give resources={{'{key}': ...}} when building the context.",
    )


class DirectGiven:
    """
    What a direct context was built with.

    Attributes:
        keys: Keys of the given resources.
        must_close: Whether one of them must be closed.
        is_entered: Whether the context stands in a ``with`` statement.
        config: Config of the op, as given; None if not.
        resources_config: Config of the resources, as given.
        tags: Tags of the run that is pretended.
        mapping_key: Which of a dynamic output the call pretends to be for.
    """

    __slots__ = (
        "_closers",
        "_instance",
        "_opened",
        "builder",
        "config",
        "is_entered",
        "keys",
        "log",
        "mapping_key",
        "must_close",
        "partition_key",
        "partition_key_range",
        "resources_config",
        "tags",
    )

    def __init__(
        self,
        *,
        opened: DirectResources,
        close: Callable[[], None],
        must_close: bool,
        instance: Any,
        log: Any,
        config: Any = None,
        resources_config: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        partition_key_range: PartitionKeyRange | None = None,
        mapping_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        builder: str = "build_op_context",
    ) -> None:
        if partition_key is not None and partition_key_range is not None:
            raise InvalidInvocationError(
                "Must supply at most one of partition_key or partition_key_range.", mend="leave one of them out."
            )
        self._opened = opened
        self._closers = [close]
        self.keys = list(opened.mapping)
        self.must_close = must_close
        self.is_entered = False
        self._instance = instance
        self.log = log
        self.config = config
        self.resources_config = dict(resources_config or {})
        self.partition_key = partition_key
        self.partition_key_range = partition_key_range
        self.mapping_key = mapping_key
        self.tags = dict(tags or {})
        self.builder = builder

    @property
    def instance(self) -> Any:
        """Return the given instance; by default one in memory, made at the first use."""
        instance = self._instance
        return instance.get() if type(instance) is Later else instance

    @property
    def opened(self) -> DirectResources:
        """
        Return the given resources.

        Raises:
            InvariantViolationError: One must be closed, and the context stands in no ``with`` statement.
        """
        if self.must_close and not self.is_entered:
            raise InvariantViolationError(
                "At least one provided resource is a generator, but attempting to access resources outside of context "
                "manager scope.",
                mend=f"write 'with {self.builder}(...) as context:'.",
            )
        return self._opened

    def close(self) -> None:
        """Close the given resources; a second call does nothing."""
        while self._closers:
            self._closers.pop()()
