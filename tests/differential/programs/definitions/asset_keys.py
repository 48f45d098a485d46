"""Keys from texts, lists and keys; their texts; their order."""

import dagster as dg


def program(record):
    record.value("one part", dg.AssetKey("a").path)
    record.value("slash in one part", dg.AssetKey("a/b").path)
    record.value("list", list(dg.AssetKey(["a", "b"]).path))
    record.value("user string", dg.AssetKey(["a", "b"]).to_user_string())
    record.value("json", dg.AssetKey(["a", "b"]).to_string())
    record.value("from user string", dg.AssetKey.from_user_string("a/b").path)
    record.value("python identifier", dg.AssetKey(["a", "b-c"]).to_python_identifier())
    record.value("with suffix", dg.AssetKey(["a", "b"]).to_python_identifier("x"))
    record.value("prefixed", dg.AssetKey("b").with_prefix(["p", "q"]).path)
    record.value("has prefix", [dg.AssetKey(["a", "b"]).has_prefix(["a"]), dg.AssetKey(["a", "b"]).has_prefix(["b"])])
    record.value("equal", dg.AssetKey(["a"]) == dg.AssetKey("a"))
    record.value("in a set", len({dg.AssetKey("a"), dg.AssetKey(["a"]), dg.AssetKey("b")}))
    record.value("coerced", [dg.AssetKey.from_coercible(one).path for one in ("a/b", ["a", "b"], dg.AssetKey("a"))])
    record.value("repr", repr(dg.AssetKey(["a", "b"])))
    with record.raises("of a number"):
        dg.AssetKey(5)
