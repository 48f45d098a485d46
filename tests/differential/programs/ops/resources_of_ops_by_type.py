"""A ConfigurableResource is asked for by the type of a parameter."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str


def program(record):
    @dg.op
    def greet(greeter: Greeter, name: str):
        return f"{greeter.greeting}, {name}"

    @dg.op
    def name():
        return "Ada"

    @dg.job(resource_defs={"greeter": Greeter(greeting="Hi")})
    def small():
        greet(name())

    record.result(small.execute_in_process())
    record.value(
        "replaced", small.execute_in_process(resources={"greeter": Greeter(greeting="Ho")}).output_for_node("greet")
    )
    record.value("direct", greet(Greeter(greeting="Hey"), "Bob"))
