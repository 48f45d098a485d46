"""An IO manager that nobody provides is named before anything runs."""

import dagster as dg


def program(record):
    ran = []

    @dg.asset(io_manager_key="warehouse")
    def a():
        ran.append(1)

    with record.raises("materialize", contains=["warehouse"]):
        dg.materialize([a])
    record.value("ran", ran)
