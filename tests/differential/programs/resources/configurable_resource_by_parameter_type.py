"""A ConfigurableResource is asked for by the type of a parameter."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str
    loud: bool = False

    def greet(self, name: str) -> str:
        text = f"{self.greeting}, {name}"
        return text.upper() if self.loud else text


def program(record):
    @dg.asset
    def hello(greeter: Greeter):
        return greeter.greet("Ada")

    record.result(dg.materialize([hello], resources={"greeter": Greeter(greeting="Hi")}))
    record.result(dg.materialize([hello], resources={"greeter": Greeter(greeting="Hi", loud=True)}), "loud")
