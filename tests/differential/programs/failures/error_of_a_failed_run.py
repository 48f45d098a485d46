"""The event that ends a failed run tells the error of the first step that failed, as sensors of failed runs read it."""

import dagster as dg


def program(record):
    @dg.asset
    def breaks():
        raise KeyError("missing")

    @dg.asset
    def means_to_fail():
        raise dg.Failure("on purpose")

    @dg.asset
    def fine():
        return 1

    seen = []

    @dg.run_failure_sensor
    def tell(context):
        data = context.failure_event.job_failure_data
        seen.append([context.failure_event.message, data.error.message, data.failure_reason.name])

    instance = dg.DagsterInstance.ephemeral()
    for name, assets in (("breaks", [fine, breaks]), ("means to", [means_to_fail]), ("both", [breaks, means_to_fail])):
        result = dg.materialize(assets, instance=instance, raise_on_error=False)
        data = result.get_run_failure_event().job_failure_data
        step = result.failure_data_for_node(assets[-1].op.name)
        record.value(f"{name}: error", [data.error.cause and data.error.cause.cls_name, data.failure_reason.name])
        record.value(f"{name}: is that of the step", data.error.message == step.error.message)
        context = dg.build_run_status_sensor_context(
            sensor_name="tell",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        )
        tell(context.for_run_failure())
    record.value("reasons", [each[2] for each in seen])
    record.text("of the sensor", seen[1][1], contains=["on purpose"])
