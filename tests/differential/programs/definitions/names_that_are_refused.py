"""Names that are not names."""

import dagster as dg


def program(record):
    with record.raises("asset with a blank", contains=["bad name"]):

        @dg.asset(name="bad name")
        def one():
            return 1

    with record.raises("empty asset"):

        @dg.asset(name="")
        def two():
            return 1

    with record.raises("op with a dash", contains=["bad-op"]):

        @dg.op(name="bad-op")
        def three():
            return 1

    with record.raises("reserved op name"):

        @dg.op(name="input")
        def four():
            return 1

    with record.raises("group", contains=["my group"]):

        @dg.asset(group_name="my group")
        def five():
            return 1

    with record.raises("owner", contains=["nobody"]):

        @dg.asset(owners=["nobody"])
        def six():
            return 1
