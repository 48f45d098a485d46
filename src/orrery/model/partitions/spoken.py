"""
Partitions as people type them: ``2013-01-01...2013-01-31``, ``a,b``, ``carrier=AA``.

A text is a key, a range (``A...B``, ``A...`` to the last, ``...B`` from the first), ``*`` for all, or several
of these with commas between them. For partitions of several dimensions a text may also say the keys of one
dimension, ``NAME=KEYS``; dimensions of which nothing is said are taken whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orrery.base.errors import InvalidInvocationError, nearest_hint
from orrery.model.partitions.definition import PartitionsDefinition
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.loading import current_context
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.multi_subset import MultiPartitionsSubset
from orrery.model.partitions.subset import PartitionsSubset

__all__ = ["partitions_named"]

_RANGE = "..."
_ALL = "*"


def partitions_named(texts: Sequence[str], partitions_def: PartitionsDefinition[Any]) -> PartitionsSubset:
    """
    Return the partitions that any of *texts* names.

    Args:
        texts: As people type them.
        partitions_def: The definition whose keys they are.

    Raises:
        UnknownPartitionError: No partition has a key that is named; the nearest is told.
        InvalidInvocationError: A range has an end that does not exist, or its ends stand the wrong way round.

    >>> from orrery.model.partitions.static import StaticPartitionsDefinition
    >>> letters = StaticPartitionsDefinition(["a", "b", "c", "d"])
    >>> list(partitions_named(["b...c"], letters)), list(partitions_named(["a,...b", "d"], letters))
    (['b', 'c'], ['a', 'b', 'd'])
    """
    found = partitions_def.empty_subset()
    sides: dict[str, list[str]] = {}
    for text in texts:
        side = _dimension(text, partitions_def)
        if side is not None:
            sides.setdefault(side[0], []).append(side[1])
        else:
            found = found | _named(text, partitions_def)
    if sides and isinstance(partitions_def, MultiPartitionsDefinition):
        dimensions = [
            partitions_named(sides.get(each.name, [_ALL]), each.partitions_def)
            for each in partitions_def.partitions_defs
        ]
        found = found | MultiPartitionsSubset.of_product(partitions_def, dimensions)
    return found


def _dimension(text: str, partitions_def: PartitionsDefinition[Any]) -> tuple[str, str] | None:
    """Return the dimension that *text* is about and what it says of it; None if it is about whole keys."""
    name, sign, keys = text.partition("=")
    if not sign or not isinstance(partitions_def, MultiPartitionsDefinition) or partitions_def.has_partition_key(text):
        return None
    names = partitions_def.partition_dimension_names
    if name not in names:
        raise InvalidInvocationError(
            f"The partitions {text!r} name the dimension '{name}', which is none of {', '.join(names)}.",
            mend=nearest_hint(name, names, noun="dimension"),
        )
    return name, keys


def _named(text: str, partitions_def: PartitionsDefinition[Any]) -> PartitionsSubset:
    if text == _ALL:
        return partitions_def.subset_with_all_partitions()
    if partitions_def.has_partition_key(text):
        return partitions_def.subset_with_partition_keys([text])
    if "," in text:
        found = partitions_def.empty_subset()
        for part in text.split(","):
            if part.strip():
                found = found | _named(part.strip(), partitions_def)
        return found
    if _RANGE in text:
        start, _, end = text.partition(_RANGE)
        first = start or partitions_def.get_first_partition_key()
        last = end or partitions_def.get_last_partition_key()
        if first is None or last is None:
            return partitions_def.empty_subset()
        wanted = PartitionKeyRange(first, last)
        subset = partitions_def.empty_subset().with_partition_key_range(partitions_def, wanted)
        if subset.is_empty:
            raise InvalidInvocationError(
                f"The range '{text}' holds no partition: '{last}' comes before '{first}'.",
                mend=f"write '{last}{_RANGE}{first}'.",
            )
        return subset
    partitions_def.validate_partition_key(text, current_context())
    return partitions_def.subset_with_partition_keys([text])
