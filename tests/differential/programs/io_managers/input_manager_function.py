"""@input_manager makes a loader of a function."""

import dagster as dg


def program(record):
    @dg.input_manager
    def ready(context):
        return f"loaded for {context.name}"

    @dg.asset
    def a():
        return 5

    @dg.asset(ins={"a": dg.AssetIn(input_manager_key="ready")})
    def b(a):
        return a

    record.result(dg.materialize([a, b], resources={"ready": ready}))
