"""The order of graphs: who comes first, which level, and what is said of a circle."""

import pytest

from orrery.base.errors import CyclicDependencyError
from orrery.base.toposort import (
    children_of,
    find_cycle,
    level_indices,
    order_indices,
    reach,
    toposort,
    toposort_flatten,
)


def test_a_possible_order_is_kept() -> None:
    """Nodes that are given parents first stay where they are."""
    assert order_indices([(), (), (0,), (), (2, 1)]) == [0, 1, 2, 3, 4]


def test_among_free_nodes_the_one_given_first_comes_first() -> None:
    """The order is the least one by the numbers of the nodes."""
    assert order_indices([(4,), (), (), (1,), ()]) == [1, 2, 3, 4, 0]


def test_no_nodes_have_an_empty_order() -> None:
    """Nothing in, nothing out."""
    assert order_indices([]) == []
    assert toposort({}) == []


def test_levels_stand_one_below_the_lowest_parent() -> None:
    """A node with a parent on level 2 stands on level 3, whatever its other parents."""
    parents = [(), (0,), (1,), (2, 0), ()]
    assert level_indices(parents, order_indices(parents)) == [[0, 4], [1], [2], [3]]


def test_a_circle_is_told_with_its_members_in_order() -> None:
    """The error names one whole circle, each member before the one that needs it."""
    with pytest.raises(CyclicDependencyError) as caught:
        toposort_flatten({"a": ["c"], "b": ["a"], "c": ["b"], "d": ["a"], "e": []}, noun="asset")
    assert caught.value.members == ("a", "b", "c")
    assert "The assets run into themselves: 'a' -> 'b' -> 'c' -> 'a'." in str(caught.value)


def test_a_node_that_needs_itself_is_a_circle_of_one() -> None:
    """A circle of one member is told as what it is."""
    with pytest.raises(CyclicDependencyError, match="The op 'a' depends on itself"):
        toposort_flatten({"a": ["a"]}, noun="op")


def test_a_long_circle_is_told_in_short() -> None:
    """The message stays readable; the members are all there."""
    parents = {str(n): [str((n - 1) % 1000)] for n in range(1000)}
    with pytest.raises(CyclicDependencyError, match=r"\.\.\. 989 more \.\.\.") as caught:
        toposort_flatten(parents)
    assert len(caught.value.members) == 1000


def test_no_circle_is_found_where_there_is_none() -> None:
    """A diamond is no circle."""
    assert find_cycle([(), (0,), (0,), (1, 2)]) is None


def test_names_that_are_only_parents_are_ordered_too() -> None:
    """A parent that is no key of the mapping has no parents itself."""
    assert toposort({"b": ["a"]}) == [["a"], ["b"]]


def test_sort_key_orders_free_names() -> None:
    """The key decides between names that could both come next."""
    parents = {"z": [], "b": ["z"], "a": []}
    assert toposort_flatten(parents, sort_key=str) == ["a", "z", "b"]
    assert toposort_flatten(parents) == ["z", "b", "a"]


def test_a_parent_named_twice_counts_once() -> None:
    """Naming a parent twice does not hold a node back for ever."""
    assert toposort_flatten({"b": ["a", "a"], "a": []}) == ["a", "b"]


def test_reach_stops_at_its_depth() -> None:
    """No step reaches nothing but the start; None reaches all."""
    parents = [(), (0,), (1,), (2,)]
    assert reach(parents, [3], depth=0) == {3}
    assert reach(parents, [3], depth=1) == {3, 2}
    assert reach(parents, [3]) == {0, 1, 2, 3}


def test_children_are_the_reverse_of_parents() -> None:
    """Each edge is seen from both ends."""
    assert children_of([(), (0,), (0, 1)]) == [[1, 2], [2], []]


@pytest.mark.parametrize(
    "parents_of", [lambda n, last: (n - 1,) if n else (), lambda n, last: (n + 1,) if n < last else ()]
)
def test_a_chain_of_a_million_nodes_is_ordered(parents_of) -> None:
    """Depth costs no stack, in either direction of the numbers."""
    size = 1_000_000
    parents = [parents_of(node, size - 1) for node in range(size)]
    order = order_indices(parents)
    assert len(order) == size
    assert order[0] == (0 if parents[0] == () else size - 1)


def test_a_circle_at_the_end_of_a_long_chain_is_found() -> None:
    """Looking for a circle costs no stack either."""
    size = 200_000
    parents = [(node + 1,) for node in range(size - 2)] + [(size - 1,), (size - 2,)]
    assert find_cycle(parents) == [size - 2, size - 1]
