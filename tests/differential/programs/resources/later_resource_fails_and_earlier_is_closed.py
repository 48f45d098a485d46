"""When one resource cannot be set up, those that were are closed."""

import dagster as dg


def program(record):
    log = []

    @dg.resource
    def base(context):
        log.append("open base")
        try:
            yield 1
        finally:
            log.append("close base")

    @dg.resource(required_resource_keys={"base"})
    def broken(context):
        raise ConnectionError("no route")

    @dg.asset(required_resource_keys={"broken"})
    def table(context):
        return 1

    result = dg.materialize([table], resources={"base": base, "broken": broken}, raise_on_error=False)
    record.value("success", result.success)
    record.value("log", log)
