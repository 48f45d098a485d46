"""A dynamic output may be collected without a map."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        for number in range(3):
            yield dg.DynamicOutput(number, mapping_key=f"n{number}")

    @dg.op
    def gather(xs):
        return sorted(xs)

    @dg.job
    def small():
        gather(parts().collect())

    record.result(small.execute_in_process())
