"""An op may be called as the function it is."""

import dagster as dg


def program(record):
    @dg.op
    def plain():
        return 1

    @dg.op
    def add(a, b=10):
        return a + b

    @dg.op
    def with_context(context, a):
        return [context.run_id is not None, a]

    @dg.op(out={"x": dg.Out(), "y": dg.Out()})
    def pair():
        yield dg.Output(1, output_name="x")
        yield dg.Output(2, output_name="y")

    @dg.op(config_schema={"n": int})
    def configured(context):
        return context.op_config["n"]

    @dg.op(out={"x": dg.Out(), "y": dg.Out()})
    def missing():
        yield dg.Output(1, output_name="x")

    record.value("plain", plain())
    record.value("add", [add(1), add(1, 2), add(b=3, a=4)])
    record.value("context", with_context(dg.build_op_context(), 5))
    record.value("pair", [[output.output_name, output.value] for output in pair()])
    record.value("configured", configured(dg.build_op_context(op_config={"n": 3})))
    with record.raises("missing output", contains=["y"]):
        list(missing())
    with record.raises("missing input", contains=["a"]):
        add()
    with record.raises("too many"):
        add(1, 2, 3)
    with record.raises("no context", contains=["context"]):
        configured()
