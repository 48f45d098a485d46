"""Asset sensors, run status sensors and failure sensors can be declared."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    @dg.asset_sensor(asset_key=dg.AssetKey("table"), job=small)
    def on_table(context, event):
        return dg.RunRequest(run_key=context.cursor)

    @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS)
    def on_success(context):
        return dg.SkipReason(f"fine: {context.dagster_run.job_name}")

    @dg.run_failure_sensor
    def on_failure(context):
        record.value("failure seen", [context.dagster_run.job_name, context.failure_event.message is not None])

    @dg.multi_asset_sensor(monitored_assets=[dg.AssetKey("a"), dg.AssetKey("b")], job=small)
    def on_both(context):
        return dg.SkipReason("no")

    record.value("names", [on_table.name, on_success.name, on_failure.name, on_both.name])
    record.value("asset", on_table.asset_key)

    with dg.instance_for_test() as instance:
        result = small.execute_in_process(instance=instance)
        context = dg.build_run_status_sensor_context(
            sensor_name="on_success",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_success_event(),
        )
        record.value("status", on_success(context).skip_message)
