"""A MaterializeResult may carry the results of the asset's own checks."""

import dagster as dg


def program(record):
    @dg.asset(check_specs=[dg.AssetCheckSpec("fine", asset="table")])
    def table():
        return dg.MaterializeResult(
            metadata={"rows": 7}, check_results=[dg.AssetCheckResult(passed=True, metadata={"looked": "twice"})]
        )

    record.result(dg.materialize([table]))
