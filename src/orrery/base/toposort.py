"""
The order of graphs.

All of it is iterative and linear in nodes and edges (a chain of a million nodes is no deeper than
one of two), and stable: among the nodes whose parents are done, the one that was given first comes
first. :func:`order_indices` and its kin work on integers, for values that keep their graph in
arrays; :func:`toposort` and its kin take any hashable names.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

from orrery.base.errors import CyclicDependencyError

__all__ = [
    "children_of",
    "cycle_error",
    "find_cycle",
    "level_indices",
    "order_indices",
    "reach",
    "toposort",
    "toposort_flatten",
]

Name = TypeVar("Name", bound=Hashable)


def children_of(parents: Sequence[Iterable[int]]) -> list[list[int]]:
    """
    Return the children of each node, in ascending order.

    >>> children_of([(), (0,), (0, 1)])
    [[1, 2], [2], []]
    """
    children: list[list[int]] = [[] for _ in parents]
    for child, its_parents in enumerate(parents):
        for parent in its_parents:
            children[parent].append(child)
    return children


def order_indices(
    parents: Sequence[Sequence[int]],
    *,
    children: Sequence[Sequence[int]] | None = None,
    name_of: Callable[[int], str] = str,
    noun: str = "node",
) -> list[int]:
    """
    Return all nodes, each after its parents: the least such order by the numbers of the nodes.

    Nodes that are given in a possible order keep it, and cost one look at each edge.

    Args:
        parents: The parents of node 0, 1, 2, ...; each parent named once.
        children: The reverse, if it is known already.
        name_of: How a node is shown in an error.
        noun: What a node is called in an error.

    Raises:
        CyclicDependencyError: The graph runs into itself; ``members`` are those of one cycle.

    >>> order_indices([(2,), (), ()])
    [1, 2, 0]
    """
    for node, its_parents in enumerate(parents):
        if its_parents and max(its_parents) >= node:
            break
    else:
        return list(range(len(parents)))
    if children is None:
        children = children_of(parents)
    missing = [len(its_parents) for its_parents in parents]
    ready = [node for node, count in enumerate(missing) if not count]
    heapify(ready)
    order: list[int] = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for child in children[node]:
            missing[child] -= 1
            if not missing[child]:
                heappush(ready, child)
    if len(order) < len(parents):
        raise cycle_error([name_of(node) for node in find_cycle(parents) or ()], noun=noun)
    return order


def level_indices(parents: Sequence[Sequence[int]], order: Iterable[int]) -> list[list[int]]:
    """
    Return the nodes by level: a node stands one level below the lowest of its parents.

    Args:
        parents: The parents of each node.
        order: All nodes, each after its parents; kept within a level.

    >>> level_indices([(), (0,), (), (0, 1)], [0, 1, 2, 3])
    [[0, 2], [1], [3]]
    """
    level_of = [0] * len(parents)
    levels: list[list[int]] = []
    for node in order:
        level = 0
        for parent in parents[node]:
            if level_of[parent] >= level:
                level = level_of[parent] + 1
        level_of[node] = level
        if level == len(levels):
            levels.append([])
        levels[level].append(node)
    return levels


def reach(neighbours: Sequence[Iterable[int]], start: Iterable[int], *, depth: int | None = None) -> set[int]:
    """
    Return *start* and everything that can be reached from it in at most *depth* steps (None: any).

    >>> sorted(reach([(), (0,), (1,), (2,)], [3], depth=2))
    [1, 2, 3]
    """
    seen = set(start)
    front = list(seen)
    steps = 0
    while front and (depth is None or steps < depth):
        steps += 1
        next_front = []
        for node in front:
            for neighbour in neighbours[node]:
                if neighbour not in seen:
                    seen.add(neighbour)
                    next_front.append(neighbour)
        front = next_front
    return seen


def find_cycle(parents: Sequence[Iterable[int]]) -> list[int] | None:
    """
    Return the members of one cycle, each before the one that depends on it, or None.

    The cycle begins with its least member.

    >>> find_cycle([(1,), (2,), (0,)])
    [0, 2, 1]
    >>> find_cycle([(), (0,)]) is None
    True
    """
    unseen, open_, done = 0, 1, 2
    state = bytearray(len(parents))
    for root in range(len(parents)):
        if state[root] != unseen:
            continue
        state[root] = open_
        path = [root]
        pending = [iter(parents[root])]
        while pending:
            for parent in pending[-1]:
                if state[parent] == open_:
                    cycle = path[path.index(parent) :][::-1]
                    least = cycle.index(min(cycle))
                    return cycle[least:] + cycle[:least]
                if state[parent] == unseen:
                    state[parent] = open_
                    path.append(parent)
                    pending.append(iter(parents[parent]))
                    break
            else:
                state[path.pop()] = done
                pending.pop()
    return None


def cycle_error(members: Sequence[str], *, noun: str) -> CyclicDependencyError:
    """Return the error that tells of one cycle of *members*, each before the one that depends on it."""
    shown = [f"'{member}'" for member in members]
    if len(shown) > 12:
        shown = [*shown[:6], f"... {len(shown) - 11} more ...", *shown[-5:]]
    if len(members) == 1:
        what = f"The {noun} {shown[0]} depends on itself."
        mend = f"take {shown[0]} out of its own dependencies."
    else:
        what = f"The {noun}s run into themselves: {' -> '.join([*shown, shown[0]])}."
        mend = f"take one of these {len(members)} dependencies away; each {noun} needs the one before it."
    return CyclicDependencyError(what, mend=mend, members=members)


def toposort(
    parents: Mapping[Name, Iterable[Name]], sort_key: Callable[[Name], Any] | None = None, *, noun: str = "node"
) -> list[list[Name]]:
    """
    Return the names by level: each stands one level below the lowest of its parents.

    Args:
        parents: The parents of each name. A parent that is no key has no parents itself.
        sort_key: Order within a level; by default that of *parents*.
        noun: What a name is called in an error.

    Raises:
        CyclicDependencyError: The graph runs into itself.

    >>> toposort({"c": ["a", "b"], "b": ["a"], "a": []})
    [['a'], ['b'], ['c']]
    """
    names, edges = _numbered(parents, sort_key)
    order = order_indices(edges, name_of=lambda node: str(names[node]), noun=noun)
    levels = level_indices(edges, order)
    return [[names[node] for node in sorted(level)] for level in levels]


def toposort_flatten(
    parents: Mapping[Name, Iterable[Name]], sort_key: Callable[[Name], Any] | None = None, *, noun: str = "node"
) -> list[Name]:
    """
    Return the names, each after its parents; among those that are free, in the order of *sort_key*.

    Args:
        parents: The parents of each name. A parent that is no key has no parents itself.
        sort_key: Which of two free names comes first; by default the one that *parents* has first.
        noun: What a name is called in an error.

    Raises:
        CyclicDependencyError: The graph runs into itself.

    >>> toposort_flatten({"c": ["a"], "b": [], "a": []})
    ['b', 'a', 'c']
    """
    names, edges = _numbered(parents, sort_key)
    return [names[node] for node in order_indices(edges, name_of=lambda node: str(names[node]), noun=noun)]


def _numbered(
    parents: Mapping[Name, Iterable[Name]], sort_key: Callable[[Name], Any] | None
) -> tuple[list[Name], list[list[int]]]:
    edges = {name: dict.fromkeys(its_parents) for name, its_parents in parents.items()}
    every = dict.fromkeys(edges)
    for its_parents in edges.values():
        every.update(its_parents)
    names = list(every) if sort_key is None else sorted(every, key=sort_key)
    number = {name: index for index, name in enumerate(names)}
    return names, [[number[parent] for parent in edges.get(name, ())] for name in names]
