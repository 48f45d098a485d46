"""
The surroundings in which partitions are looked at: the present, and the store of dynamic keys.

Partitions in time depend on the present instant, dynamic ones on what is stored. Both come as
arguments, or from the nearest :func:`partition_loading_context`. Only where neither is given is
the clock read, in :func:`current_context`, the one place of this room that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, runtime_checkable

from orrery.base.errors import InvariantViolationError

__all__ = [
    "DynamicPartitionsStore",
    "PartitionLoadingContext",
    "TemporalContext",
    "current_context",
    "partition_loading_context",
    "required_store",
]


@runtime_checkable
class DynamicPartitionsStore(Protocol):
    """Keep the keys of dynamic partitions by the name of their definition."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the keys, oldest first."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Tell whether the key is there."""
        ...


class TemporalContext(NamedTuple):
    """
    Say at which point in time partitions are looked at.

    Attributes:
        effective_dt: The instant (aware) that counts as the present.
        last_event_id: The last event that counts, if the past is looked at.
    """

    effective_dt: datetime
    last_event_id: int | None = None


class PartitionLoadingContext(NamedTuple):
    """
    Say when and from which store partitions are read.

    Attributes:
        temporal_context: The point in time.
        dynamic_partitions_store: Where dynamic keys are kept, if anywhere.
    """

    temporal_context: TemporalContext
    dynamic_partitions_store: DynamicPartitionsStore | None = None

    @property
    def effective_dt(self) -> datetime:
        """Return the instant that counts as the present."""
        return self.temporal_context.effective_dt


_ambient: ContextVar[PartitionLoadingContext | None] = ContextVar("partition_loading_context", default=None)


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def current_context(
    current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
) -> PartitionLoadingContext:
    """
    Return the surroundings that hold now: what is given, else what the nearest context says.

    Args:
        current_time: The present; a naive one is UTC. Without it and without a context the clock is read.
        dynamic_partitions_store: The store of dynamic keys.
    """
    ambient = _ambient.get()
    if ambient is not None:
        if current_time is None and dynamic_partitions_store is None:
            return ambient
        return PartitionLoadingContext(
            ambient.temporal_context if current_time is None else TemporalContext(_aware(current_time)),
            ambient.dynamic_partitions_store if dynamic_partitions_store is None else dynamic_partitions_store,
        )
    return PartitionLoadingContext(
        TemporalContext(datetime.now(UTC) if current_time is None else _aware(current_time)),
        dynamic_partitions_store,
    )


@contextmanager
def partition_loading_context(
    effective_dt: datetime | None = None,
    dynamic_partitions_store: DynamicPartitionsStore | None = None,
    *,
    new_ctx: PartitionLoadingContext | None = None,
) -> Iterator[PartitionLoadingContext]:
    """
    Set when, and from which store, partitions are read inside the block.

    What is not given is taken from the context around it, if there is one.

    Args:
        effective_dt: The instant that counts as the present; a naive one is UTC.
        dynamic_partitions_store: The store of dynamic keys.
        new_ctx: A whole context, which takes the place of the one around.

    >>> from orrery.model.partitions.periods import DailyPartitionsDefinition
    >>> with partition_loading_context(effective_dt=datetime(2021, 1, 3)):
    ...     DailyPartitionsDefinition("2021-01-01").get_last_partition_key()
    '2021-01-02'
    """
    context = new_ctx if new_ctx is not None else current_context(effective_dt, dynamic_partitions_store)
    token = _ambient.set(context)
    try:
        yield context
    finally:
        _ambient.reset(token)


def required_store(store: DynamicPartitionsStore | None, *, name: str) -> DynamicPartitionsStore:
    """
    Return the store of the dynamic partitions *name*.

    Raises:
        InvariantViolationError: Neither an argument nor a context gave one.
    """
    if store is not None:
        return store
    ambient = _ambient.get()
    if ambient is not None and ambient.dynamic_partitions_store is not None:
        return ambient.dynamic_partitions_store
    raise InvariantViolationError(
        f"The keys of the dynamic partitions '{name}' are kept by an instance, and none was given.",
        mend="pass dynamic_partitions_store=instance, or look at them inside "
        "`with partition_loading_context(dynamic_partitions_store=instance)`.",
    )
