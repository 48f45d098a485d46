"""Two different jobs may not share a name."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def two():
        return 2

    @dg.job(name="same")
    def first():
        one()

    @dg.job(name="same")
    def second():
        two()

    with record.raises("definitions", contains=["same"]):
        dg.Definitions.validate_loadable(dg.Definitions(jobs=[first, second]))
