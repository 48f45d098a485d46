"""An external process that fails is told as the fault of the function that started it."""

import sys

import dagster as dg


def program(record):
    client = dg.PipesSubprocessClient()

    @dg.asset
    def outside(context: dg.AssetExecutionContext):
        return client.run(command=[sys.executable, "-c", "raise SystemExit(4)"], context=context).get_results()

    record.result(dg.materialize([outside], raise_on_error=False))
    with record.raises("materialize"):
        dg.materialize([outside])
