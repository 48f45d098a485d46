"""An input without a source takes the default of its parameter, or of In."""

import dagster as dg


def program(record):
    @dg.op
    def by_parameter(x: int = 3):
        return x

    @dg.op(ins={"x": dg.In(int, default_value=4)})
    def by_in(x):
        return x

    @dg.job
    def small():
        by_parameter()
        by_in()

    record.result(small.execute_in_process())
    over = {"ops": {"by_parameter": {"inputs": {"x": {"value": 30}}}}}
    record.result(small.execute_in_process(run_config=over), "overruled")
