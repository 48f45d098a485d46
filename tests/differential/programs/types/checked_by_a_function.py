"""A type with a check function of one's own."""

import dagster as dg


def program(record):
    positive = dg.DagsterType(
        name="Positive", type_check_fn=lambda _, value: isinstance(value, int) and value > 0, description="over zero"
    )

    @dg.op(out=dg.Out(positive), config_schema=int)
    def number(context):
        return context.op_config

    @dg.op(ins={"x": dg.In(positive)})
    def double(x):
        return x * 2

    @dg.job
    def small():
        double(number())

    record.result(small.execute_in_process(run_config={"ops": {"number": {"config": 3}}}), "fine")
    wrong = small.execute_in_process(run_config={"ops": {"number": {"config": -3}}}, raise_on_error=False)
    record.result(wrong, "wrong")
    record.value("name", [positive.display_name, positive.description, positive.unique_name])
