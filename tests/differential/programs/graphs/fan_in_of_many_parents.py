"""One asset reads twelve parents through one entry of ins each."""

import dagster as dg


def parent(number):
    @dg.asset(name=f"p{number}")
    def one():
        return number

    return one


def program(record):
    @dg.asset(ins={f"p{number}": dg.AssetIn() for number in range(12)})
    def total(**parents):
        return sum(parents.values())

    record.result(dg.materialize([*map(parent, range(12)), total]))
