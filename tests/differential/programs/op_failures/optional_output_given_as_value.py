"""is_required=False with a returned value gives it; None is a value."""

import dagster as dg


def program(record):
    @dg.op(out=dg.Out(is_required=False))
    def gives():
        return 1

    @dg.op(out=dg.Out(is_required=False))
    def gives_none():
        return None

    @dg.op
    def reader(x):
        return [x]

    @dg.job
    def small():
        reader(gives())
        reader.alias("reader_of_none")(gives_none())

    record.result(small.execute_in_process(raise_on_error=False))
