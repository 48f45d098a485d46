"""An asset may say which version its data are."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return dg.Output(1, data_version=dg.DataVersion("mine"))

    @dg.asset
    def b():
        return dg.MaterializeResult(data_version=dg.DataVersion("yours"))

    result = dg.materialize([a, b])
    for name in "ab":
        (found,) = result.asset_materializations_for_node(name)
        record.value(name, record.system_tag(found.tags, "data_version"))
