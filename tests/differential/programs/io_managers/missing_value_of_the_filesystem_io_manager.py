"""A value that was never stored fails the reader."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a

    manager = dg.FilesystemIOManager(base_dir="values")
    result = dg.materialize([a, b], resources={"io_manager": manager}, selection=["b"], raise_on_error=False)
    record.result(result)
