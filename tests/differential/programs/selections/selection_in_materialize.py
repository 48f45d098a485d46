"""materialize takes names, keys, definitions and selections."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset(key=["deep", "b"])
    def b():
        return 2

    @dg.asset
    def c():
        return 3

    def made(selection):
        result = dg.materialize([a, b, c], selection=selection)
        return sorted(e.asset_key.to_user_string() for e in result.get_asset_materialization_events())

    record.value("names", made(["a", "deep/b"]))
    record.value("text", made("a"))
    record.value("keys", made([dg.AssetKey(["deep", "b"])]))
    record.value("definitions", made([c]))
    record.value("selection", made(dg.AssetSelection.all() - dg.AssetSelection.assets("a")))
    with record.raises("unknown", contains=["zz"]):
        made(["zz"])
