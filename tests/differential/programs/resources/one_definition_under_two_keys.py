"""A definition, or an object, that stands under two keys is two resources, each with its own config."""

import dagster as dg

opened = []


@dg.resource(config_schema={"host": dg.Field(str, default_value="nowhere")})
def service(context):
    opened.append(context.resource_config["host"])
    return dict(context.resource_config)


class Client(dg.ConfigurableResource):
    name: str = "client"

    def setup_for_execution(self, context):
        opened.append(self.name)


@dg.op(required_resource_keys={"r", "s", "one", "two"})
def asks(context):
    resources = context.resources
    return [resources.r, resources.s, resources.r is resources.s, resources.one is resources.two]


def program(record):
    client = Client()

    @dg.job(resource_defs={"r": service, "s": service, "one": client, "two": client})
    def asking():
        asks()

    config = {"resources": {"r": {"config": {"host": "R"}}, "s": {"config": {"host": "S"}}}}
    record.value("with config", asking.execute_in_process(config).output_for_node("asks"))
    record.value("opened", sorted(opened))
    opened.clear()
    record.value("without config", asking.execute_in_process().output_for_node("asks"))
    record.value("opened again", sorted(opened))
