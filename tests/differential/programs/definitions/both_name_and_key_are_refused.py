"""An asset has a key or a name, not both."""

import dagster as dg


def program(record):
    with record.raises("name and key"):

        @dg.asset(name="a", key="b")
        def one():
            return 1

    with record.raises("prefix and key"):

        @dg.asset(key_prefix="a", key="b")
        def two():
            return 1
