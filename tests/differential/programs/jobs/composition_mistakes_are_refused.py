"""Mistakes inside of a @job or @graph function."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def double(x):
        return x * 2

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair():
        return 1, 2

    with record.raises("plain value", contains=["double"]):

        @dg.job
        def plain():
            double(5)

    with record.raises("too many arguments", contains=["one"]):

        @dg.job
        def many():
            one(one())

    with record.raises("all outputs for one input", contains=["double"]):

        @dg.job
        def outputs():
            double(pair())

    with record.raises("unknown input", contains=["double"]):

        @dg.job
        def unknown():
            double(y=one())

    with record.raises("the same alias twice", contains=["same"]):

        @dg.job
        def twice():
            one.alias("same")()
            one.alias("same")()

    with record.raises("result that is no output"):

        @dg.graph
        def returns():
            one()
            return 5

    with record.raises("op without a call", contains=["one"]):

        @dg.job
        def uncalled():
            double(one)

    with record.raises("missing input", contains=["x"]):

        @dg.job
        def missing():
            double()

        missing.execute_in_process()
