"""A run is repeated for chosen steps."""

import dagster as dg

RAN = []


def make():
    @dg.op
    def first():
        RAN.append("first")
        return 1

    @dg.op
    def second(x):
        RAN.append("second")
        return x + 1

    @dg.op
    def third(x):
        RAN.append("third")
        return x + 1

    @dg.job(executor_def=dg.in_process_executor)
    def chain():
        third(second(first()))

    return chain


def program(record):
    with dg.instance_for_test() as instance:
        job = dg.reconstructable(make)
        with dg.execute_job(job, instance=instance) as full:
            run_id = full.run_id
        for selection in (["second"], ["second+"], ["*third"]):
            RAN.clear()
            options = dg.ReexecutionOptions(parent_run_id=run_id, step_selection=selection)
            with dg.execute_job(job, instance=instance, reexecution_options=options) as again:
                record.value(f"success of {selection}", again.success)
                record.value(f"ran by {selection}", list(RAN))
        with record.raises("unknown run"):
            options = dg.ReexecutionOptions(parent_run_id="nothing", step_selection=["second"])
            with dg.execute_job(job, instance=instance, reexecution_options=options):
                pass
