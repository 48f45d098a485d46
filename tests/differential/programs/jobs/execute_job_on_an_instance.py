"""execute_job runs a job that can be made again, on an instance."""

import dagster as dg


def make():
    @dg.op
    def one():
        return 1

    @dg.op
    def double(x):
        return x * 2

    @dg.job(executor_def=dg.in_process_executor)
    def small():
        double(one())

    return small


def program(record):
    with dg.instance_for_test() as instance:
        with dg.execute_job(dg.reconstructable(make), instance=instance) as result:
            record.result(result, values=False)
            record.value("value", result.output_for_node("double"))
        record.value("runs", instance.get_runs_count())
