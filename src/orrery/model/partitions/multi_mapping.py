"""
Mappings from and to partitions of several dimensions, dimension by dimension.

A set of several dimensions is a list of products, and a product is mapped factor by factor, so
that nobody counts its partitions. Also here: which mapping holds where none is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from itertools import product
from typing import Any, NamedTuple

from orrery.base.errors import InvalidDefinitionError, nearest_hint
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.loading import DynamicPartitionsStore, current_context, partition_loading_context
from orrery.model.partitions.mapping import (
    AllPartitionMapping,
    IdentityPartitionMapping,
    PartitionMapping,
    TimeWindowPartitionMapping,
    UpstreamPartitionsResult,
)
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.multi_subset import MultiPartitionsSubset
from orrery.model.partitions.subset import PartitionsSubset
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition

__all__ = [
    "BaseMultiPartitionMapping",
    "DimensionDependency",
    "DimensionPartitionMapping",
    "MultiPartitionMapping",
    "MultiToSingleDimensionPartitionMapping",
    "default_partition_mapping",
]


class DimensionPartitionMapping(NamedTuple):
    """
    Pair a downstream dimension with the mapping that leads to it.

    Attributes:
        dimension_name: Name of the downstream dimension.
        partition_mapping: How the upstream dimension maps to it.
    """

    dimension_name: str
    partition_mapping: PartitionMapping


class DimensionDependency(NamedTuple):
    """
    Say how one dimension depends on another.

    Attributes:
        partition_mapping: How they map.
        upstream_dimension_name: The upstream dimension; None if that asset has but one.
        downstream_dimension_name: The downstream dimension; None if that asset has but one.
    """

    partition_mapping: PartitionMapping
    upstream_dimension_name: str | None = None
    downstream_dimension_name: str | None = None


_Dimensions = list[tuple[str | None, PartitionsDefinition[Any]]]


class BaseMultiPartitionMapping(PartitionMapping):
    """Map dimension by dimension; a subclass says which depends on which."""

    __slots__ = ()

    def get_dimension_dependencies(
        self, upstream_partitions_def: PartitionsDefinition[Any], downstream_partitions_def: PartitionsDefinition[Any]
    ) -> Sequence[DimensionDependency]:
        """Return which dimension depends on which; those not named depend on, or are needed by, all."""
        raise NotImplementedError

    def get_partitions_def(
        self, partitions_def: PartitionsDefinition[Any], dimension_name: str | None
    ) -> PartitionsDefinition[Any]:
        """Return the partitions of a dimension, or the definition itself if it has no dimensions."""
        if isinstance(partitions_def, MultiPartitionsDefinition) and dimension_name is not None:
            return partitions_def.get_partitions_def_for_dimension(dimension_name)
        return partitions_def

    def get_upstream_mapped_partitions_result_for_partitions(
        self,
        downstream_partitions_subset: PartitionsSubset | None,
        downstream_partitions_def: PartitionsDefinition[Any] | None,
        upstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> UpstreamPartitionsResult:
        """Return the products that the products of the given set need; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        downstream: PartitionsDefinition[Any] = downstream_partitions_def  # type: ignore[assignment]  # validated
        with partition_loading_context(new_ctx=current_context(current_time, dynamic_partitions_store)):
            dependencies = self.get_dimension_dependencies(upstream_partitions_def, downstream)
            down, up = _dimensions_of(downstream), _dimensions_of(upstream_partitions_def)
            shared = _named_twice(each.downstream_dimension_name for each in dependencies)
            found = upstream_partitions_def.empty_subset()
            missing = upstream_partitions_def.empty_subset()
            for box in _boxes_of(downstream_partitions_subset, downstream, down, shared):
                results = [_needed_of(name, definition, dependencies, box, down) for name, definition in up]
                found = found | _joined(upstream_partitions_def, [each.partitions_subset for each in results])
                for factors in _missing_products(results):
                    missing = missing | _joined(upstream_partitions_def, factors)
            return UpstreamPartitionsResult(found, missing)

    def get_downstream_partitions_for_partitions(
        self,
        upstream_partitions_subset: PartitionsSubset,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> PartitionsSubset:
        """Return the products that need the products of the given set; see the base."""
        self.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        with partition_loading_context(new_ctx=current_context(current_time, dynamic_partitions_store)):
            dependencies = self.get_dimension_dependencies(upstream_partitions_def, downstream_partitions_def)
            down, up = _dimensions_of(downstream_partitions_def), _dimensions_of(upstream_partitions_def)
            shared = _named_twice(each.upstream_dimension_name for each in dependencies)
            # Two upstream dimensions that meet in one downstream key must both have it: key by key.
            shared |= {
                each.upstream_dimension_name
                for each in dependencies
                if each.downstream_dimension_name in _named_twice(e.downstream_dimension_name for e in dependencies)
            }
            found = downstream_partitions_def.empty_subset()
            for box in _boxes_of(upstream_partitions_subset, upstream_partitions_def, up, shared):
                factors = []
                for name, definition in down:
                    reached = [
                        each.partition_mapping.get_downstream_partitions_for_partitions(
                            box[each.upstream_dimension_name],
                            _definition_in(up, each.upstream_dimension_name),
                            definition,
                        )
                        for each in dependencies
                        if each.downstream_dimension_name == name
                    ]
                    factors.append(
                        reduce(lambda one, other: one & other, reached)
                        if reached
                        else definition.subset_with_all_partitions()
                    )
                found = found | _joined(downstream_partitions_def, factors)
            return found


def _dimensions_of(definition: PartitionsDefinition[Any]) -> _Dimensions:
    if isinstance(definition, MultiPartitionsDefinition):
        return [(each.name, each.partitions_def) for each in definition.partitions_defs]
    return [(None, definition)]


def _definition_in(dimensions: _Dimensions, name: str | None) -> PartitionsDefinition[Any]:
    return next(definition for each, definition in dimensions if each == name)


def _named_twice(names: Any) -> set[str | None]:
    return {name for name, number in Counter(names).items() if number > 1}


def _boxes_of(
    subset: PartitionsSubset | None,
    definition: PartitionsDefinition[Any],
    dimensions: _Dimensions,
    key_by_key: set[str | None],
) -> Iterator[dict[str | None, PartitionsSubset]]:
    """Yield products that make up a set, by dimension; with single keys in some dimensions."""
    if subset is None or subset.is_empty:
        return
    boxes: Any
    if isinstance(definition, MultiPartitionsDefinition):
        held = subset if isinstance(subset, MultiPartitionsSubset) else definition.subset_with_partition_keys(subset)
        boxes = held.boxes() if isinstance(held, MultiPartitionsSubset) else ()
    else:
        boxes = [(subset,)]
    for box in boxes:
        choices = [
            [dimension.subset_with_partition_keys([key]) for key in members] if name in key_by_key else [members]
            for (name, dimension), members in zip(dimensions, box, strict=True)
        ]
        for chosen in product(*choices):
            yield {name: members for (name, _), members in zip(dimensions, chosen, strict=True)}


def _needed_of(
    name: str | None,
    definition: PartitionsDefinition[Any],
    dependencies: Sequence[DimensionDependency],
    box: Mapping[str | None, PartitionsSubset],
    down: _Dimensions,
) -> UpstreamPartitionsResult:
    """Return what a product needs of one upstream dimension."""
    results = [
        each.partition_mapping.get_upstream_mapped_partitions_result_for_partitions(
            box[each.downstream_dimension_name], _definition_in(down, each.downstream_dimension_name), definition
        )
        for each in dependencies
        if each.upstream_dimension_name == name
    ]
    if not results:
        every = definition.subset_with_all_partitions()
        return UpstreamPartitionsResult(every, every.empty_subset())
    found, missing = results[0]
    for other in results[1:]:
        found, missing = found & other.partitions_subset, missing | other.required_but_nonexistent_subset
    return UpstreamPartitionsResult(found, missing)


def _joined(definition: PartitionsDefinition[Any], factors: Sequence[PartitionsSubset]) -> PartitionsSubset:
    if isinstance(definition, MultiPartitionsDefinition):
        return MultiPartitionsSubset.of_product(definition, factors)
    return factors[0]


def _missing_products(results: Sequence[UpstreamPartitionsResult]) -> Iterator[list[PartitionsSubset]]:
    """Yield the products in which at least one factor does not exist, none twice."""
    for place, result in enumerate(results):
        if not result.required_but_nonexistent_subset.is_empty:
            yield [
                each.partitions_subset
                if other < place
                else each.required_but_nonexistent_subset
                if other == place
                else each.partitions_subset | each.required_but_nonexistent_subset
                for other, each in enumerate(results)
            ]


class MultiPartitionMapping(BaseMultiPartitionMapping):
    """
    Map dimensions to dimensions, each by a mapping of its own.

    An upstream dimension that is not named is needed whole; a downstream one that is not named
    makes no difference.

    Args:
        downstream_mappings_by_upstream_dimension: For each upstream dimension the downstream dimension
            that depends on it, and how.
    """

    __slots__ = ("downstream_mappings_by_upstream_dimension",)

    downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]

    def __init__(self, downstream_mappings_by_upstream_dimension: Mapping[str, DimensionPartitionMapping]) -> None:
        given: Mapping[Any, Any] = downstream_mappings_by_upstream_dimension
        for name, each in given.items():
            if not isinstance(name, str) or not isinstance(each, DimensionPartitionMapping):
                raise InvalidDefinitionError(
                    f"MultiPartitionMapping maps {name!r} to {each!r}, not to a DimensionPartitionMapping.",
                    mend='write {"date": DimensionPartitionMapping("date", IdentityPartitionMapping())}.',
                )
        self.downstream_mappings_by_upstream_dimension = downstream_mappings_by_upstream_dimension

    def get_dimension_dependencies(
        self, upstream_partitions_def: PartitionsDefinition[Any], downstream_partitions_def: PartitionsDefinition[Any]
    ) -> Sequence[DimensionDependency]:
        """Return which dimension depends on which."""
        return [
            DimensionDependency(each.partition_mapping, name, each.dimension_name)
            for name, each in self.downstream_mappings_by_upstream_dimension.items()
        ]

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise unless both assets have the dimensions that are named, and these can be mapped so.

        Raises:
            InvalidDefinitionError: They have not; the message names the dimension.
        """
        for side, definition in (("upstream", upstream_partitions_def), ("downstream", downstream_partitions_def)):
            if not isinstance(definition, MultiPartitionsDefinition):
                raise InvalidDefinitionError(
                    f"The {side} asset of a MultiPartitionMapping has no multi-partitions definition.",
                    mend="use MultiToSingleDimensionPartitionMapping, or give it several dimensions.",
                )
        upstream: Any = upstream_partitions_def
        downstream: Any = downstream_partitions_def
        for name, each in self.downstream_mappings_by_upstream_dimension.items():
            for side, definition, wanted in (
                ("upstream", upstream, name),
                ("downstream", downstream, each.dimension_name),
            ):
                if wanted not in definition.partition_dimension_names:
                    raise InvalidDefinitionError(
                        f"The mapping names the {side} dimension '{wanted}', which is not in the {side} "
                        f"partitions definition.",
                        mend=nearest_hint(wanted, definition.partition_dimension_names, noun="dimension"),
                    )
            each.partition_mapping.validate_partition_mapping(
                upstream.get_partitions_def_for_dimension(name),
                downstream.get_partitions_def_for_dimension(each.dimension_name),
            )

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return "\n ".join(
            f"Upstream dimension '{name}' mapped to downstream dimension '{each.dimension_name}' using "
            f"{type(each.partition_mapping).__name__}."
            for name, each in self.downstream_mappings_by_upstream_dimension.items()
        )

    def _values(self) -> tuple[Any, ...]:
        return (frozenset(self.downstream_mappings_by_upstream_dimension.items()),)

    def __repr__(self) -> str:
        table = dict(self.downstream_mappings_by_upstream_dimension)
        return f"MultiPartitionMapping(downstream_mappings_by_upstream_dimension={table!r})"


class MultiToSingleDimensionPartitionMapping(BaseMultiPartitionMapping):
    """
    Map between an asset of several dimensions and one of a single dimension, either way.

    A key of the single dimension belongs to all keys that have it in the dimension of the same
    partitions; windows of time of another grain to those that share time with it.

    Args:
        partition_dimension_name: The dimension; needed only if more than one has the same partitions.
    """

    __slots__ = ("partition_dimension_name",)

    partition_dimension_name: str | None

    def __init__(self, partition_dimension_name: str | None = None) -> None:
        self.partition_dimension_name = partition_dimension_name

    def _dimension(self, multi: MultiPartitionsDefinition, single: PartitionsDefinition[Any]) -> str:
        names = multi.partition_dimension_names
        if self.partition_dimension_name is not None:
            if self.partition_dimension_name not in names:
                raise InvalidDefinitionError(
                    f"The mapping names the dimension '{self.partition_dimension_name}', which does not exist.",
                    mend=nearest_hint(self.partition_dimension_name, names, noun="dimension"),
                )
            return self.partition_dimension_name
        found = [each.name for each in multi.partitions_defs if each.partitions_def == single]
        if not found and isinstance(single, TimeWindowPartitionsDefinition):
            found = [
                each.name
                for each in multi.partitions_defs
                if isinstance(each.partitions_def, TimeWindowPartitionsDefinition)
            ]
        if len(found) == 1:
            return found[0]
        raise InvalidDefinitionError(
            f"{'More than one dimension matches' if found else 'No dimension matches'} the single-dimension "
            f"partitions definition, of {', '.join(names)}.",
            mend=f'write MultiToSingleDimensionPartitionMapping("{(found or names)[0]}").',
        )

    def validate_partition_mapping(
        self,
        upstream_partitions_def: PartitionsDefinition[Any],
        downstream_partitions_def: PartitionsDefinition[Any] | None,
    ) -> None:
        """
        Raise unless exactly one of the assets has several dimensions, of which one fits the other.

        Raises:
            InvalidDefinitionError: It is not so; the message says why.
        """
        if downstream_partitions_def is None:
            raise InvalidDefinitionError(
                "MultiToSingleDimensionPartitionMapping maps to partitions, and the downstream asset has none.",
                mend="use AllPartitionMapping.",
            )
        several = [
            isinstance(each, MultiPartitionsDefinition) for each in (upstream_partitions_def, downstream_partitions_def)
        ]
        if sum(several) != 1:
            raise InvalidDefinitionError(
                "Can only use MultiToSingleDimensionPartitionMapping when exactly one of upstream and downstream "
                f"has several dimensions, not {sum(several)}.",
                mend="use MultiPartitionMapping." if sum(several) else "use IdentityPartitionMapping.",
            )
        self.get_dimension_dependencies(upstream_partitions_def, downstream_partitions_def)

    def get_dimension_dependencies(
        self, upstream_partitions_def: PartitionsDefinition[Any], downstream_partitions_def: PartitionsDefinition[Any]
    ) -> Sequence[DimensionDependency]:
        """Return which dimension depends on which: one of several on the single one, or the reverse."""
        if isinstance(upstream_partitions_def, MultiPartitionsDefinition):
            name = self._dimension(upstream_partitions_def, downstream_partitions_def)
            up, down = upstream_partitions_def.get_partitions_def_for_dimension(name), downstream_partitions_def
            return [DimensionDependency(_between(up, down), name, None)]
        assert isinstance(downstream_partitions_def, MultiPartitionsDefinition)
        name = self._dimension(downstream_partitions_def, upstream_partitions_def)
        up, down = upstream_partitions_def, downstream_partitions_def.get_partitions_def_for_dimension(name)
        return [DimensionDependency(_between(up, down), None, name)]

    @property
    def description(self) -> str:
        """Return what the mapping does, for people."""
        return (
            "Assumes that the single-dimension partitions definition is a dimension of the multi-partitions "
            "definition. For a single-dimension partition key X, any multi-partition key with X in the matching "
            "dimension is a dependency."
        )

    def _values(self) -> tuple[Any, ...]:
        return (self.partition_dimension_name,)

    def __repr__(self) -> str:
        return f"MultiToSingleDimensionPartitionMapping(partition_dimension_name={self.partition_dimension_name!r})"


def _between(upstream: PartitionsDefinition[Any], downstream: PartitionsDefinition[Any]) -> PartitionMapping:
    if (
        isinstance(upstream, TimeWindowPartitionsDefinition)
        and isinstance(downstream, TimeWindowPartitionsDefinition)
        and upstream != downstream
    ):
        return TimeWindowPartitionMapping()
    return IdentityPartitionMapping()


def default_partition_mapping(
    downstream_partitions_def: PartitionsDefinition[Any] | None, upstream_partitions_def: PartitionsDefinition[Any]
) -> PartitionMapping:
    """
    Return the mapping that holds where none is named.

    Windows of time map by shared time, equal definitions by key, several dimensions to one that fits;
    all else maps to all.
    """
    if downstream_partitions_def is None:
        return AllPartitionMapping()
    if isinstance(upstream_partitions_def, TimeWindowPartitionsDefinition) and isinstance(
        downstream_partitions_def, TimeWindowPartitionsDefinition
    ):
        return TimeWindowPartitionMapping()
    several = [
        isinstance(each, MultiPartitionsDefinition) for each in (upstream_partitions_def, downstream_partitions_def)
    ]
    if sum(several) == 1:
        mapping = MultiToSingleDimensionPartitionMapping()
        try:
            mapping.validate_partition_mapping(upstream_partitions_def, downstream_partitions_def)
        except InvalidDefinitionError:
            return AllPartitionMapping()
        return mapping
    if upstream_partitions_def == downstream_partitions_def:
        return IdentityPartitionMapping()
    return AllPartitionMapping()
