"""Graphs and jobs are run, not called; a node that feeds itself is refused where the graph is made."""

import dagster as dg


def program(record):
    @dg.op
    def one(x):
        return x

    @dg.graph
    def inner(x):
        return one(x)

    @dg.job
    def small():
        inner()

    with record.raises("graph", contains=["'inner'", "outside of a composition function"]):
        inner(1)
    with record.raises("job", contains=["'small'", "directly"]):
        small()
    with record.raises("cycle", contains=["one"]):
        dg.GraphDefinition(name="circle", node_defs=[one], dependencies={"one": {"x": dg.DependencyDefinition("one")}})
