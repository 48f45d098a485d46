"""The sections execution and loggers of run config."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    fine = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}, "execution": {"config": {"in_process": {}}}}
    record.value("success", small.execute_in_process(run_config=fine).success)
    with record.raises("unknown logger", contains=["nowhere"]):
        small.execute_in_process(run_config={"loggers": {"nowhere": {"config": {}}}})
    with record.raises("unknown section", contains=["executions"]):
        small.execute_in_process(run_config={"executions": {}})
