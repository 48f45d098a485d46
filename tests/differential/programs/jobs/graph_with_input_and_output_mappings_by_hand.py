"""A graph is put together of definitions alone, with mapped inputs and outputs, and used in a job."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op
    def add(a, b):
        return a + b

    inner = dg.GraphDefinition(
        "inner",
        node_defs=[add, one],
        dependencies={"add": {"b": dg.DependencyDefinition("one")}},
        input_mappings=[dg.InputMapping(graph_input_name="x", mapped_node_name="add", mapped_node_input_name="a")],
        output_mappings=[
            dg.OutputMapping(graph_output_name="sum", mapped_node_name="add", mapped_node_output_name="result")
        ],
    )
    outer = dg.GraphDefinition(
        "outer",
        node_defs=[one, inner],
        dependencies={
            dg.NodeInvocation("inner", alias="first"): {"x": dg.DependencyDefinition("one")},
            dg.NodeInvocation("inner", alias="second", tags={"a": "b"}): {"x": dg.DependencyDefinition("first", "sum")},
        },
    )
    result = outer.to_job().execute_in_process()
    record.result(result)
    record.value("second", result.output_for_node("second", "sum"))
    record.value("inside", result.output_for_node("first.add"))
    with record.raises("unknown node", contains=["nobody"]):
        dg.GraphDefinition("bad", node_defs=[add, one], dependencies={"add": {"b": dg.DependencyDefinition("nobody")}})
    with record.raises("unknown input", contains=["z"]):
        dg.GraphDefinition("bad", node_defs=[add, one], dependencies={"add": {"z": dg.DependencyDefinition("one")}})
