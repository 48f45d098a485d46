"""Partitions of several dimensions: each combination of one key of each is a partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple, cast

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, nearest_hint
from orrery.model.partitions.definition import (
    PARTITION_TAG,
    PaginatedResults,
    PartitionsDefinition,
    digest_of,
    unknown_partition,
)
from orrery.model.partitions.dynamic import DynamicPartitionsDefinition
from orrery.model.partitions.keys import (
    MultiPartitionKey,
    PartitionDimensionKey,
    PartitionKeyRange,
    PartitionKeys,
    join_dimension_keys,
    split_dimension_keys,
)
from orrery.model.partitions.loading import (
    DynamicPartitionsStore,
    PartitionLoadingContext,
    current_context,
    partition_loading_context,
)
from orrery.model.partitions.multi_subset import MultiPartitionsSubset
from orrery.model.partitions.subset import (
    PartitionsSubset,
)
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.windows import TimeWindow

__all__ = ["MultiPartitionsDefinition", "PartitionDimensionDefinition", "dimension_tag"]


def dimension_tag(dimension_name: str) -> str:
    """Return the tag that holds the key of one dimension in the tags of a run."""
    return f"{PARTITION_TAG}/{dimension_name}"


class PartitionDimensionDefinition(NamedTuple):
    """
    Pair the name of a dimension with its partitions.

    Attributes:
        name: Name of the dimension.
        partitions_def: Its partitions.
    """

    name: str
    partitions_def: PartitionsDefinition[str]


class MultiPartitionsDefinition(PartitionsDefinition[MultiPartitionKey]):
    """
    Cut data along any number of dimensions at once.

    Dimensions stand in the order of their names, and so do the keys of a partition in its own key.

    Args:
        partitions_defs: The partitions of each dimension: static, dynamic or in time.

    Raises:
        InvalidDefinitionError: There is no dimension, or one is cut in a way that cannot be combined.

    >>> from orrery.model.partitions.static import StaticPartitionsDefinition
    >>> grid = MultiPartitionsDefinition(
    ...     {"size": StaticPartitionsDefinition(["s", "m"]), "color": StaticPartitionsDefinition(["red"])}
    ... )
    >>> grid.get_partition_keys()
    ['red|s', 'red|m']
    """

    __slots__ = ("_defs", "_keys", "_keys_of", "_names")

    _defs: tuple[PartitionDimensionDefinition, ...]
    _names: list[str]
    _keys: PartitionKeys
    _keys_of: tuple[Sequence[str], ...]

    def __init__(self, partitions_defs: Mapping[str, PartitionsDefinition[str]]) -> None:
        given: Any = partitions_defs
        if not isinstance(given, Mapping) or not given:
            raise InvalidDefinitionError(
                f"Multi-partitions need at least one dimension, not {partitions_defs!r}.",
                mend='write MultiPartitionsDefinition({"date": ..., "region": ...}).',
            )
        for name, definition in given.items():
            if not isinstance(name, str) or not name:
                raise InvalidDefinitionError(
                    f"The name of a dimension is {name!r}, which is no name.", mend="write a text that is not empty."
                )
            if isinstance(definition, MultiPartitionsDefinition) or not isinstance(definition, PartitionsDefinition):
                raise InvalidDefinitionError(
                    f"Dimension '{name}' has the invalid partitions definition type {type(definition).__name__}.",
                    mend="give each dimension static, dynamic or time-window partitions; "
                    "write the dimensions of a nested one beside the others.",
                )
        self._defs = tuple(
            PartitionDimensionDefinition(name, partitions_defs[name]) for name in sorted(partitions_defs)
        )
        self._names = [each.name for each in self._defs]
        self._keys = PartitionKeys()
        self._keys_of = ()

    # What it is.

    @property
    def partitions_subset_class(self) -> type[PartitionsSubset]:
        """Return the kind of set that holds partitions of this definition."""
        return MultiPartitionsSubset

    @property
    def partition_dimension_names(self) -> list[str]:
        """Return the names of the dimensions, sorted."""
        return list(self._names)

    @property
    def partitions_defs(self) -> Sequence[PartitionDimensionDefinition]:
        """Return the dimensions, sorted by name."""
        return list(self._defs)

    def get_partitions_def_for_dimension(self, dimension_name: str) -> PartitionsDefinition[str]:
        """
        Return the partitions of a dimension.

        Raises:
            InvalidInvocationError: There is no such dimension; the message names the nearest.
        """
        for each in self._defs:
            if each.name == dimension_name:
                return each.partitions_def
        raise InvalidInvocationError(
            f"Invalid dimension name '{dimension_name}'.",
            mend=nearest_hint(dimension_name, self._names, noun="dimension"),
        )

    def _time_dimensions(self) -> list[PartitionDimensionDefinition]:
        return [each for each in self._defs if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)]

    @property
    def primary_dimension(self) -> PartitionDimensionDefinition:
        """Return the dimension of time if there is one, else the first."""
        return (self._time_dimensions() or self._defs)[0]

    @property
    def secondary_dimension(self) -> PartitionDimensionDefinition:
        """
        Return the first dimension that is not the primary one.

        Raises:
            InvalidInvocationError: There is only one.
        """
        primary = self.primary_dimension.name
        for each in self._defs:
            if each.name != primary:
                return each
        raise InvalidInvocationError("There is no secondary dimension.", mend="use `primary_dimension`.")

    @property
    def has_time_window_dimension(self) -> bool:
        """Tell whether a dimension is cut in time."""
        return bool(self._time_dimensions())

    @property
    def time_window_dimension(self) -> PartitionDimensionDefinition:
        """
        Return the dimension that is cut in time.

        Raises:
            InvalidInvocationError: There is none, or more than one.
        """
        found = self._time_dimensions()
        if len(found) != 1:
            raise InvalidInvocationError(
                f"Expected exactly one time window partitioned dimension, found {[each.name for each in found]}.",
                mend="use `get_partitions_def_for_dimension`.",
            )
        return found[0]

    @property
    def time_window_partitions_def(self) -> TimeWindowPartitionsDefinition:
        """Return the partitions of the dimension that is cut in time."""
        definition = self.time_window_dimension.partitions_def
        assert isinstance(definition, TimeWindowPartitionsDefinition)
        return definition

    # Keys.

    def parts_of(self, partition_key: str) -> Sequence[str] | None:
        """Return the key of each dimension in the order of their names, or None if it cannot be such a key."""
        if isinstance(partition_key, MultiPartitionKey):
            keys = partition_key.dimension_keys
            if len(keys) == len(self._names) and all(
                each[0] == name for each, name in zip(keys, self._names, strict=True)
            ):
                return [each[1] for each in keys]
        given: Any = partition_key
        if not isinstance(given, str):
            return None
        parts = split_dimension_keys(given)
        return parts if len(parts) == len(self._names) else None

    def is_valid_key_format(self, partition_key: str) -> bool:
        """Tell whether a text has one part for each dimension."""
        return self.parts_of(partition_key) is not None

    def get_partition_key_from_str(self, partition_key_str: str) -> MultiPartitionKey:
        """
        Return the key that a text stands for; its parts need not exist.

        Raises:
            InvalidInvocationError: The text does not have one part for each dimension.
        """
        parts = self.parts_of(partition_key_str)
        if parts is None:
            raise InvalidInvocationError(
                f"Expected {len(self._names)} partition keys in partition key string {partition_key_str}, "
                f"but got {len(split_dimension_keys(partition_key_str))}.",
                mend=f"write one key for each of {', '.join(self._names)}, with | between them.",
            )
        return MultiPartitionKey.of(self._names, parts)

    def _dimension_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> tuple[Sequence[str], ...]:
        context = current_context(current_time, dynamic_partitions_store)
        with partition_loading_context(new_ctx=context):
            return tuple(each.partitions_def.get_partition_keys() for each in self._defs)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[MultiPartitionKey]:
        """
        Return all combinations, the last dimension running fastest.

        The list is kept and shared: it cannot be changed.

        Args:
            current_time: The instant that counts as the present, for dimensions in time.
            dynamic_partitions_store: Where dynamic keys are kept.
        """
        dimensions = self._dimension_keys(current_time, dynamic_partitions_store)
        if self._keys_of == dimensions:
            return cast("Sequence[MultiPartitionKey]", self._keys)
        pairs = [
            [PartitionDimensionKey(name, key) for key in keys]
            for name, keys in zip(self._names, dimensions, strict=True)
        ]
        texts = [[join_dimension_keys([key]) for key in keys] for keys in dimensions]
        make, found = MultiPartitionKey.of_pairs, PartitionKeys
        self._keys = found(map(make, map("|".join, product(*texts)), product(*pairs)))
        self._keys_of = tuple(tuple(keys) if type(keys) is list else keys for keys in dimensions)
        return cast("Sequence[MultiPartitionKey]", self._keys)

    def kept_keys(self) -> PartitionKeys:
        """Return the keys that were given out last."""
        return self._keys

    def get_num_partitions(self) -> int:
        """Return how many combinations there are."""
        number = 1
        for each in self._defs:
            number *= each.partitions_def.get_num_partitions()
        return number

    def has_partition_key(self, partition_key: MultiPartitionKey | str) -> bool:
        """Tell whether each part of the key exists."""
        parts = self.parts_of(partition_key)
        return parts is not None and all(
            each.partitions_def.has_partition_key(part) for each, part in zip(self._defs, parts, strict=True)
        )

    def filter_valid_partition_keys(self, partition_keys: set[str]) -> set[MultiPartitionKey]:
        """Return those of *partition_keys* that exist."""
        split = [(key, self.parts_of(key)) for key in partition_keys]
        valid = [
            each.partitions_def.filter_valid_partition_keys({parts[place] for _, parts in split if parts is not None})
            for place, each in enumerate(self._defs)
        ]
        return {
            MultiPartitionKey.of(self._names, parts)
            for _, parts in split
            if parts is not None and all(part in known for part, known in zip(parts, valid, strict=True))
        }

    def get_first_partition_key(self) -> MultiPartitionKey | None:
        """Return the first key, or None if there is none."""
        return self._key_of_ends([each.partitions_def.get_first_partition_key() for each in self._defs])

    def get_last_partition_key(self) -> MultiPartitionKey | None:
        """Return the last key, or None if there is none."""
        return self._key_of_ends([each.partitions_def.get_last_partition_key() for each in self._defs])

    def _key_of_ends(self, parts: Sequence[str | None]) -> MultiPartitionKey | None:
        kept = [part for part in parts if part is not None]
        return MultiPartitionKey.of(self._names, kept) if len(kept) == len(parts) else None

    def get_partition_keys_in_range(
        self,
        partition_key_range: PartitionKeyRange,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[MultiPartitionKey]:
        """
        Return the combinations of the ranges of each dimension.

        Args:
            partition_key_range: The first and last key of each dimension.
            dynamic_partitions_store: Where dynamic keys are kept.

        Raises:
            InvalidInvocationError: An end of the range has no part for each dimension, or one that does not exist.
        """
        start = self.get_partition_key_from_str(partition_key_range.start).dimension_keys
        end = self.get_partition_key_from_str(partition_key_range.end).dimension_keys
        with partition_loading_context(new_ctx=current_context(None, dynamic_partitions_store)):
            ranges = [
                each.partitions_def.get_partition_keys_in_range(PartitionKeyRange(first[1], last[1]))
                for each, first, last in zip(self._defs, start, end, strict=True)
            ]
        return [MultiPartitionKey.of(self._names, parts) for parts in product(*ranges)]

    def get_paginated_partition_keys(
        self, context: PartitionLoadingContext, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """
        Return a page of the keys without making the others.

        Args:
            context: When and from which store keys are read.
            limit: At most so many keys.
            ascending: Whether to begin with the first key.
            cursor: The cursor of the page before: its last key.
        """
        with partition_loading_context(new_ctx=context):
            dimensions = self._dimension_keys()
            total = self.get_num_partitions()
            start = 0
            parts = self.parts_of(cursor) if cursor else None
            if parts is not None:
                number = 0
                for keys, part in zip(dimensions, parts, strict=True):
                    number = number * len(keys) + (keys.index(part) if part in keys else 0)
                start = (number if ascending else total - 1 - number) + 1
        page: list[str] = []
        for place in range(start, min(start + limit, total)):
            number, chosen = place if ascending else total - 1 - place, list[str]()
            for keys in reversed(dimensions):
                number, index = divmod(number, len(keys))
                chosen.append(keys[index])
            page.append(MultiPartitionKey.of(self._names, chosen[::-1]))
        return PaginatedResults(page, str(page[-1]) if page else (cursor or ""), start + len(page) < total)

    def get_multipartition_keys_with_dimension_value(
        self, dimension_name: str, dimension_partition_key: str
    ) -> Sequence[MultiPartitionKey]:
        """Return the keys that have this part in a dimension."""
        return self.get_multipartition_keys_with_dimension_values(dimension_name, [dimension_partition_key])

    def get_multipartition_keys_with_dimension_values(
        self, dimension_name: str, dimension_partition_keys: Sequence[str]
    ) -> Sequence[MultiPartitionKey]:
        """Return the keys that have one of these parts in a dimension, part by part."""
        self.get_partitions_def_for_dimension(dimension_name)
        place = self._names.index(dimension_name)
        dimensions = list(self._dimension_keys())
        found: list[MultiPartitionKey] = []
        for key in dimension_partition_keys:
            dimensions[place] = [key]
            found.extend(MultiPartitionKey.of(self._names, parts) for parts in product(*dimensions))
        return found

    def time_window_for_partition_key(self, partition_key: str) -> TimeWindow:
        """
        Return the window of the dimension that is cut in time.

        Raises:
            InvalidInvocationError: There is no such dimension, or more than one.
        """
        dimension = self.time_window_dimension
        part = self.get_partition_key_from_str(partition_key).keys_by_dimension[dimension.name]
        return self.time_window_partitions_def.time_window_for_partition_key(part)

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """Return the tags of a run of this partition: its key, and that of each dimension."""
        key = self.get_partition_key_from_str(partition_key)
        tags = {PARTITION_TAG: str(key)}
        tags.update((dimension_tag(name), part) for name, part in key.dimension_keys)
        return tags

    def validate_partition_key(self, partition_key: str, context: PartitionLoadingContext) -> None:
        """
        Raise if the key does not exist.

        Raises:
            UnknownPartitionError: No partition has this key.
        """
        with partition_loading_context(new_ctx=context):
            if not self.has_partition_key(partition_key):
                raise unknown_partition(partition_key)

    # Sets.

    def subset_with_all_partitions(self) -> PartitionsSubset:
        """Return the set of all partitions: one product."""
        return MultiPartitionsSubset.of_product(
            self, [each.partitions_def.subset_with_all_partitions() for each in self._defs]
        )

    # Values.

    def get_serializable_unique_identifier(self, dynamic_partitions_store: DynamicPartitionsStore | None = None) -> str:
        """Return a digest that two definitions share if they have the same dimensions."""
        parts: list[str] = []
        for each in self._defs:
            definition = each.partitions_def
            named = isinstance(definition, DynamicPartitionsDefinition) and definition.name
            parts += [
                each.name,
                f"dynamic:{named}"
                if named
                else definition.get_serializable_unique_identifier(dynamic_partitions_store),
            ]
        return digest_of(parts)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, MultiPartitionsDefinition):
            return self._defs == other._defs
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._defs)

    def __repr__(self) -> str:
        return f"MultiPartitionsDefinition(dimensions={[str(each) for each in self._defs]})"

    def __str__(self) -> str:
        dimensions = " \n".join(f"{each.name.capitalize()}: {each.partitions_def}" for each in self._defs)
        return f"Multi-partitioned, with dimensions: \n{dimensions}"

    def __reduce__(self) -> tuple[Any, ...]:
        return MultiPartitionsDefinition, ({each.name: each.partitions_def for each in self._defs},)
