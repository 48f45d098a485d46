"""GraphDefinition with mappings written out."""

import dagster as dg


def program(record):
    @dg.op
    def double(x):
        return x * 2

    graph = dg.GraphDefinition(
        name="mapped",
        node_defs=[double],
        input_mappings=[
            dg.InputMapping(graph_input_name="value", mapped_node_name="double", mapped_node_input_name="x")
        ],
        output_mappings=[
            dg.OutputMapping(graph_output_name="twice", mapped_node_name="double", mapped_node_output_name="result")
        ],
    )
    result = graph.execute_in_process(input_values={"value": 21})
    record.value("twice", result.output_value("twice"))
