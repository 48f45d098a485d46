"""The parameter that takes config is called config."""

import dagster as dg


class Size(dg.Config):
    rows: int = 1


def program(record):
    with record.raises("other name"):

        @dg.asset
        def table(size: Size):
            return size.rows

        record.value("value", dg.materialize([table]).success)

    with record.raises("no annotation"):

        @dg.asset
        def other(config):
            return config

        record.value("value of other", dg.materialize([other]).success)
