"""GraphDefinition with dependencies written out."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op(out={"x": dg.Out(), "y": dg.Out()})
    def pair():
        return 2, 3

    @dg.op
    def add(a, b, c):
        return a + b + c

    @dg.op
    def total(numbers):
        return sum(numbers)

    graph = dg.GraphDefinition(
        name="explicit",
        node_defs=[one, pair, add, total],
        dependencies={
            "add": {
                "a": dg.DependencyDefinition("one"),
                "b": dg.DependencyDefinition("pair", "x"),
                "c": dg.DependencyDefinition("pair", "y"),
            },
            dg.NodeInvocation("total", alias="grand_total"): {
                "numbers": dg.MultiDependencyDefinition(
                    [dg.DependencyDefinition("add"), dg.DependencyDefinition("one")]
                )
            },
        },
    )
    record.result(graph.to_job().execute_in_process())
