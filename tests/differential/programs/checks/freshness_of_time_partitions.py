"""A check that the partition which was complete at the latest deadline is there."""

import dagster as dg

DAYS = dg.DailyPartitionsDefinition("2020-01-01")


@dg.asset(partitions_def=DAYS)
def daily():
    return 1


@dg.asset
def plain():
    return 1


def program(record):
    (checks,) = dg.build_time_partition_freshness_checks(assets=[daily], deadline_cron="0 9 * * *")
    (params,) = next(iter(checks.check_specs)).metadata.values()
    record.value("params", params.value)
    with dg.DagsterInstance.ephemeral() as instance:

        def look(name):
            chosen = dg.AssetSelection.checks(checks)
            result = dg.materialize([daily, checks], selection=chosen, instance=instance)
            (found,) = result.get_asset_check_evaluations()
            keys = DAYS.get_partition_keys()
            description = found.description.replace(keys[-1], "<last>").replace(keys[-2], "<last>")
            measured = sorted(each.partition("/")[2] for each in found.metadata)
            record.value(name, [found.passed, found.severity.value, description, measured])

        look("nothing yet")
        instance.report_runless_asset_event(dg.AssetMaterialization("daily", partition="2020-01-02"))
        look("an old one")
        for key in DAYS.get_partition_keys()[-2:]:
            instance.report_runless_asset_event(dg.AssetMaterialization("daily", partition=key))
        look("the last ones")
    with record.raises("no time windows"):
        (wrong,) = dg.build_time_partition_freshness_checks(assets=[plain], deadline_cron="0 9 * * *")
        dg.materialize([plain, wrong])
