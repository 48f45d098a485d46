"""The graph for Mermaid and Graphviz: any text may be a name, and none may break out of its label."""

from hypothesis import given
from hypothesis import strategies as st

from orrery.base.keys import AssetKey
from orrery.cli.graph_languages import dot_text, mermaid_text
from orrery.model.assets.graph import AssetGraph
from orrery.model.assets.node import AssetNode


def graph_of(name: str, group: str = "default") -> AssetGraph:
    above = AssetNode(key=AssetKey([name]), group_name=group, is_materializable=True)
    return AssetGraph([above, AssetNode(key=AssetKey("below"), parent_keys=(above.key,))])


def test_mermaid_tells_nodes_groups_and_edges() -> None:
    graph = graph_of("orders", "raw")
    assert mermaid_text(graph, graph.assets) == [
        "graph LR",
        '  subgraph g0["raw"]',
        '    a0["orders"]',
        "  end",
        '  a1(["below"])',
        "  a0 --> a1",
    ]


def test_dot_tells_nodes_groups_and_edges() -> None:
    graph = graph_of("orders", "raw")
    assert dot_text(graph, graph.assets)[3:] == [
        "  subgraph cluster_0 {",
        '    label="raw";',
        '    a0 [label="orders"];',
        "  }",
        '  a1 [label="below", style=dashed];',
        "  a0 -> a1;",
        "}",
    ]


def test_edges_to_what_is_not_shown_are_left_out() -> None:
    graph = graph_of("orders")
    assert not [line for line in mermaid_text(graph, [AssetKey("below")]) if "-->" in line]


@given(st.text(min_size=1, max_size=20))
def test_no_name_breaks_out_of_its_label(name: str) -> None:
    graph = graph_of(name)
    lines = mermaid_text(graph, graph.assets)
    assert len(lines) == 4
    assert lines[1].count('"') == 2
    dot = dot_text(graph, graph.assets)
    assert len(dot) == 7
    label = dot[3].removeprefix("  a0 [label=").removesuffix("];")
    unescaped = label[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in unescaped
    assert "\\" not in unescaped
