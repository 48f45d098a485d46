"""dg.AssetExecutionContext.get() gives the running context, and refuses outside of a run."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return dg.AssetExecutionContext.get().asset_key.to_user_string()

    record.result(dg.materialize([table]))
    with record.raises("outside"):
        dg.AssetExecutionContext.get()
