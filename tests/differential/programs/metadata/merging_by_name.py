"""Metadata added twice under one name: which of the two stays."""

import dagster as dg


def program(record):
    @dg.asset
    def one(context):
        context.add_output_metadata({"a": 1, "b": 1})
        return dg.Output(1, metadata={"b": 2, "c": 2})

    @dg.asset
    def two(context):
        context.add_output_metadata({"a": 1})
        context.add_output_metadata({"a": 2})
        return 1

    record.result(dg.materialize([one, two], raise_on_error=False))
