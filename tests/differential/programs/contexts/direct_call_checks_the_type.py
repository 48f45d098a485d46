"""A direct call checks the type of what is returned."""

import dagster as dg


def program(record):
    @dg.asset
    def number() -> int:
        return "four"

    @dg.op
    def op_number() -> int:
        return "four"

    with record.raises("asset"):
        number()
    with record.raises("op"):
        op_number()
