"""One definition that stands twice in a list, as lists that are put together hold it, is one definition."""

import dagster as dg


def program(record):
    @dg.asset
    def orders():
        return 1

    @dg.asset
    def report(orders):
        return orders + 1

    @dg.asset_check(asset=orders)
    def positive(orders):
        return dg.AssetCheckResult(passed=orders > 0)

    @dg.multi_asset(specs=[dg.AssetSpec("left"), dg.AssetSpec("right")])
    def both():
        yield dg.MaterializeResult(asset_key="left")
        yield dg.MaterializeResult(asset_key="right")

    elsewhere = dg.AssetSpec("elsewhere")
    source = dg.SourceAsset("source")
    given = [orders, report, positive, both, elsewhere, source]
    record.result(dg.materialize([*given, *reversed(given)]))
    record.value("to memory", dg.materialize_to_memory([orders, report, orders]).output_for_node("report"))
