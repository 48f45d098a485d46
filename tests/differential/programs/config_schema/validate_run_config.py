"""validate_run_config gives the config with its defaults, or raises."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int, "name": dg.Field(str, default_value="t")})
    def one(context):
        return 1

    @dg.job
    def small():
        one()

    found = dg.validate_run_config(small, {"ops": {"one": {"config": {"n": 1}}}})
    record.value("ops", found["ops"])
    with record.raises("wrong", contains=["n"]):
        dg.validate_run_config(small, {"ops": {"one": {"config": {"n": "x"}}}})
    with record.raises("missing", contains=["one"]):
        dg.validate_run_config(small)
