"""A dictionary of fields: defaults are filled in."""

import dagster as dg


def program(record):
    @dg.op(
        config_schema={
            "rows": int,
            "name": dg.Field(str, default_value="t"),
            "ratio": dg.Field(float, is_required=False),
            "deep": {"on": dg.Field(bool, default_value=True)},
        }
    )
    def one(context):
        return context.op_config

    @dg.job
    def small():
        one()

    def run(config):
        return small.execute_in_process(run_config={"ops": {"one": {"config": config}}}).output_for_node("one")

    record.value("least", run({"rows": 1}))
    record.value("all", run({"rows": 1, "name": "x", "ratio": 0.5, "deep": {"on": False}}))
    record.value("int for float", run({"rows": 1, "ratio": 2}))
    with record.raises("wrong deep", contains=["on"]):
        run({"rows": 1, "deep": {"on": "yes"}})
    with record.raises("not a dictionary"):
        run(5)
