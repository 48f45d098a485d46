"""ins for a parameter that the function has not: refused, or an order without a value."""

import dagster as dg


def program(record):
    with record.raises("asset", contains=["upp"]):

        @dg.asset(ins={"upp": dg.AssetIn("up")})
        def one(up):
            return up

    with record.raises("op", contains=["y"]):

        @dg.op(ins={"y": dg.In(int)})
        def two(x):
            return x
