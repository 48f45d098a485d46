"""FilesystemIOManager: values of one run are read by another."""

from pathlib import Path

import dagster as dg


def program(record):
    folder = Path("values").absolute()
    manager = dg.FilesystemIOManager(base_dir=str(folder))

    @dg.asset
    def a():
        return {"x": [1, 2]}

    @dg.asset
    def b(a):
        return a["x"]

    record.result(dg.materialize([a, b], resources={"io_manager": manager}), "both")
    record.result(dg.materialize([a, b], resources={"io_manager": manager}, selection=["b"]), "second alone")
    record.value("something lies there", sum(path.is_file() for path in folder.rglob("*")) > 0)
