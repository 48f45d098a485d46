"""What @asset says of an asset can be asked of its definition."""

import dagster as dg


def program(record):
    @dg.asset(
        key=["lake", "table"],
        description="all orders",
        group_name="g",
        metadata={"rows": 1},
        tags={"tier": "gold"},
        owners=["me@example.com", "team:data"],
        kinds={"python", "polars"},
        code_version="v1",
        io_manager_key="parquet",
        required_resource_keys={"database"},
        deps=["up"],
    )
    def table():
        return 1

    key = table.key
    spec = table.get_asset_spec()
    record.value("key", key)
    record.value("keys", table.keys)
    record.value("description", [table.descriptions_by_key[key], spec.description])
    record.value("group", [table.group_names_by_key[key], spec.group_name])
    record.value("tags", record.user_tags(spec.tags))
    record.value("owners", list(spec.owners))
    record.value("kinds", spec.kinds)
    record.value("code version", spec.code_version)
    record.value("deps", [dep.asset_key for dep in spec.deps])
    record.value("needs", table.required_resource_keys)
    record.value("executable", [table.is_executable, table.is_external, table.is_materializable])
    record.value("op", table.op.name)
    record.value("names", [sorted(table.keys_by_input_name), sorted(table.keys_by_output_name)])
