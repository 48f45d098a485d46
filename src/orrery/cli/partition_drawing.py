"""
The partitions of an asset as a picture of text: a calendar, a grid, or a bar.

Each sign stands for one partition, or for several where there are too many: ``#`` made, ``!`` failed, ``~`` in
progress, ``.`` missing, ``+`` partly made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from orrery.cli.text import cut, one_line
from orrery.model.partitions.keys import PartitionKeyRange
from orrery.model.partitions.multi import MultiPartitionsDefinition
from orrery.model.partitions.time_window import TimeWindowPartitionsDefinition

__all__ = ["LEGEND", "drawing", "ranges_by_state"]

LEGEND = "# made  + partly  ! failed  ~ in progress  . missing"

_SIGNS = {"made": "#", "failed": "!", "in progress": "~", "missing": "."}
_WIDTH = 60
_LINE = 31
_ROWS = 60
_NAME = 24


def drawing(partitions_def: object, states: Mapping[str, str]) -> list[str]:
    """
    Return lines that show how each partition stands.

    Args:
        partitions_def: How the asset is cut.
        states: How each partition stands, in order: made, failed, in progress or missing.

    >>> from orrery.model.partitions.static import StaticPartitionsDefinition
    >>> drawing(StaticPartitionsDefinition(["a", "b", "c"]), {"a": "made", "b": "missing", "c": "failed"})
    ['#.!']
    """
    rows: list[tuple[str, list[str]]] | None = None
    if isinstance(partitions_def, MultiPartitionsDefinition):
        rows = _grid(partitions_def, states)
    elif isinstance(partitions_def, TimeWindowPartitionsDefinition):
        rows = _calendar(states)
    if rows is None or len(rows) > _ROWS or len(rows) < 2:
        return [_bar(list(states.values()))] if states else []
    width = max(len(name) for name, _ in rows)
    return [f"{name.ljust(width)}  {_bar(row)}" for name, row in rows]


def _calendar(states: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return a row for each month of days, each day of hours, each year of months or weeks, by how keys are written."""
    for length in (4, 7, 10):  # as 2013, 2013-01, 2013-01-01
        found = [(name, list(group)) for name, group in groupby(states.items(), key=lambda item: item[0][:length])]
        if all(len(group) <= _LINE for _, group in found):
            return [(name, [state for _, state in group]) for name, group in found]
    return []


def _grid(partitions_def: MultiPartitionsDefinition, states: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return a row for each key of the shortest dimension; along it lie the others."""
    definitions = partitions_def.partitions_defs
    sizes = [each.partitions_def.get_num_partitions() for each in definitions]
    down = sizes.index(min(sizes))
    rows: dict[str, list[str]] = {}
    for key, state in states.items():
        parts = partitions_def.parts_of(key)
        if parts is not None:
            rows.setdefault(parts[down], []).append(state)
    return [(cut(one_line(name), _NAME), row) for name, row in rows.items()]


def _bar(states: Sequence[str]) -> str:
    if len(states) <= _WIDTH:
        return "".join(_SIGNS[state] for state in states)
    ends = [len(states) * place // _WIDTH for place in range(_WIDTH + 1)]
    return "".join(_sign(set(states[start:end])) for start, end in pairwise(ends))


def _sign(states: set[str]) -> str:
    for state in ("failed", "in progress"):
        if state in states:
            return _SIGNS[state]
    return _SIGNS[next(iter(states))] if len(states) == 1 else "+"


def ranges_by_state(states: Iterable[tuple[str, str]]) -> dict[str, list[PartitionKeyRange]]:
    """
    Return the longest ranges of neighbours that stand alike, by how they stand.

    >>> ranges_by_state([("a", "made"), ("b", "made"), ("c", "missing")])["made"]
    [PartitionKeyRange(start='a', end='b')]
    """
    return {state: [] for state in _SIGNS} | alike(states)


def alike(states: Iterable[tuple[str, str]]) -> dict[str, list[PartitionKeyRange]]:
    """Return the longest ranges of neighbours that stand alike, by how they stand; states of none are left out."""
    found: dict[str, list[PartitionKeyRange]] = {}
    for state, group in groupby(states, key=lambda item: item[1]):
        keys = [key for key, _ in group]
        found.setdefault(state, []).append(PartitionKeyRange(keys[0], keys[-1]))
    return found
