"""A subsettable multi_asset on both sides of another asset runs as two steps."""

import dagster as dg


def program(record):
    @dg.multi_asset(
        outs={"first": dg.AssetOut(is_required=False), "last": dg.AssetOut(is_required=False)},
        ins={"middle": dg.AssetIn(dagster_type=dg.Nothing)},
        internal_asset_deps={"first": set(), "last": {dg.AssetKey("middle")}},
        can_subset=True,
    )
    def ends(context):
        for name in sorted(context.selected_output_names):
            yield dg.Output(name, output_name=name)

    @dg.asset
    def middle(first):
        return first + "-middle"

    result = dg.materialize([ends, middle])
    record.value("success", result.success)
    record.value("materialized", [e.asset_key.to_user_string() for e in result.get_asset_materialization_events()])
