"""A required field that run config leaves out is named before anything runs."""

import dagster as dg


def program(record):
    ran = []

    @dg.resource(config_schema={"host": str})
    def server(context):
        ran.append("resource")
        return 1

    @dg.asset(required_resource_keys={"server"})
    def address(context):
        ran.append("asset")

    with record.raises("materialize", contains=["server", "host", "resources"]):
        dg.materialize([address], resources={"server": server})
    record.value("ran", ran)
