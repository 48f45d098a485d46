"""mem_io_manager keeps values for one run."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    record.result(dg.materialize([a, b], resources={"io_manager": dg.mem_io_manager}), "both")
    alone = dg.materialize([a, b], resources={"io_manager": dg.mem_io_manager}, selection=["b"], raise_on_error=False)
    record.value("alone", alone.success)
    shared = dg.InMemoryIOManager()
    dg.materialize([a], resources={"io_manager": shared})
    record.value("values", [list(key) for key in shared.values])
