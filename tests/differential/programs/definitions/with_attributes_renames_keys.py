"""with_attributes gives a copy under other keys and groups."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    moved = a.with_attributes(asset_key_replacements={dg.AssetKey("a"): dg.AssetKey(["p", "a"])})
    reader = b.with_attributes(asset_key_replacements={dg.AssetKey("a"): dg.AssetKey(["p", "a"])})
    record.value("key", moved.key)
    record.value("deps", reader.asset_deps[reader.key])
    record.result(dg.materialize([moved, reader]))
