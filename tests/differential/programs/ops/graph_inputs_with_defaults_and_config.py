"""Inputs of a nested graph may come from config."""

import dagster as dg


def program(record):
    @dg.op
    def add(a: int, b: int):
        return a + b

    @dg.graph
    def inner(a: int):
        return add(a)

    @dg.job
    def small():
        inner()

    config = {"ops": {"inner": {"inputs": {"a": 1}, "ops": {"add": {"inputs": {"b": 2}}}}}}
    with record.raises("run"):
        record.result(small.execute_in_process(run_config=config))
