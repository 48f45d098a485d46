"""The annotation of the first parameter says which context is given."""

import dagster as dg


def program(record):
    @dg.asset
    def bare(context):
        return type(context).__name__

    @dg.asset
    def as_asset(context: dg.AssetExecutionContext):
        return type(context).__name__

    @dg.asset
    def as_op(context: dg.OpExecutionContext):
        return type(context).__name__

    @dg.asset_check(asset=bare)
    def check(context: dg.AssetCheckExecutionContext):
        return dg.AssetCheckResult(passed=True, metadata={"type": type(context).__name__})

    record.result(dg.materialize([bare, as_asset, as_op, check]))

    @dg.op
    def plain(context):
        return type(context).__name__

    @dg.job
    def small():
        plain()

    record.result(small.execute_in_process(), "job")
