"""A Config class on an op, as on an asset."""

import dagster as dg


class Size(dg.Config):
    rows: int
    name: str = "t"


def program(record):
    @dg.op
    def one(context, config: Size):
        return [config.rows, config.name, context.op_config]

    @dg.op
    def two(x, config: Size):
        return [x[0], config.rows]

    @dg.job
    def small():
        two(one())

    config = dg.RunConfig({"one": Size(rows=1), "two": Size(rows=2, name="u")})
    record.result(small.execute_in_process(run_config=config))
