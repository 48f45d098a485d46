"""A hook whose resource nobody provides is refused."""

import dagster as dg


def program(record):
    @dg.success_hook(required_resource_keys={"box"})
    def put(context):
        pass

    @dg.op
    def one():
        return 1

    with record.raises("job", contains=["box"]):

        @dg.job(hooks={put})
        def small():
            one()

        small.execute_in_process()
