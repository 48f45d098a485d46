"""An asset that reads itself without partitions is refused at its definition."""

import dagster as dg


def program(record):
    with record.raises("definition", contains=["loop"]):

        @dg.asset(deps=["loop"])
        def loop():
            return 1
