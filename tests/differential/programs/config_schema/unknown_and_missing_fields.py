"""Every problem of a config is told, with its path."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"a": {"b": {"c": int}}, "d": [str]})
    def one(context):
        return 1

    @dg.job
    def small():
        one()

    def run(config):
        small.execute_in_process(run_config={"ops": {"one": {"config": config}}})

    with record.raises("missing", contains=["b"]):
        run({"a": {}, "d": []})
    with record.raises("unknown", contains=["bb"]):
        run({"a": {"b": {"c": 1}, "bb": 2}, "d": []})
    with record.raises("wrong", contains=["c"]):
        run({"a": {"b": {"c": "x"}}, "d": []})
    with record.raises("wrong item", contains=["d"]):
        run({"a": {"b": {"c": 1}}, "d": ["x", 2]})
    with record.raises("all of them", contains=["c", "d", "extra"]):
        run({"a": {"b": {"c": "x"}}, "d": 5, "extra": 1})
