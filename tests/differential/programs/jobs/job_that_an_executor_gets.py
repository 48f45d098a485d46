"""A function that makes an executor asks its context for the job."""

import dagster as dg

told = []


@dg.executor(name="asking", config_schema={"retries": dict})
def asking(init_context):
    job = init_context.job
    told.append([job.job_name, job.get_definition().name, init_context.executor_def.name, job.op_selection])
    return dg.in_process_executor.executor_creation_fn(init_context)


def make():
    @dg.op
    def one():
        return 1

    @dg.job(executor_def=asking, config={"execution": {"config": {"retries": {"enabled": {}}}}})
    def small():
        one()

    return small


def program(record):
    with dg.instance_for_test() as instance, dg.execute_job(dg.reconstructable(make), instance=instance) as result:
        record.value("success", result.success)
    record.value("told", told)
