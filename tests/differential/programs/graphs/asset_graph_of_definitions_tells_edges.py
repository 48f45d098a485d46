"""The resolved asset graph knows keys, parents and children."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset(deps=[a])
    def b():
        pass

    @dg.asset
    def c(a, b):
        pass

    def names(keys):
        return sorted(key.to_user_string() for key in keys)

    graph = dg.Definitions(assets=[a, b, c]).resolve_asset_graph()
    record.value("all", names(graph.get_all_asset_keys()))
    for name in "abc":
        node = graph.get(dg.AssetKey(name))
        record.value(f"parents of {name}", names(node.parent_keys))
        record.value(f"children of {name}", names(node.child_keys))
    nodes = {node.key.to_user_string(): names(node.child_keys) for node in graph.asset_nodes}
    record.value("children by node", dict(sorted(nodes.items())))
