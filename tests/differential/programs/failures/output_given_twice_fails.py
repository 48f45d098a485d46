"""One output given twice fails its step."""

import dagster as dg


def program(record):
    @dg.asset
    def twice():
        yield dg.Output(1)
        yield dg.Output(2)

    record.result(dg.materialize([twice], raise_on_error=False))
