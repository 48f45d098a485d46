"""Tags that the system sets on a request, and that a function sets for it, are found under the names they are written by."""

import dagster as dg


def program(record):
    @dg.op(tags={"dagster/priority": 3, "team": "web"})
    def one():
        return 1

    @dg.job(tags={"dagster/max_retries": 2})
    def small():
        one()

    @dg.sensor(job=small)
    def watching(context):
        return dg.RunRequest(tags={"dagster/priority": "7", "team": "ops"})

    with dg.DagsterInstance.ephemeral() as instance:
        (request,) = watching.evaluate_tick(dg.build_sensor_context(instance)).run_requests
    names = ("dagster/sensor_name", "dagster/priority", "team", "dagster/max_retries", "nothing")
    record.value("request", [request.tags.get(name) for name in names])
    record.value("has", ["dagster/priority" in request.tags, "dagster/partition" in request.tags])
    with record.raises("unknown"):
        request.tags["dagster/partition"]
    record.value("op", [one.tags["dagster/priority"], one.tags["team"]])
    record.value("job", small.tags["dagster/max_retries"])
    record.value("by hand", dg.RunRequest(tags={"dagster/priority": 1}).tags["dagster/priority"])
