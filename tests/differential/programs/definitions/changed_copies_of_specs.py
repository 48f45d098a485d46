"""replace_attributes, merge_attributes and map_asset_specs give changed copies."""

import dagster as dg


def program(record):
    spec = dg.AssetSpec("a", metadata={"x": 1}, tags={"t": "1"}, owners=["team:one"], group_name="g")
    replaced = spec.replace_attributes(group_name="h", metadata={"y": 2})
    record.value("replaced", [replaced.group_name, dict(replaced.metadata), dict(replaced.tags)])
    merged = spec.merge_attributes(metadata={"y": 2}, tags={"u": "2"}, owners=["team:two"], deps=["up"])
    record.value("merged", [dict(merged.metadata), dict(merged.tags), list(merged.owners)])
    record.value("deps", [dep.asset_key for dep in merged.deps])
    record.value("original", [spec.group_name, dict(spec.metadata)])

    @dg.asset
    def table():
        return 1

    (mapped,) = dg.map_asset_specs(lambda one: one.replace_attributes(group_name="mapped"), [table])
    record.value("mapped", mapped.group_names_by_key)
    changed = table.map_asset_specs(lambda one: one.merge_attributes(tags={"a": "b"}))
    record.value("tags", record.user_tags(changed.tags_by_key[changed.key]))
