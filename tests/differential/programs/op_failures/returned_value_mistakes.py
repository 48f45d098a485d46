"""What a returned value may be that it should not."""

import dagster as dg


def program(record):
    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def too_few():
        return (1,)

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def no_tuple():
        return 5

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def dictionary():
        return {"a": 1, "b": 2}

    @dg.op
    def event():
        return dg.AssetMaterialization("side")

    @dg.op(out=dg.DynamicOut())
    def plain_for_dynamic():
        return [1, 2]

    @dg.job
    def small():
        too_few()
        no_tuple()
        dictionary()
        event()
        plain_for_dynamic()

    record.result(small.execute_in_process(raise_on_error=False))
