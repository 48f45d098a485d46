"""A type check may use resources."""

import dagster as dg


def program(record):
    def look(context, value):
        return value <= context.resources.most

    small_type = dg.DagsterType(name="Small", type_check_fn=look, required_resource_keys={"most"})

    @dg.op(out=dg.Out(small_type))
    def one():
        return 5

    @dg.job(resource_defs={"most": dg.ResourceDefinition.hardcoded_resource(4)})
    def job():
        one()

    record.result(job.execute_in_process(raise_on_error=False))
    record.value("more", job.execute_in_process(resources={"most": 10}).success)
