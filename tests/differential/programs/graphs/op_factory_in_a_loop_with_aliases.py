"""Ops that a factory makes are chained in a loop, each under an alias."""

import dagster as dg


def program(record):
    def adder(amount):
        @dg.op(name=f"add_{amount}", tags={"amount": str(amount)}, description=f"Adds {amount}.")
        def add(context, x: int) -> int:
            return x + amount

        return add

    @dg.op
    def zero():
        return 0

    @dg.job
    def climbing():
        value = zero()
        for number in range(3):
            value = adder(number).alias(f"step_{number}")(value)
        adder(3)(value)

    result = climbing.execute_in_process()
    record.result(result)
    record.value("last", result.output_for_node("add_3"))
    record.value("names", sorted(node.name for node in climbing.nodes))
