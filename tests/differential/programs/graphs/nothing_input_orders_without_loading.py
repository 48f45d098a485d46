"""An input of type Nothing orders the steps and loads no value."""

import dagster as dg


def program(record):
    @dg.asset
    def parent():
        return 1

    @dg.asset(ins={"parent": dg.AssetIn(dagster_type=dg.Nothing)})
    def child():
        return "done"

    record.result(dg.materialize([parent, child]))
