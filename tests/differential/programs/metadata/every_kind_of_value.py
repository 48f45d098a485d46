"""Each kind of metadata value is kept as what it is."""

import datetime as dt

import dagster as dg


def program(record):
    @dg.asset
    def table():
        value = dg.MetadataValue
        return dg.Output(
            1,
            metadata={
                "text": value.text("t"),
                "url": value.url("https://example.com"),
                "place": value.path("/a/b"),
                "notebook": value.notebook("/n.ipynb"),
                "json": value.json({"a": [1, None, True]}),
                "md": value.md("# title"),
                "float": value.float(1.5),
                "int": value.int(3),
                "bool": value.bool(True),
                "null": value.null(),
                "timestamp": value.timestamp(1700000000.0),
                "moment": value.timestamp(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
                "asset": value.asset(dg.AssetKey(["a", "b"])),
                "run": value.dagster_run("1234"),
                "artifact": value.python_artifact(dt.datetime),
                "schema": value.table_schema(dg.TableSchema(columns=[dg.TableColumn("a", "int")])),
                "table": value.table(
                    records=[dg.TableRecord({"a": 1}), dg.TableRecord({"a": 2})],
                    schema=dg.TableSchema(columns=[dg.TableColumn("a", "int", description="first")]),
                ),
                "lineage": value.column_lineage(
                    dg.TableColumnLineage({"x": [dg.TableColumnDep(asset_key="up", column_name="y")]})
                ),
            },
        )

    result = dg.materialize([table])
    (found,) = result.asset_materializations_for_node("table")
    for name, entry in found.metadata.items():
        if name == "path":
            continue  # of the IO manager
        if name == "run":
            record.value("run", [type(entry).__name__.removeprefix("Dagster"), entry.run_id])
        elif name == "artifact":
            record.value("artifact", [type(entry).__name__, entry.module, entry.name])
        elif name == "asset":
            record.value("asset", [type(entry).__name__.removeprefix("Dagster"), entry.asset_key])
        else:
            record.metadata(name, {name: entry})
