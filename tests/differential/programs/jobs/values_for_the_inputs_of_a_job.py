"""input_values feeds the inputs of a job; what is missing or unknown is refused."""

import dagster as dg


def program(record):
    @dg.op
    def add(a: int, b: int) -> int:
        return a + b

    @dg.job
    def summed(a, b):
        add(a, b)

    record.value("sum", summed.execute_in_process(input_values={"a": 1, "b": 2}).output_for_node("add"))
    mixed = summed.execute_in_process(input_values={"a": 1}, run_config={"inputs": {"b": {"value": 5}}})
    record.value("mixed", mixed.output_for_node("add"))
    with record.raises("missing"):
        summed.execute_in_process(input_values={"a": 1})
    with record.raises("unknown"):
        summed.execute_in_process(input_values={"a": 1, "b": 2, "c": 3})

    @dg.graph
    def whole(a):
        return add(a, a)

    result = whole.execute_in_process(input_values={"a": 4})
    record.value("graph", [result.output_value(), result.output_for_node("add")])
