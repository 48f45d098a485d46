"""A partitioned asset runs for one partition, and says which."""

import dagster as dg


def program(record):
    letters = dg.StaticPartitionsDefinition(["a", "b"])

    @dg.asset(partitions_def=letters)
    def table(context):
        return context.partition_key * 2

    @dg.asset(partitions_def=letters)
    def reader(context, table):
        return [context.partition_key, table]

    with dg.instance_for_test() as instance:
        record.result(dg.materialize([table, reader], partition_key="a", instance=instance), "a")
        record.result(dg.materialize([table, reader], partition_key="b", instance=instance), "b")
        found = instance.get_materialized_partitions(dg.AssetKey("table"))
        record.value("materialized", sorted(found))
        with record.raises("unknown", contains=["z"]):
            dg.materialize([table], partition_key="z", instance=instance)
        with record.raises("none"):
            dg.materialize([table], instance=instance)
