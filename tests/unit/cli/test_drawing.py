"""The drawing of a graph says what depends on what, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from orrery.cli.drawing import ASCII, UNICODE, Row, draw

Graph = dict[int, list[int]]


@st.composite
def graphs(draw_value: st.DrawFn) -> Graph:
    size = draw_value(st.integers(1, 14))
    return {
        index: sorted(draw_value(st.sets(st.integers(0, index - 1), max_size=4))) if index else []
        for index in range(size)
    }


def lines(text: list[Row]) -> list[str]:
    return [row.rails.rstrip() for row in text]


def test_a_chain_stays_in_its_column_and_has_lines() -> None:
    assert lines(draw([0, 1, 2], {1: [0], 2: [1]}, signs=ASCII)) == ["*", "|", "*", "|", "*"]


def test_a_chain_beside_a_rail_has_lines() -> None:
    assert lines(draw(list("abcd"), {"b": ["a"], "c": ["b"], "d": ["a"]})) == ["●", "├─●", "│ │", "│ ●", "●"]


def test_a_root_does_not_stand_right_below_another_asset() -> None:
    assert lines(draw([0, 1], {}, signs=ASCII)) == ["*", "", "*"]


def test_a_diamond_is_drawn_with_its_branches() -> None:
    rows = draw(list("abcd"), {"b": ["a"], "c": ["a"], "d": ["b", "c"]})
    assert lines(rows) == ["●", "├─●", "● │", "╰─┴─●"]


def test_parents_that_are_not_drawn_are_left_out() -> None:
    assert lines(draw(["b"], {"b": ["a"]}, signs=ASCII)) == ["*"]


def test_what_others_make_is_hollow() -> None:
    assert draw(["a"], {}, hollow=frozenset("a"))[0].rails == "○"


def test_an_empty_graph_has_no_lines() -> None:
    assert draw([], {}) == []


def test_a_long_chain_is_drawn_without_recursion() -> None:
    size = 5_000
    rows = draw(list(range(size)), {index: [index - 1] for index in range(1, size)})
    assert len(rows) == 2 * size - 1


@given(graphs())
def test_every_asset_stands_once_and_below_its_parents(graph: Graph) -> None:
    order = [row.index for row in draw(list(graph), graph) if row.index is not None]
    assert sorted(order) == list(graph)
    assert all(order.index(parent) < order.index(key) for key, own in graph.items() for parent in own)


@given(graphs())
def test_the_drawing_reads_back_as_the_graph(graph: Graph) -> None:
    """Who follows rails and branches by their signs finds each asset's parents, no more and no fewer."""
    assert read_back(draw(list(graph), graph, signs=UNICODE)) == {key: set(own) for key, own in graph.items()}


def read_back(rows: list[Row]) -> dict[int, set[int]]:
    """Read a drawing as a person does: down the rails, and along the branches to the mark. Marks that touch say nothing."""
    found: dict[int, set[int]] = {}
    above: dict[int, int] = {}  # by place: the asset whose mark or rail stands there
    mark_above = -1
    for row in rows:
        cells = row.rails
        below: dict[int, int] = {}
        for at, sign in enumerate(cells):
            if (at != row.mark or row.index is None) and sign in "│├┼":
                below[at] = above[at]
        if row.index is not None:
            parents = {above[at] for at, sign in enumerate(cells[: row.mark]) if sign in "├╰┼┴"}
            if not parents and row.mark in above and row.mark != mark_above:
                parents = {above[row.mark]}
            found[row.index] = parents
            below[row.mark] = row.index
        above = below
        mark_above = row.mark if row.index is not None else -1
    return found
