"""
Mappings: which partitions of an upstream asset a partition needs, and which need a partition.

A mapping is asked with sets and answers with sets. Upwards it also tells what is needed and does not
exist, so that whoever plans a run can refuse it with the names. Mappings of several dimensions
stand in ``multi_mapping.py``. To write one of your own, subclass :class:`PartitionMapping`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.index_set import EMPTY, IndexSet
from orrery.model.partitions.loading import (
    DynamicPartitionsStore,
    PartitionLoadingContext,
    current_context,
    partition_loading_context,
)
from orrery.model.partitions.series import TickSeries
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.time_window_subset import TimeWindowPartitionsSubset

__all__ = [
    "AllPartitionMapping",
    "IdentityPartitionMapping",
    "LastPartitionMapping",
    "PartitionMapping",
    "SpecificPartitionsPartitionMapping",
    "StaticPartitionMapping",
    "SubsetPartitionMapping",
    "TimeWindowPartitionMapping",
    "UpstreamPartitionsResult",
    "split_by_existence",
]


class UpstreamPartitionsResult(NamedTuple):
    """
    Hold what a set of partitions needs of an upstream asset.

    Attributes:
        partitions_subset: The upstream partitions that exist.
        required_but_nonexistent_subset: Those that are needed and do not exist.
    """

    partitions_subset: PartitionsSubset
    required_but_nonexistent_subset: PartitionsSubset

    @property
    def required_but_nonexistent_partition_keys(self) -> Sequence[str]:
        """Return the keys that are needed and do not exist."""
        return list(self.required_but_nonexistent_subset.get_partition_keys())


def _within(
    current_time: datetime | None, store: DynamicPartitionsStore | None
) -> AbstractContextManager[PartitionLoadingContext]:
    return partition_loading_context(new_ctx=current_context(current_time, store))


class PartitionMapping(ABC):
    """
    Say which partitions of an upstream asset a partition of an asset needs.

    A mapping of your own gives the two methods that map sets, and, where not all definitions suit it,
    :meth:`validate_partition_mapping`. Mappings are values: equal if they map alike.
    """

    __slots__ = ("__weakref__",)

    @abstractmethod
    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """
        Return the downstream partitions that need any of some upstream ones.

        Args:
            upstream_partitions_subset: The upstream partitions.
            upstream_partitions_def: How the upstream asset is cut.
            downstream_partitions_def: How the downstream asset is cut.
            current_time: The instant that counts as the present.
            dynamic_partitions_store: Where dynamic keys are kept.
        """

    @abstractmethod
    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """
        Return the upstream partitions that some downstream ones need, apart those that do not exist.

        Args:
            downstream_partitions_subset: The downstream partitions; None if that asset has none.
            downstream_partitions_def: How the downstream asset is cut; None if it is not.
            upstream_partitions_def: How the upstream asset is cut.
            current_time: The instant that counts as the present.
            dynamic_partitions_store: Where dynamic keys are kept.
        """

    def validate_partition_mapping(  # noqa: B027  # to override where not all definitions suit the mapping
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise if assets that are cut so cannot be mapped so; called when definitions are put together.

        Raises:
            InvalidDefinitionError: They cannot; the message says why.
        """

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return f"Maps partitions by {type(self).__name__}."

    def _values(self) -> tuple[Any, ...]:
        return ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(other) is type(self):
            return self._values() == other._values()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self._values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def split_by_existence(
    partition_keys: Collection[str], partitions_def: PartitionsDefinition[Any]
) -> tuple[PartitionsSubset, PartitionsSubset]:
    """Return the set of those keys that exist, and that of the others, by their keys."""
    wanted = partition_keys if isinstance(partition_keys, set) else set(partition_keys)
    valid: AbstractSet[str] = partitions_def.filter_valid_partition_keys(wanted)
    left = wanted - valid
    missing = DefaultPartitionsSubset(left) if left else partitions_def.empty_subset()
    return partitions_def.subset_with_partition_keys(valid), missing


def _nothing_missing(subset: PartitionsSubset) -> UpstreamPartitionsResult:
    return UpstreamPartitionsResult(subset, subset.empty_subset())


def _required_downstream(definition: PartitionsDefinition[Any] | None, mapping: PartitionMapping) -> Any:
    if definition is None:
        raise InvalidDefinitionError(
            f"{type(mapping).__name__} maps partitions to partitions, and the downstream asset has none.",
            mend="use AllPartitionMapping, LastPartitionMapping or SpecificPartitionsPartitionMapping.",
        )
    return definition


def _existing(subset: PartitionsSubset, partitions_def: PartitionsDefinition[Any]) -> UpstreamPartitionsResult:
    """Split a set of *partitions_def* itself into what exists and what does not."""
    if isinstance(subset, TimeWindowPartitionsSubset):
        count = subset.partitions_def.count_at()
        kept = subset.indexes.clipped(0, count)
        return UpstreamPartitionsResult(
            TimeWindowPartitionsSubset(partitions_def, kept),
            TimeWindowPartitionsSubset(partitions_def, subset.indexes - kept),
        )
    return UpstreamPartitionsResult(*split_by_existence(set(subset), partitions_def))


class IdentityPartitionMapping(PartitionMapping):
    """
    Map each partition to the one with the same key.

    Keys that the other side does not have are told as missing; see :class:`SubsetPartitionMapping` for
    assets of which one has fewer.
    """

    __slots__ = ()

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise unless both assets are cut in the same way.

        Raises:
            InvalidDefinitionError: One is cut in time, by hand, or in several dimensions, and the other is not.
        """
        if not _same_kind(upstream_partitions_def, downstream_partitions_def):
            down = "no partitions" if downstream_partitions_def is None else type(downstream_partitions_def).__name__
            raise InvalidDefinitionError(
                "Upstream and downstream partitions definitions must match for the identity mapping. "
                f"Got upstream {type(upstream_partitions_def).__name__} and downstream {down}.",
                mend="give the dependency another partition mapping.",
            )

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the partitions with the same keys; see the base."""
        downstream = _required_downstream(downstream_partitions_def, self)
        subset = downstream_partitions_subset
        with _within(current_time, dynamic_partitions_store):
            if subset is None:
                return _nothing_missing(upstream_partitions_def.empty_subset())
            if _same_keys(downstream, upstream_partitions_def):
                return _existing(_moved(subset, upstream_partitions_def), upstream_partitions_def)
            return UpstreamPartitionsResult(*split_by_existence(set(subset), upstream_partitions_def))

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the partitions with the same keys; see the base."""
        _required_downstream(downstream_partitions_def, self)
        with _within(current_time, dynamic_partitions_store):
            if _same_keys(upstream_partitions_def, downstream_partitions_def):
                moved = _moved(upstream_partitions_subset, downstream_partitions_def)
                return _existing(moved, downstream_partitions_def).partitions_subset
            return split_by_existence(set(upstream_partitions_subset), downstream_partitions_def)[0]

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return (
            "Assumes upstream and downstream assets share the same partitions definition. Maps each partition "
            "in the downstream asset to the same partition in the upstream asset."
        )


def _same_kind(first: Any, second: Any) -> bool:
    if isinstance(first, TimeWindowPartitionsDefinition):
        return isinstance(second, TimeWindowPartitionsDefinition)
    return second is not None and type(first) is type(second)


def _same_keys(first: Any, second: Any) -> bool:
    """Tell whether equal windows have equal keys on both sides, though they may begin and end elsewhere."""
    return (
        isinstance(first, TimeWindowPartitionsDefinition)
        and isinstance(second, TimeWindowPartitionsDefinition)
        and (first.cron_schedule, first.timezone, first.fmt, first.exclusions)
        == (second.cron_schedule, second.timezone, second.fmt, second.exclusions)
    )


def _moved(subset: Any, partitions_def: Any) -> PartitionsSubset:
    """Return a set of one definition as a set of another with the same windows."""
    if isinstance(subset, TimeWindowPartitionsSubset):
        return subset.with_partitions_def(partitions_def)
    moved: PartitionsSubset = partitions_def.subset_with_partition_keys(subset)
    return moved


class SubsetPartitionMapping(PartitionMapping):
    """
    Map each partition to the one with the same key, where there is one.

    For an upstream asset with more keys than the downstream one, or fewer.

    Args:
        allow_nonexistent_upstream_partitions: Whether a partition without an upstream counterpart needs none.
    """

    __slots__ = ("allow_nonexistent_upstream_partitions",)

    allow_nonexistent_upstream_partitions: bool

    def __init__(self, allow_nonexistent_upstream_partitions: bool = True) -> None:
        self.allow_nonexistent_upstream_partitions = allow_nonexistent_upstream_partitions

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the partitions with the same keys; see the base."""
        found = IdentityPartitionMapping().get_upstream_mapped_partitions_result_for_partitions(
            downstream_partitions_subset,
            downstream_partitions_def,
            upstream_partitions_def,
            current_time,
            dynamic_partitions_store,
        )
        return _nothing_missing(found.partitions_subset) if self.allow_nonexistent_upstream_partitions else found

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the partitions with the same keys; see the base."""
        return IdentityPartitionMapping().get_downstream_partitions_for_partitions(
            upstream_partitions_subset,
            upstream_partitions_def,
            downstream_partitions_def,
            current_time,
            dynamic_partitions_store,
        )

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return "Maps each partition to the upstream partition with the same key, where there is one."

    def _values(self) -> tuple[Any, ...]:
        return (self.allow_nonexistent_upstream_partitions,)


class AllPartitionMapping(PartitionMapping):
    """Map each partition to all upstream partitions."""

    __slots__ = ()

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return all upstream partitions; see the base."""
        with _within(current_time, dynamic_partitions_store):
            return _nothing_missing(upstream_partitions_def.subset_with_all_partitions())

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return all downstream partitions if any upstream one is given; see the base."""
        with _within(current_time, dynamic_partitions_store):
            if upstream_partitions_subset.is_empty:
                return downstream_partitions_def.empty_subset()
            return downstream_partitions_def.subset_with_all_partitions()

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return "Each downstream partition depends on all partitions of the upstream asset."


class LastPartitionMapping(PartitionMapping):
    """Map each partition to the last upstream partition."""

    __slots__ = ()

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the last upstream partition, if there is any; see the base."""
        with _within(current_time, dynamic_partitions_store):
            last = upstream_partitions_def.get_last_partition_key()
            if last is None:
                return _nothing_missing(upstream_partitions_def.empty_subset())
            return _nothing_missing(upstream_partitions_def.subset_with_partition_keys([last]))

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return all downstream partitions if the last upstream one is given; see the base."""
        with _within(current_time, dynamic_partitions_store):
            last = upstream_partitions_def.get_last_partition_key()
            if last is None or last not in upstream_partitions_subset:
                return downstream_partitions_def.empty_subset()
            return downstream_partitions_def.subset_with_all_partitions()

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return "Each downstream partition depends on the last partition of the upstream asset."


class SpecificPartitionsPartitionMapping(PartitionMapping):
    """
    Map each partition to the same few upstream partitions.

    Args:
        partition_keys: Their keys.

    Raises:
        InvalidDefinitionError: A key is not text.
    """

    __slots__ = ("partition_keys",)

    partition_keys: Sequence[str]

    def __init__(self, partition_keys: Sequence[str]) -> None:
        if isinstance(partition_keys, str) or not all(isinstance(key, str) for key in partition_keys):
            raise InvalidDefinitionError(
                f"The partition keys of SpecificPartitionsPartitionMapping are {partition_keys!r}, "
                "not a sequence of text.",
                mend='write ["a", "b"].',
            )
        self.partition_keys = list(partition_keys)

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the few partitions; see the base."""
        with _within(current_time, dynamic_partitions_store):
            return UpstreamPartitionsResult(*split_by_existence(self.partition_keys, upstream_partitions_def))

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return all downstream partitions if one of the few is given; see the base."""
        with _within(current_time, dynamic_partitions_store):
            if any(key in upstream_partitions_subset for key in self.partition_keys):
                return downstream_partitions_def.subset_with_all_partitions()
            return downstream_partitions_def.empty_subset()

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return f"Each downstream partition depends on the following upstream partitions: {list(self.partition_keys)}"

    def _values(self) -> tuple[Any, ...]:
        return tuple(self.partition_keys)

    def __repr__(self) -> str:
        return f"SpecificPartitionsPartitionMapping(partition_keys={self.partition_keys!r})"


class StaticPartitionMapping(PartitionMapping):
    """
    Map static partitions to static partitions by a table.

    Args:
        downstream_partition_keys_by_upstream_partition_key: For each upstream key the downstream key that
            needs it, or several.

    Raises:
        InvalidDefinitionError: The table holds what is no key.

    >>> mapping = StaticPartitionMapping({"eu": ["de", "fr"], "us": "ny"})
    >>> mapping.get_upstream_mapped_partitions_result_for_partitions(
    ...     DefaultPartitionsSubset(["fr"]),
    ...     StaticPartitionsDefinition(["de", "fr", "ny"]),
    ...     StaticPartitionsDefinition(["eu", "us"]),
    ... ).partitions_subset.get_partition_keys()
    ['eu']
    """

    __slots__ = ("_down", "_up", "downstream_partition_keys_by_upstream_partition_key")

    downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    _down: dict[str, frozenset[str]]
    _up: dict[str, set[str]]

    def __init__(
        self, downstream_partition_keys_by_upstream_partition_key: Mapping[str, str | Collection[str]]
    ) -> None:
        table: Mapping[Any, Any] = downstream_partition_keys_by_upstream_partition_key
        self.downstream_partition_keys_by_upstream_partition_key = table
        self._down, self._up = {}, {}
        for upstream, downstream in table.items():
            many = [downstream] if isinstance(downstream, str) else downstream
            if (
                not isinstance(upstream, str)
                or not isinstance(many, Collection)
                or not all(isinstance(each, str) for each in many)
            ):
                raise InvalidDefinitionError(
                    f"StaticPartitionMapping maps {upstream!r} to {downstream!r}; both must be text.",
                    mend=f"write {{{str(upstream)!r}: ...}} with a key or a list of keys.",
                )
            self._down[upstream] = frozenset(many)
            for each in many:
                self._up.setdefault(each, set()).add(upstream)

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise unless both assets have static partitions, with every key of the table.

        Raises:
            InvalidDefinitionError: They have not; the message names the key.
        """
        for side, definition, keys in (
            ("Upstream", upstream_partitions_def, self._down.keys()),
            ("Downstream", downstream_partitions_def, self._up.keys()),
        ):
            if not isinstance(definition, StaticPartitionsDefinition):
                raise InvalidDefinitionError(
                    f"{side} partitions definition must be a StaticPartitionsDefinition for a StaticPartitionMapping.",
                    mend="give the dependency another partition mapping.",
                )
            unknown = sorted(keys - set(definition.get_partition_keys()))
            if unknown:
                raise InvalidDefinitionError(
                    f"The mapping names keys that are not in the {side.lower()} partitions definition: {unknown}.",
                    mend=nearest_hint(unknown[0], definition.get_partition_keys(), noun="partition"),
                )

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the partitions that the table names; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        needed: set[str] = set()
        for key in downstream_partitions_subset or ():
            needed |= self._up.get(key, set())
        return UpstreamPartitionsResult(*split_by_existence(needed, upstream_partitions_def))

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the partitions that the table names; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        needing: set[str] = set()
        for key in upstream_partitions_subset:
            needing |= self._down.get(key, frozenset())
        return downstream_partitions_def.subset_with_partition_keys(needing)

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return (
            "Maps upstream partitions to their downstream dependencies according to the following mapping: \n"
            f"{dict(self.downstream_partition_keys_by_upstream_partition_key)}"
        )

    def _values(self) -> tuple[Any, ...]:
        return (frozenset(self._down.items()),)

    def __repr__(self) -> str:
        table = dict(self.downstream_partition_keys_by_upstream_partition_key)
        return f"StaticPartitionMapping(downstream_partition_keys_by_upstream_partition_key={table!r})"


class TimeWindowPartitionMapping(PartitionMapping):
    """
    Map each window of time to the upstream windows that it shares time with.

    Grains, starts, formats and zones may differ. With offsets, the window begins and ends so many
    downstream windows later (or earlier, below zero) before it is compared.

    What lies before the first or after the last upstream window is told as missing, but for the side to
    which an offset reaches out: the first day of an asset that needs its own day before needs nothing.

    Args:
        start_offset: How many downstream windows later the compared time begins.
        end_offset: How many downstream windows later it ends.
        allow_nonexistent_upstream_partitions: Whether what does not exist is not needed either.

    Raises:
        InvalidDefinitionError: An offset is no whole number.
    """

    __slots__ = ("allow_nonexistent_upstream_partitions", "end_offset", "start_offset")

    start_offset: int
    end_offset: int
    allow_nonexistent_upstream_partitions: bool

    def __init__(
        self, start_offset: int = 0, end_offset: int = 0, allow_nonexistent_upstream_partitions: bool = False
    ) -> None:
        for name, offset in (("start_offset", start_offset), ("end_offset", end_offset)):
            if not isinstance(offset, int):
                raise InvalidDefinitionError(
                    f"{name} of a TimeWindowPartitionMapping is {offset!r}, not a whole number.", mend="write -1."
                )
        self.start_offset = start_offset
        self.end_offset = end_offset
        self.allow_nonexistent_upstream_partitions = allow_nonexistent_upstream_partitions

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise unless both assets are cut in time.

        Raises:
            InvalidDefinitionError: One is not.
        """
        for side, definition in (("Upstream", upstream_partitions_def), ("Downstream", downstream_partitions_def)):
            if not isinstance(definition, TimeWindowPartitionsDefinition):
                raise InvalidDefinitionError(
                    f"{side} partitions definition must be a TimeWindowPartitionsDefinition "
                    f"for a TimeWindowPartitionMapping, not {type(definition).__name__}.",
                    mend="give the dependency another partition mapping.",
                )

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the windows that share time with the given ones; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        upstream: TimeWindowPartitionsDefinition = upstream_partitions_def  # type: ignore[assignment]  # validated
        downstream: TimeWindowPartitionsDefinition = downstream_partitions_def  # type: ignore[assignment]  # validated
        with _within(current_time, dynamic_partitions_store):
            indexes = _indexes_of(downstream_partitions_subset, downstream)
            if self.start_offset == self.end_offset == 0 and downstream == upstream:
                needed = indexes
            else:
                needed = self._needed(indexes, downstream.tick_series(), upstream.tick_series())
            count = upstream.count_at()
        existing = needed.clipped(0, count)
        missing = EMPTY
        if not self.allow_nonexistent_upstream_partitions and needed is not existing:
            if count == 0:
                missing = needed
            if self.start_offset >= 0:
                missing |= needed.clipped(min(needed.base, 0), 0)
            if self.end_offset <= 0:
                missing |= needed.clipped(count, max(needed.stop, count))
        return UpstreamPartitionsResult(
            TimeWindowPartitionsSubset(upstream, existing), TimeWindowPartitionsSubset(upstream, missing)
        )

    def _needed(self, indexes: IndexSet, downstream: TickSeries, upstream: TickSeries) -> IndexSet:
        if self.start_offset > self.end_offset:
            return EMPTY  # the time that is compared would end before it begins
        found: list[tuple[int, int]] = []
        for first, stop in indexes.runs():
            found += [upstream.overlapping(start, end) for start, end in self._spans(first, stop, downstream)]
        return IndexSet.of_runs(found)

    def _spans(self, first: int, stop: int, downstream: TickSeries) -> list[tuple[int, int]]:
        """Return the time that the windows *first* to before *stop* are compared by."""
        if self.start_offset == self.end_offset:
            return downstream.spans(first + self.start_offset, stop + self.end_offset)
        if not downstream.leaves_out or stop - first == 1:
            return [(downstream.start_of(first + self.start_offset), downstream.end_of(stop - 1 + self.end_offset))]
        return [
            (downstream.start_of(index + self.start_offset), downstream.end_of(index + self.end_offset))
            for index in range(first, stop)
        ]

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the windows that are compared by time that the given ones cover; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        upstream: TimeWindowPartitionsDefinition = upstream_partitions_def  # type: ignore[assignment]  # validated
        downstream: TimeWindowPartitionsDefinition = downstream_partitions_def  # type: ignore[assignment]  # validated
        with _within(current_time, dynamic_partitions_store):
            indexes = _indexes_of(upstream_partitions_subset, upstream)
            count = downstream.count_at()
        if self.start_offset > self.end_offset:
            return TimeWindowPartitionsSubset(downstream)
        before, ticks = upstream.tick_series(), downstream.tick_series()
        found: list[tuple[int, int]] = []
        for first, stop in indexes.runs():
            for start, end in before.spans(first, stop):
                # Windows that end after the start and begin before the end, offsets undone.
                low, high = ticks.overlapping(start, end)
                found.append((max(low - self.end_offset, 0), min(high - self.start_offset, count)))
        return TimeWindowPartitionsSubset(downstream, IndexSet.of_runs(found))

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        text = "Maps a downstream partition to any upstream partition with an overlapping time window."
        if self.start_offset or self.end_offset:
            text += (
                f" The start and end of the upstream time window is offsetted by {self.start_offset} and "
                f"{self.end_offset} partitions respectively."
            )
        return text

    def _values(self) -> tuple[Any, ...]:
        return (self.start_offset, self.end_offset, self.allow_nonexistent_upstream_partitions)

    def __repr__(self) -> str:
        return (
            f"TimeWindowPartitionMapping(start_offset={self.start_offset}, end_offset={self.end_offset}, "
            f"allow_nonexistent_upstream_partitions={self.allow_nonexistent_upstream_partitions})"
        )


def _indexes_of(subset: PartitionsSubset | None, definition: TimeWindowPartitionsDefinition) -> IndexSet:
    if subset is None:
        return EMPTY
    if isinstance(subset, TimeWindowPartitionsSubset) and (
        subset.partitions_def is definition or subset.partitions_def == definition
    ):
        return subset.indexes
    return definition.indexes_of(list(subset.get_partition_keys()))[0]
