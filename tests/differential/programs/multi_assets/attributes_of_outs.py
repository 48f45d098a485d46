"""What an AssetOut says of its asset can be asked of the definition."""

import dagster as dg


def program(record):
    @dg.multi_asset(
        outs={
            "a": dg.AssetOut(
                description="first",
                metadata={"rows": 1},
                code_version="v1",
                tags={"tier": "gold"},
                owners=["team:data"],
                kinds={"python"},
            ),
            "b": dg.AssetOut(key_prefix="deep"),
        },
        group_name="both",
    )
    def pair():
        return 1, 2

    a, b = dg.AssetKey("a"), dg.AssetKey(["deep", "b"])
    record.value("keys", sorted(pair.keys))
    record.value("descriptions", [pair.descriptions_by_key.get(a), pair.descriptions_by_key.get(b)])
    record.metadata("metadata", pair.metadata_by_key[a])
    record.value("code versions", [pair.code_versions_by_key[a], pair.code_versions_by_key[b]])
    record.value("groups", pair.group_names_by_key)
    record.value("owners", pair.owners_by_key.get(a))
    record.value("tags", record.user_tags(pair.tags_by_key[a]))
    record.value("kinds", [spec.kinds for spec in pair.specs if spec.key == a])
    record.value("can_subset", pair.can_subset)
