"""
Laws of assets: any graph of them, listed in any order, is made once each, after its parents, with the values of plain calls.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import orrery as og
from orrery.testing.strategies import DrawnAssets, asset_graphs


@st.composite
def listed(draw: st.DrawFn) -> tuple[DrawnAssets, list[int]]:
    """Draw a graph and the order in which somebody lists it."""
    drawn = draw(asset_graphs())
    return drawn, draw(st.permutations(range(len(drawn.members))))


@settings(max_examples=60)
@given(listed())
def test_each_asset_is_made_once_after_its_parents(case: tuple[DrawnAssets, list[int]]) -> None:
    drawn, order = case
    result = og.materialize(drawn.definitions(order))
    made = [each.asset_key for each in result.get_asset_materialization_events()]
    assert sorted(made) == sorted(drawn.parents)
    place = {key: at for at, key in enumerate(made)}
    for key, parents in drawn.parents.items():
        assert all(place[parent] < place[key] for parent in parents)
    for key, value in drawn.expected.items():
        assert result.asset_value(key) == value


@settings(max_examples=60)
@given(listed())
def test_the_asset_graph_has_the_drawn_edges(case: tuple[DrawnAssets, list[int]]) -> None:
    drawn, order = case
    graph = og.Definitions(assets=drawn.definitions(order)).resolve_asset_graph()
    assert {key: set(graph.get(key).parent_keys) for key in drawn.parents} == drawn.parents
    for key in drawn.parents:
        assert set(graph.get(key).child_keys) == {child for child, parents in drawn.parents.items() if key in parents}


@settings(max_examples=40)
@given(asset_graphs(max_size=6), st.data())
def test_a_selection_gives_the_values_of_the_whole(drawn: DrawnAssets, data: Any) -> None:
    """What is not selected is loaded from where an earlier run left it."""
    keys = list(drawn.parents)
    chosen = data.draw(st.lists(st.sampled_from(keys), unique=True, min_size=1))
    with og.Instance.ephemeral() as instance:
        og.materialize(drawn.definitions(), instance=instance)
        result = og.materialize(drawn.definitions(), instance=instance, selection=og.AssetSelection.assets(*chosen))
        made = {each.asset_key for each in result.get_asset_materialization_events()}
        assert made == set(chosen)
        assert {key: result.asset_value(key) for key in chosen} == {key: drawn.expected[key] for key in chosen}
