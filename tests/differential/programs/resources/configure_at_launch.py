"""A resource whose fields come with the run."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str
    times: int = 1


def program(record):
    @dg.asset
    def hello(greeter: Greeter):
        return [greeter.greeting] * greeter.times

    resources = {"greeter": Greeter.configure_at_launch()}
    config = dg.RunConfig(resources={"greeter": Greeter(greeting="Hi", times=2)})
    record.result(dg.materialize([hello], resources=resources, run_config=config), "object")
    config = {"resources": {"greeter": {"config": {"greeting": "Ho"}}}}
    record.result(dg.materialize([hello], resources=resources, run_config=config), "dict")
    with record.raises("without config", contains=["greeting", "greeter"]):
        dg.materialize([hello], resources=resources)
