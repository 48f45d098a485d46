"""internal_asset_deps says which output is made of which."""

import dagster as dg


def program(record):
    @dg.multi_asset(
        outs={"staged": dg.AssetOut(), "final": dg.AssetOut()},
        internal_asset_deps={"staged": {dg.AssetKey("raw")}, "final": {dg.AssetKey("staged")}},
    )
    def both(raw):
        return raw + 1, raw + 2

    @dg.asset
    def raw():
        return 1

    record.value("deps", {k.to_user_string(): v for k, v in both.asset_deps.items()})
    record.result(dg.materialize([raw, both]))
