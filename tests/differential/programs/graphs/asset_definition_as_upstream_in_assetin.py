"""AssetIn and deps take the definition of the parent itself."""

import dagster as dg


def program(record):
    @dg.asset(key=["x", "source"])
    def source():
        return 5

    @dg.asset(ins={"value": dg.AssetIn(key=source.key)})
    def reader(value):
        return value * 2

    @dg.asset(deps=[dg.AssetDep(reader)])
    def last():
        return "end"

    record.value("deps of last", sorted(k.to_user_string() for k in last.asset_deps[last.key]))
    record.result(dg.materialize([source, reader, last]))
