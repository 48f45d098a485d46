"""deps= orders steps and passes nothing, whichever way the parent is named."""

import dagster as dg


def program(record):
    seen = []

    @dg.asset
    def by_definition():
        seen.append("by_definition")

    @dg.asset
    def by_name():
        seen.append("by_name")

    @dg.asset(key_prefix="pre")
    def by_key():
        seen.append("by_key")

    @dg.asset(deps=[by_definition, "by_name", dg.AssetKey(["pre", "by_key"])])
    def child():
        seen.append("child")

    record.result(dg.materialize([child, by_definition, by_name, by_key]))
    record.value("child is last", seen[-1])
    record.value("all ran", sorted(seen))
