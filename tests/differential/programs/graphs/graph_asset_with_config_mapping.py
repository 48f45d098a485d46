"""A graph with a config mapping becomes an asset; run config goes through the mapping."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"start": int})
    def begin(context):
        return context.op_config["start"]

    @dg.op(config_schema={"by": int})
    def raised(context, x):
        return x + context.op_config["by"]

    @dg.config_mapping(config_schema={"both": int})
    def spread(value):
        return {
            "begin": {"config": {"start": value["both"]}},
            "raised": {"config": {"by": value["both"] * 10}},
        }

    @dg.graph(config=spread)
    def climbed():
        return raised(begin())

    made = dg.AssetsDefinition.from_graph(climbed)
    result = dg.materialize([made], run_config={"ops": {"climbed": {"config": {"both": 2}}}})
    record.result(result)
    with record.raises("without config", contains=["climbed"]):
        dg.materialize([made])
