"""An AssetSpec among the assets is a parent that nobody runs."""

import dagster as dg


def program(record):
    external = dg.AssetSpec("external_table", group_name="outside", description="made elsewhere")

    @dg.asset(deps=[external])
    def child():
        return 1

    record.result(dg.materialize([external, child]))
    graph = dg.Definitions(assets=[external, child]).resolve_asset_graph()
    record.value("keys", sorted(k.to_user_string() for k in graph.get_all_asset_keys()))
