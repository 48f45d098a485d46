"""A resource that yields is closed after the last step."""

import dagster as dg


def program(record):
    log = []

    @dg.resource
    def connection(context):
        log.append("open")
        try:
            yield "connection"
        finally:
            log.append("close")

    @dg.asset(required_resource_keys={"connection"})
    def one(context):
        log.append("one")
        return context.resources.connection

    @dg.asset(deps=[one], required_resource_keys={"connection"})
    def two(context):
        log.append("two")

    record.result(dg.materialize([one, two], resources={"connection": connection}))
    record.value("log", log)
