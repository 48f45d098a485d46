"""Definitions.merge joins, and refuses two values for one resource."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b():
        return 2

    one = dg.Definitions(assets=[a], resources={"x": 1})
    two = dg.Definitions(assets=[b], resources={"y": 2}, jobs=[dg.define_asset_job("j")])
    merged = dg.Definitions.merge(one, two)
    graph = merged.resolve_asset_graph()
    record.value("keys", sorted(key.to_user_string() for key in graph.get_all_asset_keys()))
    record.value("resources", sorted(merged.resources))
    record.value("job", merged.resolve_job_def("j").name)
    with record.raises("conflict", contains=["x"]):
        dg.Definitions.merge(one, dg.Definitions(resources={"x": 5}))
