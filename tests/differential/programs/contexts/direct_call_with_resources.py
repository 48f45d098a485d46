"""Resources of a direct call come as arguments or in the context."""

import dagster as dg


class Greeter(dg.ConfigurableResource):
    greeting: str


def program(record):
    @dg.asset
    def by_type(greeter: Greeter):
        return greeter.greeting

    @dg.asset(required_resource_keys={"greeter"})
    def by_key(context):
        return context.resources.greeter.greeting

    record.value("argument", by_type(Greeter(greeting="Hi")))
    record.value("named", by_type(greeter=Greeter(greeting="Ho")))
    context = dg.build_asset_context(resources={"greeter": Greeter(greeting="Hey")})
    record.value("in the context", by_key(context))
    with record.raises("none", contains=["greeter"]):
        by_key(dg.build_asset_context())
