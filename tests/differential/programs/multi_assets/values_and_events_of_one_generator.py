"""A generator may mix outputs, observations and checks of its assets."""

import dagster as dg


def program(record):
    @dg.multi_asset(
        outs={"table": dg.AssetOut()},
        check_specs=[dg.AssetCheckSpec("not_empty", asset="table")],
    )
    def made(context):
        context.log_event(dg.AssetObservation(asset_key="elsewhere", metadata={"seen": True}))
        yield dg.Output([1, 2], output_name="table")
        yield dg.AssetCheckResult(passed=True, asset_key="table", check_name="not_empty")

    record.result(dg.materialize([made]))
