"""Dependencies on what is not there are refused."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def double(x):
        return x * 2

    with record.raises("unknown op", contains=["zero"]):
        dg.GraphDefinition(
            name="a", node_defs=[one, double], dependencies={"double": {"x": dg.DependencyDefinition("zero")}}
        )
    with record.raises("unknown output", contains=["rseult"]):
        dg.GraphDefinition(
            name="b", node_defs=[one, double], dependencies={"double": {"x": dg.DependencyDefinition("one", "rseult")}}
        )
    with record.raises("unknown input", contains=["y"]):
        dg.GraphDefinition(
            name="c", node_defs=[one, double], dependencies={"double": {"y": dg.DependencyDefinition("one")}}
        )
    with record.raises("cycle"):
        dg.GraphDefinition(
            name="d",
            node_defs=[double],
            dependencies={
                dg.NodeInvocation("double", alias="left"): {"x": dg.DependencyDefinition("right")},
                dg.NodeInvocation("double", alias="right"): {"x": dg.DependencyDefinition("left")},
            },
        )
