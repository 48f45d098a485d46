"""A parent named in deps and as an argument: refused or taken once, as the oracle does."""

import dagster as dg


def program(record):
    with record.raises("definition", contains=["parent"]):

        @dg.asset(deps=["parent"])
        def child(parent):
            return parent
