"""Requests, results, reasons, or nothing."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    def tick(function):
        sensor = dg.sensor(job=small, name="s")(function)
        with dg.instance_for_test() as instance:
            data = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor="c"))
        return [[request.run_key for request in data.run_requests or []], data.skip_message, data.cursor]

    def several():
        yield dg.RunRequest(run_key="a")
        yield dg.RunRequest(run_key="b")

    record.value("request", tick(lambda: dg.RunRequest(run_key="k")))
    record.value("list", tick(lambda: [dg.RunRequest(run_key="a"), dg.RunRequest(run_key="b")]))
    record.value("generator", tick(several))
    record.value("skip", tick(lambda: dg.SkipReason("no")))
    requests, reason, cursor = tick(lambda: None)
    record.value("nothing", [requests, reason is not None, cursor])
    record.value("result", tick(lambda: dg.SensorResult(run_requests=[dg.RunRequest(run_key="r")], cursor="d")))
    record.value("result with a reason", tick(lambda: dg.SensorResult(skip_reason="why", cursor="e")))
    with record.raises("both"):
        dg.SensorResult(run_requests=[dg.RunRequest()], skip_reason="why")
    with record.raises("text"):
        tick(lambda: "text")
    with record.raises("error"):
        tick(lambda: 1 / 0)
