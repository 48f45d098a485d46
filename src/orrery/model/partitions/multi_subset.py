"""
Sets of partitions of several dimensions, as products.

A set is a list of rows, and a row is some keys of the first dimension with the set of what stands
beside each of them: a table of a million partitions may be one row. Each dimension keeps its own
kind of set, so time, static and dynamic keys mix.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from orrery.base.errors import StorageError
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.keys import (
    MultiPartitionKey,
    PartitionKeyRange,
    PartitionKeys,
    join_dimension_keys,
)
from orrery.model.partitions.loading import DynamicPartitionsStore
from orrery.model.partitions.subset import DefaultPartitionsSubset, PartitionsSubset, read_serialized
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition

__all__ = ["MultiPartitionsSubset"]


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

    partitions_def: Any
    rows: tuple[_Row, ...]

    def __init__(self, partitions_def: Any, rows: Iterable[_Row] = ()) -> None:
        self.partitions_def = partitions_def
        self.rows = tuple(rows)

    @classmethod
    def create_empty_subset(cls, partitions_def: Any = None) -> MultiPartitionsSubset:
        """Return the set of *partitions_def* that holds nothing."""
        return cls(partitions_def)

    @classmethod
    def of_product(cls, partitions_def: Any, dimensions: Sequence[PartitionsSubset]) -> MultiPartitionsSubset:
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
            everything: PartitionsSubset = definition.subset_with_all_partitions()
            return self | everything
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
        everything: PartitionsSubset = partitions_def.subset_with_all_partitions()
        left = everything - self
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
