"""An optional output that is not given skips its branch."""

import dagster as dg


def program(record):
    @dg.op(out={"even": dg.Out(is_required=False), "odd": dg.Out(is_required=False)}, config_schema=int)
    def split(context):
        name = "even" if context.op_config % 2 == 0 else "odd"
        yield dg.Output(context.op_config, output_name=name)

    @dg.op
    def half(x):
        return x // 2

    @dg.op
    def triple(x):
        return 3 * x + 1

    @dg.op
    def after(x):
        return x

    @dg.job
    def branches():
        even, odd = split()
        after(half(even))
        triple(odd)

    record.result(branches.execute_in_process(run_config={"ops": {"split": {"config": 4}}}), "four")
    record.result(branches.execute_in_process(run_config={"ops": {"split": {"config": 5}}}), "five")
