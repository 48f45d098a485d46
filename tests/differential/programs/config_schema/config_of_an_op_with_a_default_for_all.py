"""A schema whose fields all have defaults need not be given."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"a": dg.Field(int, default_value=1), "b": dg.Field({"c": dg.Field(str, default_value="x")})})
    def one(context):
        return context.op_config

    @dg.op(config_schema=dg.Field({"n": int}, default_value={"n": 5}))
    def two(context):
        return context.op_config

    @dg.op(config_schema=dg.Field(str, is_required=False))
    def three(context):
        return context.op_config

    @dg.op
    def four(context):
        return context.op_config

    @dg.job
    def small():
        one()
        two()
        three()
        four()

    record.result(small.execute_in_process())
