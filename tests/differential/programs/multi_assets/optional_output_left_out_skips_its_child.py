"""An output that is not required and not given: its child is skipped."""

import dagster as dg


def program(record):
    @dg.multi_asset(outs={"always": dg.AssetOut(), "sometimes": dg.AssetOut(is_required=False)})
    def pair():
        yield dg.Output(1, output_name="always")

    @dg.asset
    def of_always(always):
        return always

    @dg.asset
    def of_sometimes(sometimes):
        return sometimes

    @dg.asset
    def of_skipped(of_sometimes):
        return of_sometimes

    record.result(dg.materialize([pair, of_always, of_sometimes, of_skipped]))
