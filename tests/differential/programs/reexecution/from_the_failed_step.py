"""A run is taken up again from where it failed."""

import dagster as dg

FAIL = [True]
RAN = []


def make():
    @dg.op
    def first():
        RAN.append("first")
        return 1

    @dg.op
    def second(x):
        RAN.append("second")
        if FAIL[0]:
            raise ValueError("not yet")
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
        with dg.execute_job(job, instance=instance) as broken:
            record.value("broken", broken.success)
            run_id = broken.run_id
        FAIL[0] = False
        RAN.append("again")
        options = dg.ReexecutionOptions.from_failure(run_id, instance)
        with dg.execute_job(job, instance=instance, reexecution_options=options) as mended:
            record.result(mended, values=False)
            record.value("value", mended.output_for_node("third"))
            run = instance.get_run_by_id(mended.run_id)
            record.value("parent", [run.parent_run_id == run_id, run.root_run_id == run_id])
    record.value("ran", RAN)
