"""An input without a source is filled from run config by the loader of its type."""

import dagster as dg


def program(record):
    @dg.op
    def add(a: int, b: int):
        return a + b

    @dg.job
    def sums():
        add()

    record.result(
        sums.execute_in_process(run_config={"ops": {"add": {"inputs": {"a": {"value": 1}, "b": {"value": 2}}}}})
    )
    record.result(sums.execute_in_process(run_config={"ops": {"add": {"inputs": {"a": 5, "b": 6}}}}), "short")
    with record.raises("missing", contains=["add"]):
        sums.execute_in_process()
    with record.raises("wrong", contains=["a"]):
        sums.execute_in_process(run_config={"ops": {"add": {"inputs": {"a": {"value": "x"}, "b": {"value": 2}}}}})
