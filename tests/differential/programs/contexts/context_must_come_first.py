"""The context is the first parameter, by its name."""

import dagster as dg


def program(record):
    @dg.asset
    def up():
        return 1

    with record.raises("second", contains=["context"]):

        @dg.asset
        def table(up, context):
            return up

        record.value("success", dg.materialize([up, table]).success)

    @dg.asset
    def underscore(_, up):
        return up

    @dg.asset
    def prefixed(_context, up):
        return type(_context).__name__

    record.result(dg.materialize([up, underscore, prefixed]))
