"""Laws of order: against a check of every pair, on any small graph."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.base.errors import CyclicDependencyError
from orrery.base.toposort import children_of, find_cycle, level_indices, order_indices, reach, toposort_flatten


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Return the parents of each node; circles may happen, a node does not need itself."""
    size = draw(st.integers(0, 9))
    return [
        draw(st.lists(st.integers(0, size - 1).filter(lambda other, node=node: other != node), unique=True, max_size=3))
        if size > 1
        else []
        for node in range(size)
    ]


@st.composite
def orderable_graphs(draw: st.DrawFn) -> list[list[int]]:
    """Return the parents of each node of a graph without circles, its nodes numbered at random."""
    size = draw(st.integers(0, 12))
    number = draw(st.permutations(range(size)))
    parents: list[list[int]] = [[] for _ in range(size)]
    for place in range(1, size):
        above = draw(st.lists(st.integers(0, place - 1), unique=True, max_size=4))
        parents[number[place]] = [number[other] for other in above]
    return parents


def ancestors(parents: list[list[int]]) -> list[set[int]]:
    """Return what is above each node, by adding until nothing is new."""
    above = [set(each) for each in parents]
    for _ in parents:
        above = [each.union(*(above[other] for other in each)) for each in above]
    return above


@given(graphs())
def test_there_is_an_order_just_when_no_node_is_above_itself(parents: list[list[int]]) -> None:
    """And if there is none, one true circle is named."""
    above = ancestors(parents)
    circular = any(node in above[node] for node in range(len(parents)))
    cycle = find_cycle(parents)
    assert (cycle is not None) == circular
    if cycle is not None:
        assert len(set(cycle)) == len(cycle)
        assert all(before in parents[after] for before, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
        with pytest.raises(CyclicDependencyError) as caught:
            order_indices(parents)
        assert [int(member) for member in caught.value.members] == cycle
    else:
        assert len(order_indices(parents)) == len(parents)


@given(orderable_graphs())
def test_the_order_is_the_least_possible_one(parents: list[list[int]]) -> None:
    """At each place stands the least node whose parents are all done."""
    done: list[int] = []
    for node in order_indices(parents):
        free = [each for each in range(len(parents)) if each not in done and set(parents[each]) <= set(done)]
        assert node == min(free)
        done.append(node)
    assert len(done) == len(parents)


@given(orderable_graphs())
def test_a_level_is_the_length_of_the_longest_way_up(parents: list[list[int]]) -> None:
    """Counted by walking every way."""

    def longest(node: int) -> int:
        return 1 + max(map(longest, parents[node]), default=-1)

    levels = level_indices(parents, order_indices(parents))
    assert {node: depth for depth, level in enumerate(levels) for node in level} == {
        node: longest(node) for node in range(len(parents))
    }


@given(orderable_graphs(), st.data())
def test_to_reach_without_end_is_to_reach_everything_above(parents: list[list[int]], data: st.DataObject) -> None:
    """And depth adds up: n steps and then m are n + m."""
    if not parents:
        return
    start = data.draw(st.sets(st.integers(0, len(parents) - 1)))
    above = ancestors(parents)
    assert reach(parents, start) == start.union(*(above[node] for node in start))
    first, second = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 4))
    assert reach(parents, reach(parents, start, depth=first), depth=second) == reach(
        parents, start, depth=first + second
    )


@given(orderable_graphs())
def test_below_is_the_reverse_of_above(parents: list[list[int]]) -> None:
    """Who is above whom does not depend on the end one looks from."""
    children = children_of(parents)
    for node in range(len(parents)):
        for other in range(len(parents)):
            assert (other in reach(parents, [node])) == (node in reach(children, [other]))


@given(orderable_graphs())
def test_names_are_ordered_as_their_numbers(parents: list[list[int]]) -> None:
    """The form for names is the form for numbers."""
    named = {f"n{node}": [f"n{parent}" for parent in its_parents] for node, its_parents in enumerate(parents)}
    assert toposort_flatten(named) == [f"n{node}" for node in order_indices(parents)]
