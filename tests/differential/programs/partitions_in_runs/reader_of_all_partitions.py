"""An unpartitioned asset reads all partitions of its parent."""

import dagster as dg


def program(record):
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
    def table(context):
        return context.partition_key

    @dg.asset
    def reader(table):
        return table

    with dg.instance_for_test() as instance:
        for key in "ab":
            dg.materialize([table], partition_key=key, instance=instance)
        record.result(dg.materialize([table, reader], selection=["reader"], instance=instance))
