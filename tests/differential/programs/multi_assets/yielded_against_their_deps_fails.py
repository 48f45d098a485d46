"""An asset that is yielded after one that depends on it makes the step fail; what came before is kept."""

import dagster as dg


def program(record):
    specs = [dg.AssetSpec("a", skippable=True), dg.AssetSpec("b", deps=["a"]), dg.AssetSpec("c", deps=["b"])]

    @dg.multi_asset(specs=specs[:2])
    def turned():
        yield dg.MaterializeResult("b")
        yield dg.MaterializeResult("a")

    record.result(dg.materialize([turned], raise_on_error=False), "turned")

    @dg.multi_asset(specs=specs)
    def late():
        yield dg.MaterializeResult("a")
        yield dg.MaterializeResult("c")
        yield dg.MaterializeResult("b")

    record.result(dg.materialize([late], raise_on_error=False), "late")

    @dg.multi_asset(specs=specs[:2])
    def without():
        yield dg.MaterializeResult("b")

    record.result(dg.materialize([without]), "without the skippable one")

    outs = {"y": dg.AssetOut(), "x": dg.AssetOut()}

    @dg.multi_asset(outs=outs, internal_asset_deps={"y": {dg.AssetKey("x")}, "x": set()})
    def returned():
        return 1, 2

    with record.raises("returned", contains=['Asset "y" was yielded before its dependency "x".']):
        dg.materialize([returned])

    @dg.multi_asset(specs=specs[:2], can_subset=True)
    def chosen(context):
        for key in sorted(context.selected_asset_keys, reverse=True):
            yield dg.MaterializeResult(key)

    record.result(dg.materialize([chosen], selection=["b"]), "only the lower one")
