"""A sensor's function gives requests, reasons and cursors."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    @dg.sensor(job=small, minimum_interval_seconds=45, description="watches")
    def watch(context):
        seen = int(context.cursor or 0)
        if seen >= 2:
            return dg.SkipReason("enough")
        context.update_cursor(str(seen + 1))
        return dg.RunRequest(run_key=f"n{seen}", tags={"n": str(seen)})

    record.value("sensor", [watch.name, watch.job_name, watch.minimum_interval_seconds, watch.description])
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance)
        record.value("first", watch(context).run_key)
        record.value("cursor", context.cursor)
        context = dg.build_sensor_context(instance=instance, cursor="1")
        data = watch.evaluate_tick(context)
        record.value("second", [[request.run_key for request in data.run_requests], data.cursor])
        data = watch.evaluate_tick(dg.build_sensor_context(instance=instance, cursor="2"))
        record.value("third", [data.run_requests, data.skip_message, data.cursor])
