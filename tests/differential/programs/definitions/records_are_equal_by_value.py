"""What is declared alike is equal, and a copy with changes is made by name."""

import dagster as dg


def program(record):
    def same(name, *made):
        record.value(name, [one == other for one in made for other in made])

    same("in", dg.In(int), dg.In(int), dg.In(str), dg.In(), dg.In(default_value=1), dg.In(description="d"))
    same("out", dg.Out(int), dg.Out(int), dg.Out(), dg.Out(io_manager_key="a"), dg.Out(is_required=False))
    same("dynamic out", dg.DynamicOut(int), dg.DynamicOut(int), dg.DynamicOut())
    same("graph in", dg.GraphIn(), dg.GraphIn())
    same("graph out", dg.GraphOut(), dg.GraphOut(), dg.GraphOut("a"))
    names = {"graph_input_name": "a", "mapped_node_name": "b", "mapped_node_input_name": "c"}
    same("input mapping", dg.InputMapping(**names), dg.InputMapping(**names), dg.InputMapping(**names, fan_in_index=1))
    same(
        "output mapping",
        dg.OutputMapping("a", "b", "c"),
        dg.OutputMapping("a", "b", "c"),
        dg.OutputMapping("a", "b", "d"),
    )
    same(
        "shape",
        dg.Shape({"a": int}),
        dg.Shape({"a": int}),
        dg.Shape({"a": str}),
        dg.Shape({"a": dg.Field(int, description="d")}),
        dg.Shape({"a": dg.Field(int, is_required=False)}),
        dg.Shape({"a": dg.Field(int, default_value=1)}),
        dg.Shape({"a": dg.Field(int, default_value=2)}),
        dg.Shape({"a": dg.Shape({"b": int})}),
        dg.Shape({"a": dg.Shape({"b": int})}),
        dg.Permissive({"a": int}),
        dg.Permissive({"a": int}),
        dg.Selector({"a": int}),
        dg.Selector({"a": int}),
    )
    record.value("once in a set", len({dg.Shape({"a": int}), dg.Shape({"a": int}), dg.Shape({"b": int})}))

    request = dg.RunRequest("k", tags={"a": "b"})
    record.value("request", [request._replace(tags={}).tags, request._replace(tags={}).run_key, request.tags])
    record.value("spec", dg.AssetSpec("a", description="d")._replace(group_name="g").description)
    record.value("policy", dg.RetryPolicy(max_retries=2)._replace(delay=1.5).delay)
    record.value("policy as a dict", dg.RetryPolicy(max_retries=2)._asdict())
    record.value("skip as a dict", dg.SkipReason("why")._asdict())
    told = dg.AssetMaterialization("a", metadata={"x": 1})
    record.metadata("materialization", told._replace(partition="p").metadata)
    record.value("partition", [told._replace(partition="p").partition, told.partition])
    record.value("dependency", dg.AssetDep("a")._replace(asset_key=dg.AssetKey("b")).asset_key)
    record.value("asset in", dg.AssetIn("a")._replace(metadata={"b": 1}).metadata)
    record.value("result", dg.MaterializeResult("a")._replace(metadata={"a": 1}).metadata)
    record.value("check result", dg.AssetCheckResult(passed=True)._replace(passed=False).passed)
    record.value("sensor result", dg.SensorResult(cursor="a")._replace(cursor="b").cursor)
    record.value("check spec", dg.AssetCheckSpec("a", asset="b")._replace(name="c").asset_key)
    record.value("optional out", dg.Out(int)._replace(is_required=False).is_required)
