"""The prefix of sources is put before specs without a function, too, and assets follow."""

import types

import dagster as dg


def program(record):
    module = types.ModuleType("warehouse")
    module.orders = dg.AssetSpec("orders")
    module.rates = dg.SourceAsset("rates")

    @dg.asset(deps=["orders", "rates", "elsewhere"])
    def report():
        return 1

    module.report = report
    for specs in (True, False):
        found = dg.load_assets_from_modules([module], source_key_prefix=["raw", "shop"], include_specs=specs)
        for each in found:
            place = f"specs {specs}: {each.key.to_user_string()}"
            record.value(place, sorted(key.to_user_string() for key in parents(each)))


def parents(asset):
    return asset.asset_deps[asset.key] if isinstance(asset, dg.AssetsDefinition) else []
