"""A resource is closed when a step fails."""

import dagster as dg


def program(record):
    log = []

    @dg.resource
    def connection(context):
        try:
            yield "connection"
        finally:
            log.append("close")

    @dg.asset(required_resource_keys={"connection"})
    def bad(context):
        raise ValueError("no")

    record.result(dg.materialize([bad], resources={"connection": connection}, raise_on_error=False))
    record.value("log", log)
