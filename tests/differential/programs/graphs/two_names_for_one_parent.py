"""Two inputs of one asset that name the same parent: the second finds no value."""

import dagster as dg


def program(record):
    @dg.asset
    def source():
        return 3

    @dg.asset(ins={"once": dg.AssetIn("source"), "twice": dg.AssetIn("source")})
    def both(once, twice):
        return once + twice

    with record.raises("materialize", contains=["both"]):
        dg.materialize([source, both])
