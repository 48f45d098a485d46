"""A check that the columns of two materializations are the same."""

import dagster as dg


def schema(**columns):
    return dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in columns.items()])


STEPS = {
    "one without": None,
    "two without": None,
    "first": schema(a="int", b="str"),
    "same": schema(a="int", b="str"),
    "added": schema(a="int", b="str", c="float"),
    "removed": schema(a="int"),
    "other type": schema(a="float"),
    "all at once": schema(z="x", a="int"),
    "gone": None,
}


def program(record):
    @dg.asset
    def table():
        return 1

    (checks,) = dg.build_column_schema_change_checks(assets=[table, "other"])
    record.value("specs", sorted([spec.asset_key.to_user_string(), spec.name] for spec in checks.check_specs))
    with dg.DagsterInstance.ephemeral() as instance:
        for name, given in STEPS.items():
            metadata = {} if given is None else {"dagster/column_schema": given}
            instance.report_runless_asset_event(dg.AssetMaterialization("table", metadata=metadata))
            chosen = dg.AssetSelection.checks(checks)
            result = dg.materialize([table, checks], selection=chosen, instance=instance)
            record.value(
                name,
                {
                    each.asset_key.to_user_string(): [each.passed, each.severity.value, each.description]
                    for each in result.get_asset_check_evaluations()
                },
            )
