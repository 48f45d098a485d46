"""A field of the wrong type is refused where the resource is made."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    times: int


def program(record):
    with record.raises("wrong type", contains=["times"]):
        Greeter(times="many")
    with record.raises("unknown field", contains=["tmies"]):
        Greeter(times=1, tmies=2)
    with record.raises("missing field"):
        Greeter()
