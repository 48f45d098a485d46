"""to_job takes executors, hooks, retries and config."""

import dagster as dg


def program(record):
    seen, attempts = [], []

    @dg.success_hook
    def hurrah(context):
        seen.append(context.step_key)

    @dg.op(config_schema={"n": int})
    def one(context):
        attempts.append(1)
        if len(attempts) == 1:
            raise ValueError("once")
        return context.op_config["n"]

    @dg.graph
    def graph():
        one()

    job = graph.to_job(
        name="made",
        description="made of a graph",
        executor_def=dg.in_process_executor,
        hooks={hurrah},
        op_retry_policy=dg.RetryPolicy(max_retries=1),
        config={"ops": {"one": {"config": {"n": 4}}}},
        metadata={"a": 1},
    )
    record.result(job.execute_in_process())
    record.value("seen", seen)
    record.value("job", [job.name, job.description])
