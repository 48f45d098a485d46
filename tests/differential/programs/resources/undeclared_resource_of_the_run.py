"""A resource that the run has and the asset did not declare: whether it is reachable."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"one"})
    def table(context):
        return context.resources.two

    result = dg.materialize([table], resources={"one": 1, "two": 2}, raise_on_error=False)
    record.value("success", result.success)
