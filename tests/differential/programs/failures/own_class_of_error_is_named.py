"""The class of the user's own error is told."""

import dagster as dg


class OutOfMilkError(Exception):
    pass


def program(record):
    @dg.asset
    def bad():
        raise OutOfMilkError("two bottles short")

    record.result(dg.materialize([bad], raise_on_error=False))
    with record.raises("raised", contains=["two bottles short"]):
        dg.materialize([bad])
