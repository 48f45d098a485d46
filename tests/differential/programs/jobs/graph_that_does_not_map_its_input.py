"""A graph must use its inputs."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    with record.raises("graph", contains=["x"]):

        @dg.graph
        def unused(x):
            one()
