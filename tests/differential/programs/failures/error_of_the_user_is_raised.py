"""materialize raises the user's own error when asked to, which is the default."""

import dagster as dg


def program(record):
    @dg.asset
    def bad():
        raise KeyError("missing")

    with record.raises("materialize", contains=["missing"]):
        dg.materialize([bad])
