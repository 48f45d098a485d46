"""A chain of ten: each asset gets the value of the one before it."""

import dagster as dg


def link(number):
    if number == 0:

        @dg.asset(name="link_0")
        def first():
            return 0

        return first

    @dg.asset(name=f"link_{number}", ins={"before": dg.AssetIn(f"link_{number - 1}")})
    def later(before):
        return before + 1

    return later


def program(record):
    record.result(dg.materialize([link(number) for number in range(10)]))
