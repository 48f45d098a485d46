"""The specs of a multi_asset come back whole."""

import dagster as dg


def program(record):
    @dg.multi_asset(
        specs=[
            dg.AssetSpec("a", deps=["up"], group_name="g", metadata={"x": 1}, tags={"t": "1"}, skippable=True),
            dg.AssetSpec("b", deps=[dg.AssetDep("a")], owners=["me@example.com"], code_version="2"),
        ]
    )
    def pair():
        pass

    for spec in pair.specs:
        name = spec.key.to_user_string()
        record.value(f"{name} deps", [dep.asset_key for dep in spec.deps])
        record.value(f"{name} group", spec.group_name)
        record.value(f"{name} owners", list(spec.owners))
        record.value(f"{name} code version", spec.code_version)
        record.value(f"{name} tags", dict(spec.tags))
        record.value(f"{name} skippable", spec.skippable)
