"""Table schemas carry columns, types and constraints."""

import dagster as dg


def program(record):
    schema = dg.TableSchema(
        columns=[
            dg.TableColumn(
                "id", "int", description="key", constraints=dg.TableColumnConstraints(nullable=False, unique=True)
            ),
            dg.TableColumn("name", constraints=dg.TableColumnConstraints(other=["short"]), tags={"pii": "yes"}),
        ],
        constraints=dg.TableConstraints(other=["rows > 0"]),
    )
    record.value("schema", schema)
    record.value("from names", dg.TableSchema.from_name_type_dict({"a": "int", "b": "string"}))
    table = dg.MetadataValue.table(records=[dg.TableRecord({"a": 1, "b": "x"})])
    record.value("inferred", table.schema)
    with record.raises("no records and no schema"):
        dg.MetadataValue.table(records=[])
