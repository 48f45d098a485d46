"""A resource that yields is set up once, closed once, and can be had outside of a run."""

from orrery import asset, build_resources, materialize, resource


@resource(config_schema={"name": str})
def connection(context):
    name = context.resource_config["name"]
    print("open", name)
    try:
        yield name
    finally:
        print("close", name)


@resource(required_resource_keys={"connection"})
def client(context):
    return f"client over {context.resources.connection}"


@asset(required_resource_keys={"client"})
def one(context):
    print("one:", context.resources.client)


@asset(deps=[one], required_resource_keys={"connection"})
def two(context):
    print("two:", context.resources.connection)
    raise ValueError("the connection is closed all the same")


resources = {"connection": connection, "client": client}
config = {"resources": {"connection": {"config": {"name": "c"}}}}
print(materialize([one, two], resources=resources, run_config=config, raise_on_error=False).success)
with build_resources(resources, resource_config=config["resources"]) as built:
    print(built.client)
# prints:
# open c
# one: client over c
# two: c
# close c
# False
# open c
# client over c
# close c
