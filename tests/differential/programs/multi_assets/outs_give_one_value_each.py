"""A multi_asset with outs returns one value per output, in their order."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut(key=["deep", "two"], group_name="twos")})
    def pair():
        return 1, 2

    @dg.asset(ins={"two": dg.AssetIn(["deep", "two"])})
    def total(one, two):
        return one + two

    record.result(dg.materialize([pair, total]))
    record.value("groups", pair.group_names_by_key)
