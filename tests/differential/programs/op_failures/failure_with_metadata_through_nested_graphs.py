"""Failure carries its metadata; the steps of a nested graph behind it do not run, others do."""

import dagster as dg


def program(record):
    @dg.op
    def broken():
        raise dg.Failure(
            description="too few rows",
            metadata={"rows": 3, "where": dg.MetadataValue.path("/x/y")},
            allow_retries=False,
        )

    @dg.op
    def behind(x):
        return x

    @dg.op
    def apart():
        return 1

    @dg.graph
    def inner(x):
        return behind.alias("second")(behind.alias("first")(x))

    @dg.graph
    def outer():
        return inner(broken())

    @dg.job(op_retry_policy=dg.RetryPolicy(max_retries=3))
    def nightly():
        outer()
        apart()

    result = nightly.execute_in_process(raise_on_error=False)
    (failed,) = [e for e in result.all_events if e.is_step_failure]
    data = failed.event_specific_data.user_failure_data
    record.value("description", data.description)
    record.metadata("metadata", data.metadata)
    record.value("ran", sorted(e.step_key for e in result.all_events if e.is_step_success))
    record.value("retries", [e.step_key for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"])
    with record.raises("raised", contains=["too few rows"]):
        nightly.execute_in_process()
