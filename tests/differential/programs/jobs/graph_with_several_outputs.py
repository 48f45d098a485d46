"""A graph names its outputs in its result."""

import dagster as dg


def program(record):
    @dg.op
    def number():
        return 3

    @dg.op
    def double(x):
        return x * 2

    @dg.graph(out={"plain": dg.GraphOut(), "doubled": dg.GraphOut(description="twice")})
    def both():
        found = number()
        return {"plain": found, "doubled": double(found)}

    @dg.op
    def add(a, b):
        return a + b

    @dg.job
    def small():
        found = both()
        add(found.plain, found.doubled)

    result = small.execute_in_process()
    record.result(result)
    record.value("both", [result.output_for_node("both", "plain"), result.output_for_node("both", "doubled")])
