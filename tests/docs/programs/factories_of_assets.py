"""Assets made by functions: one per band of values, for any upstream asset."""

import polars as pl

from orrery import AssetIn, AssetsDefinition, StaticPartitionsDefinition, asset, materialize


@asset(group_name="people")
def users() -> pl.DataFrame:
    return pl.DataFrame({"name": ["Ada", "Bob", "Eve"], "score": [0.1, 0.5, 0.9]})


@asset(key=["by_land", "users"], group_name="lands", partitions_def=StaticPartitionsDefinition(["A", "B"]))
def users_by_land() -> pl.DataFrame:
    return pl.DataFrame({"name": [], "score": []})


def band(upstream: AssetsDefinition, low: float, high: float) -> AssetsDefinition:
    @asset(
        key=[f"score_{low}_{high}", *upstream.key],
        group_name=upstream.group_name,
        partitions_def=upstream.partitions_def,
        ins={"upstream": AssetIn(upstream.key)},
    )
    def chosen(upstream: pl.DataFrame) -> pl.DataFrame:
        return upstream.filter(pl.col("score").is_between(low, high))

    return chosen


bands = [band(upstream, low, high) for upstream in (users, users_by_land) for low, high in ((0.0, 0.4), (0.4, 1.0))]
for one in bands:
    keys = one.partitions_def.get_partition_keys() if one.partitions_def else []
    print(one.key.to_user_string(), one.group_name, list(keys))
result = materialize([users, *bands[:2]])
print([result.asset_value(one.key)["name"].to_list() for one in bands[:2]])
# prints:
# score_0.0_0.4/users people []
# score_0.4_1.0/users people []
# score_0.0_0.4/by_land/users lands ['A', 'B']
# score_0.4_1.0/by_land/users lands ['A', 'B']
# [['Ada'], ['Bob', 'Eve']]
