"""A multi_asset_check gives results for several checks of several assets."""

import dagster as dg


def program(record):
    @dg.asset
    def users():
        return 1

    @dg.asset
    def orders():
        return 2

    @dg.multi_asset_check(
        specs=[
            dg.AssetCheckSpec("fresh", asset=users),
            dg.AssetCheckSpec("fresh", asset=orders),
            dg.AssetCheckSpec("joined", asset=orders, additional_deps=[users]),
        ]
    )
    def looks():
        yield dg.AssetCheckResult(asset_key="users", check_name="fresh", passed=True)
        yield dg.AssetCheckResult(asset_key="orders", check_name="fresh", passed=False)
        yield dg.AssetCheckResult(asset_key="orders", check_name="joined", passed=True)

    record.result(dg.materialize([users, orders, looks]))
