"""A run is repeated for steps that a dynamic output multiplied, and what follows them."""

import dagster as dg

RAN = []


def make():
    @dg.op(out=dg.DynamicOut())
    def pages():
        for number in range(2):
            yield dg.DynamicOutput(number, mapping_key=f"p{number}")

    @dg.op
    def read(context, x):
        RAN.append(f"read {context.get_mapping_key()}")
        return x + 1

    @dg.op
    def clean(context, x):
        RAN.append(f"clean {context.get_mapping_key()}")
        return x * 10

    @dg.op
    def total(xs):
        RAN.append("total")
        return sum(xs)

    @dg.job(executor_def=dg.in_process_executor)
    def book():
        total(pages().map(read).map(clean).collect())

    return book


def program(record):
    with dg.instance_for_test() as instance:
        job = dg.reconstructable(make)
        with dg.execute_job(job, instance=instance) as full:
            run_id = full.run_id
        for selection in (["read[p1]"], ["read[p1]*"], ["clean[p1]+"], ["+clean[p1]"], ["read[?]*"]):
            RAN.clear()
            options = dg.ReexecutionOptions(parent_run_id=run_id, step_selection=selection)
            with dg.execute_job(job, instance=instance, reexecution_options=options) as again:
                record.value(f"success of {selection}", again.success)
                record.value(f"ran by {selection}", sorted(RAN))
        for name in ("read[p9]", "none[p1]*"):
            with record.raises(name):
                options = dg.ReexecutionOptions(parent_run_id=run_id, step_selection=[name])
                with dg.execute_job(job, instance=instance, reexecution_options=options):
                    pass
