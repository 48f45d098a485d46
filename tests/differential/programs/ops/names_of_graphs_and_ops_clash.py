"""One name for two different ops in a job is refused, or told apart."""

import dagster as dg


def program(record):
    def make(value):
        @dg.op(name="same")
        def one():
            return value

        return one

    first, second = make(1), make(2)

    with record.raises("job", contains=["same"]):

        @dg.job
        def small():
            first()
            second.alias("other")()

        record.value("success", small.execute_in_process().success)
