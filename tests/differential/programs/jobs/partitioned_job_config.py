"""A job with partitioned config gets the config of its partition."""

import dagster as dg


def program(record):
    @dg.static_partitioned_config(partition_keys=["a", "b"])
    def by_letter(key):
        return {"ops": {"one": {"config": {"letter": key}}}}

    @dg.op(config_schema={"letter": str})
    def one(context):
        return [context.op_config["letter"], context.partition_key]

    @dg.job(config=by_letter)
    def small():
        one()

    record.value("a", small.execute_in_process(partition_key="a").output_for_node("one"))
    record.value("keys", small.partitions_def.get_partition_keys())
    with record.raises("unknown", contains=["z"]):
        small.execute_in_process(partition_key="z")
