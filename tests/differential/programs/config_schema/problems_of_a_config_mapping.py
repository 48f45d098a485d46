"""What is wrong in the config of a mapping is told by its place in the run config."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"rows": int})
    def one(context):
        return context.op_config["rows"]

    @dg.config_mapping(config_schema={"pages": int, "inner": dg.Field({"deep": str}, is_required=False)})
    def mapping(given):
        return {"ops": {"one": {"config": {"rows": given["pages"] * 10}}}}

    class Pages(dg.Config):
        pages: int

    @dg.config_mapping
    def typed(given: Pages) -> dg.RunConfig:
        return dg.RunConfig(ops={"one": {"config": {"rows": given.pages * 10}}})

    @dg.job(config=mapping)
    def small():
        one()

    @dg.job(config=typed)
    def other():
        one()

    record.value("value", small.execute_in_process(run_config={"pages": 2}).output_for_node("one"))
    with record.raises("wrong type", contains=["at path root:pages."]):
        small.execute_in_process(run_config={"pages": "two"})
    with record.raises("deeper", contains=["at path root:inner:deep."]):
        small.execute_in_process(run_config={"pages": 2, "inner": {"deep": 3}})
    with record.raises("missing", contains=['"pages"', "at the root"]):
        small.execute_in_process(run_config={})
    with record.raises("unknown", contains=['"ops"', "at the root"]):
        small.execute_in_process(run_config={"pages": 1, "ops": {}})
    with record.raises("of a class", contains=["at path root:pages."]):
        other.execute_in_process(run_config={"pages": "two"})
