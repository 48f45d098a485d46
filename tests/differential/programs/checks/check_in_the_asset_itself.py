"""check_specs on an asset: the function yields its value and the results."""

import dagster as dg


def program(record):
    @dg.asset(check_specs=[dg.AssetCheckSpec("small", asset="table"), dg.AssetCheckSpec("even", asset="table")])
    def table():
        yield dg.Output(4)
        yield dg.AssetCheckResult(check_name="small", passed=True)
        yield dg.AssetCheckResult(check_name="even", passed=False, severity=dg.AssetCheckSeverity.WARN)

    record.result(dg.materialize([table]))
