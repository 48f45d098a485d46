"""A check that a number among the metadata lies within bounds."""

import dagster as dg

BOUNDS = (
    {"min_value": 1, "max_value": 5},
    {"min_value": 1},
    {"max_value": 5, "exclusive_max": True},
    {"min_value": 1, "max_value": 5, "exclusive_min": True},
)


def program(record):
    @dg.asset
    def table():
        return 1

    for number, bounds in enumerate(BOUNDS):
        (checks,) = dg.build_metadata_bounds_checks(assets=[table], metadata_key="my key/x", **bounds)
        (spec,) = checks.check_specs
        record.value(f"{number} spec", [spec.name, spec.description, spec.blocking])
        with dg.DagsterInstance.ephemeral() as instance:
            for value in ("not made", None, 1, 0, 5, 6, "text", True) if number == 0 else (0, 1, 5):
                if value != "not made":
                    metadata = {} if value is None else {"my key/x": value}
                    instance.report_runless_asset_event(dg.AssetMaterialization("table", metadata=metadata))
                chosen = dg.AssetSelection.checks(checks)
                result = dg.materialize([table, checks], selection=chosen, instance=instance)
                (found,) = result.get_asset_check_evaluations()
                record.value(f"{number} {value}", [found.passed, found.severity.value, found.description])
    with record.raises("no bounds", contains=["min_value", "max_value"]):
        dg.build_metadata_bounds_checks(assets=[table], metadata_key="n")
    with record.raises("crossed bounds", contains=["min_value", "max_value"]):
        dg.build_metadata_bounds_checks(assets=[table], metadata_key="n", min_value=3, max_value=1)
