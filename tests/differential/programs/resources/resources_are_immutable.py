"""A configurable resource does not let its fields be set."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    times: int


def program(record):
    greeter = Greeter(times=1)
    with record.raises("assignment"):
        greeter.times = 2
    record.value("times", greeter.times)
