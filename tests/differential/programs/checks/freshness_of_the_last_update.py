"""Checks that assets were updated lately: by materializations, and by observations that tell when."""

import re
import time
from datetime import timedelta

import dagster as dg


@dg.asset
def a():
    return 1


@dg.asset
def b():
    return 1


def said(result):
    """What was found, by check, without the figures that pass."""
    return {
        each.asset_key.to_user_string(): [
            each.passed,
            each.severity.value,
            re.sub(r"(\d+ \w+(, )?)+", "<time>", each.description.replace("was  ago", "was 0 seconds ago")),
            sorted(name.partition("/")[2] for name in each.metadata),
        ]
        for each in result.get_asset_check_evaluations()
    }


def told(seconds_ago):
    return {"dagster/last_updated_timestamp": dg.MetadataValue.timestamp(time.time() - seconds_ago)}


def program(record):
    (checks,) = dg.build_last_update_freshness_checks(assets=[a, b, "c"], lower_bound_delta=timedelta(minutes=10))
    for spec in sorted(checks.check_specs, key=lambda each: each.key.asset_key):
        record.value(f"spec {spec.asset_key.to_user_string()}", [spec.name, spec.blocking, spec.description])
        (params,) = spec.metadata.values()
        record.value(f"params {spec.asset_key.to_user_string()}", params.value)
    with dg.DagsterInstance.ephemeral() as instance:

        def look(name, definitions=checks):
            chosen = dg.AssetSelection.checks(definitions)
            record.value(name, said(dg.materialize([a, b, definitions], selection=chosen, instance=instance)))

        look("nothing yet")
        dg.materialize([a], instance=instance)
        look("made")
        for age in (3600, 30):
            instance.report_runless_asset_event(dg.AssetObservation("b", metadata=told(age)))
            look(f"observed {age}")
        instance.report_runless_asset_event(dg.AssetObservation("c"))
        look("observed without telling when")
        (one,) = dg.build_last_update_freshness_checks(
            assets=["b"],
            lower_bound_delta=timedelta(days=400),
            deadline_cron="0 0 * * *",
            timezone="Europe/Berlin",
            severity=dg.AssetCheckSeverity.ERROR,
            blocking=True,
        )
        look("with a deadline", one)
        (late,) = dg.build_last_update_freshness_checks(
            assets=["never"], lower_bound_delta=timedelta(days=1), deadline_cron="0 0 * * *"
        )
        look("never, with a deadline", late)
    with record.raises("asset twice", contains=["uplicate"]):
        dg.build_last_update_freshness_checks(assets=[a, a], lower_bound_delta=timedelta(minutes=1))
    with record.raises("no cron string", contains=["cron"]):
        dg.build_last_update_freshness_checks(assets=[a], lower_bound_delta=timedelta(minutes=1), deadline_cron="bad")
