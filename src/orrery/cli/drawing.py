"""
The asset graph as a drawing in a terminal.

One line an asset, each below its upstream assets. An asset that others depend on opens a rail at its
mark; the rail runs down to the last asset that depends on it, and every such asset is joined to it by
a branch, or stands at its end::

    *    orders
    +-*  customers
    | |
    | *  letters
    *    report

A rail that a branch merely passes is left whole. Every dependency is a line: two marks that touch, one right below
the other, would say nothing, so a line stands between them. Pure: keys and edges in, lines of text out; linear but for
the width of the drawing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["ASCII", "UNICODE", "Row", "Signs", "draw"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """
    What a drawing is made of.

    Attributes:
        mark: An asset that the project makes.
        hollow: An asset that it does not make.
        rail: A rail that passes.
        line: A branch that passes.
        tee: A rail that goes on below a branch that leaves it to the right.
        elbow: A rail that ends in a branch to the right.
        cross: A rail that goes on below a branch that comes from the left and goes on to the right.
        foot: A rail that ends in a branch that comes from the left and goes on to the right.
        left_tee: A rail that goes on, joined by a branch that ends here from the left.
        left_elbow: A rail that ends in a branch from the left.
    """

    mark: str
    hollow: str
    rail: str
    line: str
    tee: str
    elbow: str
    cross: str
    foot: str
    left_tee: str
    left_elbow: str


UNICODE = Signs(
    mark="●", hollow="○", rail="│", line="─", tee="├", elbow="╰", cross="┼", foot="┴", left_tee="┤", left_elbow="╯"
)
ASCII = Signs(
    mark="*", hollow="o", rail="|", line="-", tee="+", elbow="`", cross="+", foot="'", left_tee="+", left_elbow="'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of a drawing.

    Attributes:
        index: Which of the given keys it shows; None for a line between.
        rails: The drawing, all lines equally wide.
        mark: Where in it the mark stands.
    """

    index: int | None
    rails: str
    mark: int


def draw(
    keys: Sequence[Key],
    parents: Mapping[Key, Sequence[Key]],
    *,
    hollow: frozenset[Key] = frozenset(),
    signs: Signs = UNICODE,
) -> list[Row]:
    r"""
    Return the lines of the drawing, from above to below.

    Args:
        keys: What to draw, each after its parents.
        parents: The parents of each; those that are not in *keys* are left out.
        hollow: Which of them get the hollow mark.
        signs: What to draw with.

    >>> rows = draw(["a", "b", "c"], {"b": ["a"], "c": ["a", "b"]}, signs=ASCII)
    >>> print("\n".join(f"{row.rails} {'abc'[row.index or 0]}" for row in rows))
    *     a
    +-*   b
    `-'-* c
    """
    number = {key: index for index, key in enumerate(keys)}
    above = [[number[parent] for parent in parents.get(key, ()) if parent in number] for key in keys]
    order = _order(above)
    waiting = [0] * len(keys)
    for own in above:
        for parent in own:
            waiting[parent] += 1
    rails: list[int | None] = []  # by column: whose rail stands there
    column_of: dict[int, int] = {}
    lines: list[tuple[int | None, list[str], int]] = []
    for index in order:
        own = above[index]
        for parent in own:
            waiting[parent] -= 1
        joined = sorted(column_of[parent] for parent in own)
        ending = {column_of[parent] for parent in own if not waiting[parent]}
        column = _free_column(rails, joined, ending, opens=bool(waiting[index]))
        is_end_of_rail = joined == [column] and 2 * column == lines[-1][2]
        is_below_another = not joined and bool(lines) and (not rails or _is_taken(lines[-1][1], 2 * column))
        if is_end_of_rail or is_below_another:
            lines.append((None, _cells(rails, (), set(), -1, signs), 0))
        cells = _cells(rails, joined, ending, column, signs)
        cells[2 * column] = signs.hollow if keys[index] in hollow else signs.mark
        for place in ending:
            rails[place] = None
        if waiting[index]:
            rails.extend([None] * (column + 1 - len(rails)))
            rails[column] = index
            column_of[index] = column
        while rails and rails[-1] is None:
            rails.pop()
        lines.append((index, cells, 2 * column))
    width = max((len(cells) for _, cells, _ in lines), default=0)
    return [Row(index=index, rails="".join(cells).ljust(width), mark=mark) for index, cells, mark in lines]


def _is_taken(cells: Sequence[str], at: int) -> bool:
    return at < len(cells) and cells[at] != " "


def _order(above: Sequence[Sequence[int]]) -> list[int]:
    """Return an order in which chains stay together: after an asset come, if they may, those that need it."""
    below: list[list[int]] = [[] for _ in above]
    missing = [len(own) for own in above]
    for index, own in enumerate(above):
        for parent in own:
            below[parent].append(index)
    order: list[int] = []
    stack = [index for index in reversed(range(len(above))) if not missing[index]]
    while stack:
        index = stack.pop()
        order.append(index)
        for child in reversed(below[index]):
            missing[child] -= 1
            if not missing[child]:
                stack.append(child)
    return order


def _free_column(rails: Sequence[int | None], joined: Sequence[int], ending: set[int], *, opens: bool) -> int:
    """Return where the mark stands: to the right of the rails that lead to it, in place of one that ends if it can."""
    if not joined:
        return next((place for place, owner in enumerate(rails) if owner is None), len(rails))
    if len(joined) == 1 and joined[0] in ending:
        return joined[0]
    first = joined[-1] + 1
    return next((place for place in range(first, len(rails)) if rails[place] is None), max(first, len(rails)))


def _cells(
    rails: Sequence[int | None], joined: Sequence[int], ending: set[int], column: int, signs: Signs
) -> list[str]:
    """Return the line of one asset without its mark."""
    width = max(2 * max(len(rails), column + 1) - 1, 0)
    cells = [" "] * width
    for place, owner in enumerate(rails):
        if owner is not None:
            cells[2 * place] = signs.rail
    if not joined or joined == [column]:
        return cells
    for at in range(2 * joined[0] + 1, 2 * column):
        if cells[at] == " ":
            cells[at] = signs.line
    for place in joined:
        if place == joined[0]:
            cells[2 * place] = signs.elbow if place in ending else signs.tee
        else:
            cells[2 * place] = signs.foot if place in ending else signs.cross
    return cells
