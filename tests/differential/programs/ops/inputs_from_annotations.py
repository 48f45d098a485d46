"""Parameters, annotations and docstrings describe an op's inputs."""

import dagster as dg


def program(record):
    @dg.op
    def one(context, a, b: int, c: str = "x"):
        """
        Joins things.

        Args:
            a (Any): the first
            b (int): the second
        """
        return [a, b, c]

    record.value("description", one.description)
    record.value("names", [i.name for i in one.input_defs])
    record.value("types", [i.dagster_type.display_name for i in one.input_defs])
    record.value("defaults", [i.has_default_value for i in one.input_defs])
