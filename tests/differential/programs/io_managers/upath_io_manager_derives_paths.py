"""UPathIOManager: only how to write and read one path is left to say."""

import json

import dagster as dg


class Json(dg.UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context, obj, path):
        path.write_text(json.dumps(obj))

    def load_from_path(self, context, path):
        return json.loads(path.read_text())


def program(record):
    from pathlib import Path

    from upath import UPath

    @dg.asset(key=["deep", "a"])
    def a():
        return {"x": 1}

    @dg.asset(ins={"a": dg.AssetIn(key=["deep", "a"])})
    def b(a):
        return a["x"]

    manager = Json(base_path=UPath("store"))
    record.result(dg.materialize([a, b], resources={"io_manager": manager}))
    record.value("files", sorted(str(path.relative_to("store")) for path in Path("store").rglob("*.json")))
