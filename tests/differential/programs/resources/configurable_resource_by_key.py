"""A ConfigurableResource may be asked for by key as well."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str


def program(record):
    @dg.asset(required_resource_keys={"greeter"})
    def hello(context):
        return context.resources.greeter.greeting

    record.result(dg.materialize([hello], resources={"greeter": Greeter(greeting="Hi")}))
