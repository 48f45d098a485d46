"""A job whose resource nobody provides is refused."""

import dagster as dg


def program(record):
    @dg.op(required_resource_keys={"box"})
    def one(context):
        return context.resources.box

    with record.raises("job", contains=["box", "one"]):

        @dg.job
        def small():
            one()

        small.execute_in_process()

    with record.raises("definitions", contains=["box"]):

        @dg.job
        def other():
            one()

        dg.Definitions.validate_loadable(dg.Definitions(jobs=[other]))
