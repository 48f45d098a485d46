"""EnvVar is read when the run starts, and named when it is not set."""

import os

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str
    times: int = 1


def program(record):
    @dg.asset
    def hello(greeter: Greeter):
        return [greeter.greeting] * greeter.times

    greeter = Greeter(greeting=dg.EnvVar("DIFFERENTIAL_GREETING"), times=dg.EnvVar.int("DIFFERENTIAL_TIMES"))
    with record.raises("unset", contains=["DIFFERENTIAL_GREETING"]):
        dg.materialize([hello], resources={"greeter": greeter})
    os.environ["DIFFERENTIAL_GREETING"] = "Hi"
    os.environ["DIFFERENTIAL_TIMES"] = "3"
    record.result(dg.materialize([hello], resources={"greeter": greeter}), "set")
