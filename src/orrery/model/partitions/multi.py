"""Partitions of several dimensions: each combination of one key of each is a partition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple, cast

from orrery.base.errors import InvalidDefinitionError, InvalidInvocationError, StorageError, nearest_hint
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
from orrery.model.partitions.subset import (
    DefaultPartitionsSubset,
    PartitionsSubset,
    read_serialized,
)
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition
from orrery.model.partitions.windows import TimeWindow

__all__ = ["MultiPartitionsDefinition", "MultiPartitionsSubset", "PartitionDimensionDefinition", "dimension_tag"]


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


class MultiPartitionsSubset(PartitionsSubset):
    """
    Hold partitions of several dimensions as products.

    A set is a list of rows: some keys of the first dimension, and the set of what stands beside each
    of them in the others. Rows share no key, and no two have the same rest, so that equal sets look
    equal, and a whole table is one row.

    Args:
        partitions_def: The definition.
        rows: The rows; see :meth:`of_product`.
    """

    __slots__ = ("partitions_def", "rows")

    partitions_def: MultiPartitionsDefinition
    rows: tuple[_Row, ...]

    def __init__(self, partitions_def: MultiPartitionsDefinition, rows: Iterable[_Row] = ()) -> None:
        self.partitions_def = partitions_def
        self.rows = tuple(rows)

    @classmethod
    def create_empty_subset(cls, partitions_def: Any = None) -> MultiPartitionsSubset:
        """Return the set of *partitions_def* that holds nothing."""
        return cls(partitions_def)

    @classmethod
    def of_product(
        cls, partitions_def: MultiPartitionsDefinition, dimensions: Sequence[PartitionsSubset]
    ) -> MultiPartitionsSubset:
        """Return the set of all combinations of some keys of each dimension, in the order of their names."""
        return cls(partitions_def, _product_rows(dimensions))

    @classmethod
    def from_serialized(cls, partitions_def: Any, serialized: str) -> PartitionsSubset:
        """
        Return the set that ``serialize`` wrote.

        Raises:
            StorageError: The text is damaged, or was written for other dimensions.
        """
        data = read_serialized(serialized)
        if "subset" in data:
            keys: PartitionsSubset = partitions_def.subset_with_partition_keys(data["subset"])
            return keys
        if data.get("dimensions") != partitions_def.partition_dimension_names:
            raise StorageError(
                f"This serialized set has the dimensions {data.get('dimensions')}, "
                f"and not {partitions_def.partition_dimension_names}.",
                mend="read it with the definition that wrote it, or choose the partitions anew.",
            )
        definitions = [each.partitions_def for each in partitions_def.partitions_defs]
        return cls(partitions_def, _rows_from_data(data["rows"], definitions))

    @classmethod
    def can_deserialize(
        cls,
        partitions_def: Any,
        serialized: str,
        serialized_partitions_def_unique_id: str | None,
        serialized_partitions_def_class_name: str | None,
    ) -> bool:
        """Tell whether *serialized* is a set of these dimensions."""
        try:
            data = read_serialized(serialized)
        except StorageError:
            return False
        return "subset" in data or data.get("dimensions") == partitions_def.partition_dimension_names

    def serialize(self) -> str:
        """Return the rows as text, each dimension in its own form."""
        return json.dumps(
            {
                "version": 2,
                "dimensions": self.partitions_def.partition_dimension_names,
                "rows": _rows_to_data(self.rows),
            }
        )

    def boxes(self) -> Iterator[tuple[PartitionsSubset, ...]]:
        """Yield products that make up the set and share no partition: some keys of each dimension."""
        return _boxes(self.rows)

    def _key_parts(self) -> list[tuple[str, ...]]:
        boxes = list(self.boxes())
        parts = [keys for box in boxes for keys in product(*box)]
        if len(boxes) > 1 or any(isinstance(each, DefaultPartitionsSubset) for box in boxes for each in box):
            ranks = [_Ranks(each.partitions_def) for each in self.partitions_def.partitions_defs]
            parts.sort(key=lambda keys: [rank(key) for rank, key in zip(ranks, keys, strict=True)])
        return parts

    def get_partition_keys(self) -> Iterable[MultiPartitionKey]:
        """Return the keys, in order."""
        names = self.partitions_def.partition_dimension_names
        return [MultiPartitionKey.of(names, parts) for parts in self._key_parts()]

    def with_partition_keys(self, partition_keys: Iterable[str]) -> PartitionsSubset:
        """Return the set with these partitions added; keys that cannot be are kept as keys."""
        definition = self.partitions_def
        parts: list[Sequence[str]] = []
        odd: list[str] = []
        if isinstance(partition_keys, PartitionKeys) and partition_keys is definition.kept_keys():
            return self | definition.subset_with_all_partitions()
        dimensions = [each.partitions_def for each in definition.partitions_defs]
        for key in partition_keys:
            split = definition.parts_of(key)
            if split is None:
                odd.append(key)
            else:
                parts.append(split)
        known, unknown = _rows_of_keys(parts, dimensions)
        odd.extend(join_dimension_keys(keys) for keys in unknown)
        found = self | MultiPartitionsSubset(definition, known)
        return found | DefaultPartitionsSubset(odd) if odd else found

    def empty_subset(self) -> MultiPartitionsSubset:
        """Return the set of the same definition that holds nothing."""
        return MultiPartitionsSubset(self.partitions_def)

    def get_partition_key_ranges(
        self,
        partitions_def: Any,
        current_time: Any = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
        respect_bounds: bool = True,
    ) -> Sequence[PartitionKeyRange]:
        """
        Return ranges that differ in one dimension only, so that each is a piece of one line of the table.

        With a dimension of time, ranges run along the time; else along the last dimension.
        """
        names = self.partitions_def.partition_dimension_names
        along = len(names) - 1
        for place, each in enumerate(self.partitions_def.partitions_defs):
            if isinstance(each.partitions_def, TimeWindowPartitionsDefinition):
                along = place
                break
        ranges: list[PartitionKeyRange] = []
        others = [place for place in range(len(names)) if place != along]
        lines: dict[tuple[str, ...], PartitionsSubset] = {}
        for box in self.boxes():
            for combination in product(*(box[place] for place in others)):
                known = lines.get(combination)
                lines[combination] = box[along] if known is None else known | box[along]
        dimension = self.partitions_def.partitions_defs[along].partitions_def
        for combination, members in lines.items():
            for found in members.get_partition_key_ranges(dimension, current_time, dynamic_partitions_store):
                ends = []
                for key in found:
                    parts = list(combination)
                    parts.insert(along, key)
                    ends.append(MultiPartitionKey.of(names, parts))
                ranges.append(PartitionKeyRange(*ends))
        return ranges

    def get_partition_keys_not_in_subset(self, partitions_def: Any) -> Iterable[str]:
        """Return the keys of *partitions_def* that are not in the set, in order."""
        if partitions_def != self.partitions_def:
            return super().get_partition_keys_not_in_subset(partitions_def)
        left = self.partitions_def.subset_with_all_partitions() - self
        return left.get_partition_keys()

    def _alike(self, other: Any) -> bool:
        return type(other) is MultiPartitionsSubset and (
            other.partitions_def is self.partitions_def or other.partitions_def == self.partitions_def
        )

    def _combine(self, other: Any, keep: Callable[[bool, bool], bool]) -> PartitionsSubset | None:
        if not self._alike(other):
            return None
        depth = len(self.partitions_def.partition_dimension_names)
        return MultiPartitionsSubset(self.partitions_def, _combined(self.rows, other.rows, keep, depth))

    def _joined(self, other: Any) -> PartitionsSubset | None:
        if self._alike(other) and not other.rows:
            return self
        return self._combine(other, _either)

    def _shared(self, other: Any) -> PartitionsSubset | None:
        return self._combine(other, _both)

    def _without(self, other: Any) -> PartitionsSubset | None:
        return self._combine(other, _only_first)

    def __contains__(self, partition_key: object) -> bool:
        parts = self.partitions_def.parts_of(partition_key) if isinstance(partition_key, str) else None
        return parts is not None and _holds(self.rows, parts)

    def __len__(self) -> int:
        return _size(self.rows)

    def __eq__(self, other: object) -> bool:
        if self._alike(other):
            return set(self.rows) == set(other.rows)  # type: ignore[attr-defined]  # _alike says that it is of our class
        if isinstance(other, PartitionsSubset):
            return len(self) == len(other) and set(self) == set(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self.rows))

    def __repr__(self) -> str:
        shown = [" x ".join(repr(each) for each in box) for box, _ in zip(self.boxes(), range(5), strict=False)]
        return f"MultiPartitionsSubset([{', '.join(shown)}])"


class _Row(NamedTuple):
    """Some keys of one dimension, and what stands beside each of them; no rest in the last dimension."""

    members: PartitionsSubset
    rest: frozenset[Any]


_END: frozenset[Any] = frozenset()


def _product_rows(dimensions: Sequence[PartitionsSubset]) -> tuple[_Row, ...]:
    rest = _END
    for members in reversed(dimensions):
        if not members:
            return ()
        rest = frozenset([_Row(members, rest)])
    return tuple(rest)


def _either(first: bool, second: bool) -> bool:
    return first or second


def _both(first: bool, second: bool) -> bool:
    return first and second


def _only_first(first: bool, second: bool) -> bool:
    return first and not second


def _combined(
    first: Iterable[_Row], second: Iterable[_Row], keep: Callable[[bool, bool], bool], depth: int
) -> tuple[_Row, ...]:
    """Combine two lists of rows: meet each pair, and group what comes out by its rest."""
    grouped: dict[frozenset[Any], PartitionsSubset] = {}
    memory: dict[tuple[frozenset[Any], frozenset[Any]], frozenset[Any] | None] = {}

    def add(members: PartitionsSubset, one: frozenset[Any] | None, other: frozenset[Any] | None) -> None:
        if depth == 1:
            rest: frozenset[Any] | None = _END if keep(one is not None, other is not None) else None
        else:
            pair = (one or _END, other or _END)
            if pair not in memory:
                memory[pair] = frozenset(_combined(pair[0], pair[1], keep, depth - 1)) or None
            rest = memory[pair]
        if rest is not None:
            grouped[rest] = grouped[rest] | members if rest in grouped else members

    others = list(second)
    left_of_others = [row.members for row in others]
    for row in first:
        left = row.members
        for place, other in enumerate(others):
            if not left:
                break
            met = left & left_of_others[place]
            if met:
                add(met, row.rest, other.rest)
                left = left - met
                left_of_others[place] = left_of_others[place] - met
        if left:
            add(left, row.rest, None)
    for members, other in zip(left_of_others, others, strict=True):
        if members:
            add(members, None, other.rest)
    return tuple(_Row(members, rest) for rest, members in grouped.items())


def _boxes(rows: Iterable[_Row]) -> Iterator[tuple[PartitionsSubset, ...]]:
    for members, rest in rows:
        if rest:
            for box in _boxes(rest):
                yield (members, *box)
        else:
            yield (members,)


def _holds(rows: Iterable[_Row], parts: Sequence[str]) -> bool:
    for place, part in enumerate(parts):
        row = next((row for row in rows if part in row.members), None)
        if row is None:
            return False
        if place == len(parts) - 1:
            return True
        rows = row.rest
    return False


def _size(rows: Iterable[_Row]) -> int:
    return sum(len(members) * (_size(rest) if rest else 1) for members, rest in rows)


def _rows_of_keys(
    keys: Sequence[Sequence[str]], dimensions: Sequence[PartitionsDefinition[str]]
) -> tuple[tuple[_Row, ...], list[tuple[str, ...]]]:
    """Return the rows that hold these keys (one text for each dimension), and the keys that cannot be."""
    unknown: list[tuple[str, ...]] = []
    if len(dimensions) == 1:
        members = dimensions[0].subset_with_partition_keys([key[0] for key in keys])
        if type(members) is not type(dimensions[0].empty_subset()):
            unknown = [(key,) for key in members if not dimensions[0].has_partition_key(key)]
            members = dimensions[0].subset_with_partition_keys([key[0] for key in keys if (key[0],) not in unknown])
        return (_product_rows([members]) if members else ()), unknown
    by_first: dict[str, list[Sequence[str]]] = {}
    for key in keys:
        by_first.setdefault(key[0], []).append(key[1:])
    grouped: dict[frozenset[Any], list[str]] = {}
    memory: dict[frozenset[tuple[str, ...]], tuple[frozenset[Any], list[tuple[str, ...]]]] = {}
    for first, others in by_first.items():
        wanted = frozenset(map(tuple, others))
        known = memory.get(wanted)
        if known is None:
            rows, odd = _rows_of_keys(list(wanted), dimensions[1:])
            known = memory[wanted] = (frozenset(rows), odd)
        unknown.extend((first, *key) for key in known[1])
        if known[0]:
            grouped.setdefault(known[0], []).append(first)
    found: list[_Row] = []
    for rest, firsts in grouped.items():
        members = dimensions[0].subset_with_partition_keys(firsts)
        if type(members) is not type(dimensions[0].empty_subset()):
            odd_firsts = {first for first in firsts if not dimensions[0].has_partition_key(first)}
            unknown.extend((first, *key) for first in odd_firsts for box in _boxes(rest) for key in product(*box))
            members = dimensions[0].subset_with_partition_keys([first for first in firsts if first not in odd_firsts])
        if members:
            found.append(_Row(members, rest))
    return tuple(found), unknown


def _rows_to_data(rows: Iterable[_Row]) -> list[Any]:
    data = []
    for members, rest in rows:
        text = members.serialize()
        data.append([text, _rows_to_data(rest)] if rest else [text])
    return sorted(data, key=lambda row: str(row[0]))


def _rows_from_data(data: list[Any], definitions: Sequence[PartitionsDefinition[str]]) -> tuple[_Row, ...]:
    return tuple(
        _Row(
            definitions[0].deserialize_subset(each[0]),
            frozenset(_rows_from_data(each[1], definitions[1:])) if len(each) > 1 else _END,
        )
        for each in data
    )


class _Ranks:
    """The order of the keys of one dimension."""

    __slots__ = ("_known", "_number")

    def __init__(self, definition: PartitionsDefinition[str]) -> None:
        self._number: Any = getattr(definition, "index_of", None)
        self._known: dict[str, int] = {}
        if self._number is None:
            self._known = {key: number for number, key in enumerate(definition.get_partition_keys())}

    def __call__(self, key: str) -> tuple[int, str]:
        number = self._known.get(key)
        if number is None:
            number = self._number(key) if self._number is not None else None
            number = 1 << 60 if number is None else number
            self._known[key] = number
        return number, key


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
