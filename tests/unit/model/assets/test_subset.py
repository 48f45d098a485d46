"""What one run takes of a graph."""

import pytest

from orrery.base.errors import InvalidSubsetError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetCheckNode, AssetNode
from orrery.model.assets.selection import AssetSelection
from orrery.model.assets.subset import subset_to_run, with_needed_upstream


def key(name: str) -> AssetKey:
    """Return a key."""
    return AssetKey(name)


GRAPH = AssetGraph(
    [
        AssetNode(key=key("raw")),
        AssetNode(key=key("a"), parent_keys=(key("raw"),), is_materializable=True),
        AssetNode(key=key("m2"), parent_keys=(key("a"),), is_materializable=True, execution_set="m"),
        AssetNode(key=key("m1"), parent_keys=(key("a"),), is_materializable=True, execution_set="m"),
        AssetNode(key=key("z"), parent_keys=(key("m1"),), input_keys=(), is_materializable=True),
        AssetNode(key=key("seen"), is_observable=True),
    ],
    [
        AssetCheckNode(key=AssetCheckKey("m1", "c"), execution_set="m"),
        AssetCheckNode(key=AssetCheckKey("a", "c")),
    ],
)


def test_a_run_takes_assets_in_order_and_their_checks() -> None:
    """Whatever the order of the selection."""
    subset = subset_to_run(GRAPH, AssetSelection.assets("z", "m2", "m1", "a"))
    assert subset.asset_keys == (key("a"), key("m2"), key("m1"), key("z"))
    assert subset.check_keys == (AssetCheckKey("m1", "c"), AssetCheckKey("a", "c"))


def test_observable_assets_can_be_run() -> None:
    """Observing is a run too."""
    assert subset_to_run(GRAPH, "seen").asset_keys == (key("seen"),)


def test_external_assets_cannot_be_run() -> None:
    """The error names them and says how to leave them out."""
    with pytest.raises(InvalidSubsetError, match=r"job 'nightly' takes asset 'raw'.*(?s:.)*materializable"):
        subset_to_run(GRAPH, ["raw", "a"], chosen_by="The selection of job 'nightly'")


def test_a_part_of_what_runs_as_a_whole_is_refused() -> None:
    """The missing part and the mend are told."""
    with pytest.raises(InvalidSubsetError, match="takes 'm1', 'm1:c' without asset 'm2'") as caught:
        subset_to_run(GRAPH, "m1")
    assert "required_multi_asset_neighbors" in str(caught.value)


def test_a_whole_without_its_check_is_refused() -> None:
    """The check is made by the same function."""
    with pytest.raises(InvalidSubsetError, match="without check 'm1:c'"):
        subset_to_run(GRAPH, AssetSelection.assets("m1", "m2").without_checks())


def test_a_part_is_completed_if_asked() -> None:
    """The neighbours come along with their checks."""
    subset = subset_to_run(GRAPH, AssetSelection.assets("m1").without_checks(), complete=True)
    assert subset.asset_keys == (key("m2"), key("m1"))
    assert subset.check_keys == (AssetCheckKey("m1", "c"),)


def test_a_check_alone_can_be_run() -> None:
    """Without its asset, if its function stands alone."""
    subset = subset_to_run(GRAPH, AssetSelection.checks(AssetCheckKey("a", "c")))
    assert subset.asset_keys == ()
    assert subset.check_keys == (AssetCheckKey("a", "c"),)


def test_nothing_selected_is_nothing_to_run() -> None:
    """An empty subset is false."""
    assert not subset_to_run(GRAPH, "group:nowhere")


def test_what_the_chosen_need_is_pulled_in_and_told() -> None:
    """Upstream assets of the project come along, whole, and are told apart from the chosen."""
    subset = with_needed_upstream(GRAPH, subset_to_run(GRAPH, "z"))
    assert subset.asset_keys == (key("a"), key("m2"), key("m1"), key("z"))
    assert subset.pulled_in == (key("a"), key("m2"), key("m1"))


def test_only_inputs_are_followed_if_asked() -> None:
    """An edge along which no value is loaded pulls nothing in."""
    assert with_needed_upstream(GRAPH, subset_to_run(GRAPH, "z"), only_inputs=True).pulled_in == ()
