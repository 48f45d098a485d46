"""Any object may be given as a resource."""

import dagster as dg


class Api:
    def get(self):
        return "data"


def program(record):
    @dg.asset(required_resource_keys={"api", "number"})
    def table(context):
        return [context.resources.api.get(), context.resources.number]

    record.result(dg.materialize([table], resources={"api": Api(), "number": 3}))
