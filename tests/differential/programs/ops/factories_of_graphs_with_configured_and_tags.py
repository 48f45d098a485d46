"""Configured ops, tags, hooks and retry policies on single invocations."""

import dagster as dg


def program(record):
    told = []

    @dg.success_hook
    def note(context):
        told.append(context.step_key)

    @dg.op(config_schema={"by": int})
    def scale(context, x):
        return x * context.op_config["by"]

    @dg.op
    def one():
        return 1

    tenfold = scale.configured({"by": 10}, name="tenfold")

    @dg.configured(scale, config_schema=int)
    def scaled_by(by):
        return {"by": by}

    tries = []

    @dg.op
    def flaky(x):
        tries.append(x)
        if len(tries) < 2:
            raise ValueError("once")
        return x

    @dg.job
    def nightly():
        value = tenfold(one.tag({"cost": "low"}).alias("start")())
        value = scaled_by.with_hooks({note})(value)
        flaky.with_retry_policy(dg.RetryPolicy(max_retries=1))(value)

    result = nightly.execute_in_process(run_config={"ops": {"scaled_by": {"config": 3}}})
    record.result(result)
    record.value("last", result.output_for_node("flaky"))
    record.value("told", told)
    record.value("tags", record.user_tags(nightly.get_node_named("start").tags))
    with record.raises("no name", contains=["name"]):
        scale.configured({"by": 1})
