"""A node of the asset graph says which IO manager keeps the asset, and which pools its ops take from."""

import dagster as dg


def program(record):
    @dg.asset(io_manager_key="files", pool="p")
    def orders(): ...

    @dg.op(pool="q")
    def read():
        return 1

    @dg.op(pool="r")
    def clean(value):
        return value

    @dg.graph_asset
    def cleaned():
        return clean(read())

    @dg.multi_asset(outs={"left": dg.AssetOut(io_manager_key="tables"), "right": dg.AssetOut()}, pool="z")
    def halves(): ...

    @dg.multi_asset(specs=[dg.AssetSpec("told"), dg.AssetSpec("also_told")])
    def tells(): ...

    @dg.observable_source_asset(io_manager_key="files")
    def watched(): ...

    definitions = dg.Definitions(
        assets=[
            orders,
            cleaned,
            halves,
            tells,
            watched,
            dg.SourceAsset("source", io_manager_key="files"),
            dg.AssetSpec("external").with_io_manager_key("tables"),
            dg.AssetSpec("bare"),
        ],
        resources={"files": dg.mem_io_manager, "tables": dg.mem_io_manager},
    )
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        record.value(key.to_user_string(), [node.io_manager_key, None if node.pools is None else sorted(node.pools)])
