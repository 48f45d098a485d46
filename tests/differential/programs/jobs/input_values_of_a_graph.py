"""input_values are the values of a graph's own inputs."""

import dagster as dg


def program(record):
    @dg.op
    def add(a, b):
        return a + b

    @dg.graph
    def sums(x, y):
        return add(x, y)

    record.value("graph", sums.execute_in_process(input_values={"x": 1, "y": 2}).output_value())
    job = sums.to_job(input_values={"x": 10, "y": 20})
    record.value("job", job.execute_in_process().output_value())
    record.value("overruled", job.execute_in_process(input_values={"x": 5}).output_value())
    with record.raises("missing", contains=["y"]):
        sums.execute_in_process(input_values={"x": 1})
    with record.raises("unknown", contains=["z"]):
        sums.execute_in_process(input_values={"x": 1, "y": 2, "z": 3})
