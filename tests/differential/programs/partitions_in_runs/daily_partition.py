"""The time window of a daily partition."""

import dagster as dg


def program(record):
    days = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-02-01")

    @dg.asset(partitions_def=days)
    def table(context):
        window = context.partition_time_window
        return [context.partition_key, window.start.isoformat(), window.end.isoformat()]

    record.result(dg.materialize([table], partition_key="2024-01-15"))
    record.value("keys", [days.get_partition_keys()[0], days.get_partition_keys()[-1], len(days.get_partition_keys())])
