"""Tags of assets have a form."""

import dagster as dg


def program(record):
    with record.raises("value", contains=["a value that"]):

        @dg.asset(tags={"key": "a value that is far too odd!"})
        def one():
            return 1

    with record.raises("number"):

        @dg.asset(tags={"key": 5})
        def two():
            return 1

    with record.raises("key", contains=["bad key"]):

        @dg.asset(tags={"bad key!": "x"})
        def three():
            return 1

    with record.raises("too many kinds"):

        @dg.asset(kinds={"a", "b", "c", "d"})
        def four():
            return 1
