"""The asset graph: keys in order, neighbours, stubs, and what it refuses."""

from datetime import date

import pytest

from orrery.base.errors import CyclicDependencyError, DuplicateDefinitionError, UnknownAssetError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetCheckNode, AssetNode


def node(name: str, *parents: str, **more: object) -> AssetNode:
    """Return a node that the project makes."""
    return AssetNode(
        **{
            "key": AssetKey.from_user_string(name),
            "parent_keys": tuple(AssetKey.from_user_string(parent) for parent in parents),
            "is_materializable": True,
            **more,
        }
    )


def keys(*names: str) -> tuple[AssetKey, ...]:
    """Return keys from names."""
    return tuple(AssetKey.from_user_string(name) for name in names)


def check(asset: str, name: str, **more: object) -> AssetCheckNode:
    """Return a check."""
    return AssetCheckNode(key=AssetCheckKey(AssetKey(asset), name), **more)


def test_assets_come_after_their_parents_and_otherwise_as_given() -> None:
    """The order is stable."""
    graph = AssetGraph([node("c", "b"), node("x"), node("b", "a"), node("a")])
    assert graph.assets == keys("x", "a", "b", "c")


def test_the_program_of_a_graph_printed_before_a_run() -> None:
    """Keys iterate, are taken as keys again, and give their parents."""
    graph = AssetGraph.from_assets([AssetSpec("a"), AssetSpec("b", deps=["a"]), AssetSpec("c", deps=["b"])])
    lines = [
        f"{asset.to_user_string()} ← {[p.to_user_string() for p in graph.get_parents(AssetKey(asset))]}"
        for asset in graph.assets
    ]
    assert lines == ["a ← []", "b ← ['a']", "c ← ['b']"]


def test_neighbours_are_seen_from_both_ends() -> None:
    """Parents as the definition names them, children as they are given."""
    graph = AssetGraph([node("a"), node("b"), node("d", "b", "a"), node("c", "a")])
    assert graph.get_parents("d") == keys("b", "a")
    assert graph.get_children("a") == keys("d", "c")
    assert graph.asset_dep_graph["upstream"][AssetKey("d")] == set(keys("a", "b"))
    assert graph.asset_dep_graph["downstream"][AssetKey("c")] == set()


def test_ancestors_and_descendants_reach_to_a_depth() -> None:
    """Without a depth they reach to the ends."""
    graph = AssetGraph([node("a"), node("b", "a"), node("c", "b")])
    assert graph.get_ancestors("c") == set(keys("a", "b"))
    assert graph.get_ancestors("c", depth=1, include_self=True) == set(keys("b", "c"))
    assert graph.get_descendants("a") == set(keys("b", "c"))
    assert graph.roots == keys("a")
    assert graph.leaves == keys("c")


def test_an_unknown_parent_becomes_an_external_stub() -> None:
    """It stands before all that need it and is marked."""
    graph = AssetGraph([node("b", "raw"), node("a", "raw")])
    stub = graph.get("raw")
    assert graph.assets == keys("raw", "b", "a")
    assert stub.is_auto_created_stub
    assert stub.is_external
    assert graph.external_asset_keys == set(keys("raw"))
    assert graph.materializable_asset_keys == set(keys("a", "b"))


def test_a_strict_graph_refuses_an_unknown_parent_and_tells_the_nearest_name() -> None:
    """The asset that needs it and its place are told."""
    with pytest.raises(UnknownAssetError, match=r"Asset 'report' \(r.py:7\) depends on asset 'order'") as caught:
        AssetGraph([node("orders"), node("report", "order", source=("r.py", 7))], strict=True)
    assert "write 'orders'" in str(caught.value)


def test_a_graph_strict_on_inputs_lets_other_parents_be_unknown() -> None:
    """What is only waited for may be elsewhere; what is loaded may not."""
    waits = node("report", "elsewhere")
    assert AssetGraph([waits], strict="inputs").has(AssetKey("elsewhere"))
    loads = node("report", "elsewhere", input_keys=keys("elsewhere"))
    with pytest.raises(UnknownAssetError):
        AssetGraph([loads], strict="inputs")


def test_two_assets_of_one_key_are_refused_with_both_places() -> None:
    """Whoever reads the error can go to either."""
    with pytest.raises(DuplicateDefinitionError, match=r"Asset 'a' is defined twice: at one.py:3 and at two.py:4"):
        AssetGraph([node("a", source=("one.py", 3)), node("a", source=("two.py", 4))])


def test_specs_remember_where_they_were_written() -> None:
    """Two specs of one key are told apart by file and line."""
    with pytest.raises(DuplicateDefinitionError, match=r"at .*test_graph\.py:\d+ and at .*test_graph\.py:\d+"):
        AssetGraph.from_assets(
            [
                AssetSpec("a"),
                AssetSpec("a"),
            ]
        )


def test_two_checks_of_one_name_on_one_asset_are_refused() -> None:
    """The same name on another asset is another check."""
    AssetGraph([], [check("a", "c"), check("b", "c")])
    with pytest.raises(DuplicateDefinitionError, match="Asset check 'a:c' is defined twice"):
        AssetGraph([], [check("a", "c"), check("a", "c")])


def test_a_circle_is_refused_with_its_members() -> None:
    """All members are named, nobody else."""
    with pytest.raises(CyclicDependencyError) as caught:
        AssetGraph([node("x"), node("a", "c", "x"), node("b", "a"), node("c", "b")])
    assert caught.value.members == ("a", "b", "c")


def test_an_asset_without_partitions_cannot_need_itself() -> None:
    """The place is told."""
    with pytest.raises(CyclicDependencyError, match=r"Asset 'a' \(f.py:2\) depends on itself"):
        AssetGraph([node("a", "a", source=("f.py", 2))])


def test_an_asset_with_partitions_may_need_its_own_earlier_ones() -> None:
    """The edge to itself is no neighbour and no circle."""
    graph = AssetGraph([node("a", "a", partitions_def=date)])
    assert graph.get_parents("a") == ()
    assert graph.get("a").has_self_dependency
    assert graph.assets == keys("a")


def test_asking_for_an_unknown_asset_tells_the_nearest_name() -> None:
    """Every lookup by key does."""
    graph = AssetGraph([node("orders")])
    for ask in (graph.get, graph.get_parents, graph.get_children, graph.get_ancestors):
        with pytest.raises(UnknownAssetError, match="write 'orders'"):
            ask("order")


def test_asking_for_an_unknown_check_tells_the_nearest_name() -> None:
    """As for assets."""
    with pytest.raises(UnknownAssetError, match="write 'orders:not_null'"):
        AssetGraph([node("orders")], [check("orders", "not_null")]).get_check(AssetCheckKey("orders", "notnull"))


def test_levels_are_sorted_and_checks_stand_below_what_they_read() -> None:
    """A check of 'a' that also reads 'b' stands below both."""
    graph = AssetGraph([node("b", "a"), node("a"), node("0")], [check("a", "c", additional_dep_keys=keys("b"))])
    assert graph.toposorted_asset_keys_by_level == [set(keys("0", "a")), set(keys("b"))]
    assert graph.toposorted_asset_keys == list(keys("0", "a", "b"))
    assert graph.toposorted_entity_keys_by_level[-1] == [AssetCheckKey("a", "c")]


def test_groups_tags_and_partitions_are_asked_by_value() -> None:
    """Partitions definitions are compared by value, each told once."""
    graph = AssetGraph(
        [node("a", group_name="g", partitions_def="daily"), node("b", partitions_def="daily", is_materializable=False)]
    )
    assert graph.all_group_names == {"g", "default"}
    assert graph.asset_keys_for_group("g") == set(keys("a"))
    assert graph.asset_keys_for_group("default", require_materializable=True) == set()
    assert graph.all_partitions_defs == ["daily"]
    assert graph.asset_keys_for_partitions_def("daily") == set(keys("a", "b"))


def test_roots_of_what_is_made_look_past_external_assets() -> None:
    """An external asset between two made ones does not make the lower one a root."""
    graph = AssetGraph([node("a"), node("e", "a", is_materializable=False), node("b", "e")])
    assert graph.root_materializable_asset_keys == set(keys("a"))
    assert graph.get_materializable_roots(AssetKey("b")) == set(keys("a"))
    assert not graph.has_materializable_parents(AssetKey("b"))


def test_what_runs_together_is_found_from_any_member() -> None:
    """Assets and checks under one mark belong together; others stand alone."""
    graph = AssetGraph(
        [node("a", execution_set=1), node("b", execution_set=1), node("c")], [check("a", "k", execution_set=1)]
    )
    together = {*keys("a", "b"), AssetCheckKey("a", "k")}
    assert graph.get_execution_set_asset_and_check_keys(AssetKey("b")) == together
    assert graph.get_execution_set_asset_and_check_keys(AssetKey("c")) == set(keys("c"))
    assert graph.with_required_neighbors(keys("a", "c")) == set(keys("a", "b", "c"))


def test_keys_are_sorted_as_the_graph_has_them() -> None:
    """Any collection comes back in the order of the graph."""
    graph = AssetGraph([node("c", "b"), node("b", "a"), node("a")])
    assert graph.sort_keys(set(keys("c", "a", "b"))) == list(keys("a", "b", "c"))


@pytest.mark.parametrize("shape", ["chain", "reversed chain", "fan"])
def test_a_graph_of_a_hundred_thousand_assets_is_built_and_walked(shape: str) -> None:
    """No recursion, and every asset is reached."""
    size = 100_000
    names = [AssetKey(f"a{number}") for number in range(size)]
    if shape == "fan":
        nodes = [AssetNode(key=key, parent_keys=(names[0],) if key is not names[0] else ()) for key in names]
    else:
        nodes = [AssetNode(key=key, parent_keys=(names[n - 1],) if n else ()) for n, key in enumerate(names)]
    graph = AssetGraph(reversed(nodes) if shape == "reversed chain" else nodes)
    assert graph.assets[0] == names[0]
    assert len(graph.get_descendants(names[0])) == size - 1


def test_a_node_says_how_it_is_run() -> None:
    """Made, observed, or neither."""
    assert node("a").execution_type == "MATERIALIZATION"
    assert node("a", is_materializable=False, is_observable=True).execution_type == "OBSERVATION"
    assert node("a", is_materializable=False).execution_type == "UNEXECUTABLE"
    assert node("a", is_materializable=False, is_observable=True).is_executable


def test_a_node_that_the_graph_gives_knows_its_children() -> None:
    """One and the same node at every call, and as the public list gives it."""
    graph = AssetGraph([node("a"), node("d", "a"), node("c", "a")])
    assert graph.get("a").child_keys == keys("d", "c")
    assert graph.get("a") is graph.get("a") is next(each for each in graph.asset_nodes if each.key == AssetKey("a"))
