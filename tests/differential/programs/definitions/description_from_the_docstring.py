"""The docstring is the description where none is given."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        """
        The table of all tables.

        With a second paragraph.
        """

    @dg.asset(description="given")
    def other():
        """Docstring."""

    @dg.op
    def one():
        """An op."""

    record.value("asset", table.descriptions_by_key[table.key])
    record.value("given", other.descriptions_by_key[other.key])
    record.value("op", one.description)
