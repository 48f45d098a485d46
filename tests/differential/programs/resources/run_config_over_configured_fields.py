"""Run config may overrule the fields of a resource."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str = "Hi"
    name: str = "Ada"


def program(record):
    @dg.asset
    def hello(greeter: Greeter):
        return [greeter.greeting, greeter.name]

    config = {"resources": {"greeter": {"config": {"name": "Bob"}}}}
    result = dg.materialize([hello], resources={"greeter": Greeter(greeting="Ho")}, run_config=config)
    record.result(result)
