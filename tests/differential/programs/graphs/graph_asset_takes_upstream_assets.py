"""A graph_asset reads its parents by the names of its parameters."""

import dagster as dg


def program(record):
    @dg.asset
    def base():
        return 4

    @dg.op
    def double(x):
        return x * 2

    @dg.op
    def add(x, y):
        return x + y

    @dg.graph_asset(ins={"raw": dg.AssetIn("base")}, group_name="sums", description="double and more")
    def summed(raw):
        return add(double(raw), raw)

    record.result(dg.materialize([base, summed]))
    record.value("group", summed.group_names_by_key)
