"""A factory takes an upstream asset, and carries its key, group and partitions on."""

import polars as pl
from dagster import AssetKey, AssetsDefinition, asset, materialize


@asset
def users() -> pl.DataFrame:
    return pl.DataFrame({"id": [1, 2, 3, 4], "predicted_churn_proba": [0.5, 0.75, 0.85, 0.95]})


#: block 2
#: block 3

assert len(churning_users_assets) == 6
of_users, of_special = churning_users_assets[:3], churning_users_assets[3:]
assert of_special[0].key == AssetKey(["users_churn_between_0.7_0.8", "users", "special"])
assert {one.group_name for one in of_special} == {"special"}
assert all(one.partitions_def == special_users.partitions_def for one in of_special)
assert all(one.partitions_def is None for one in of_users)
result = materialize([users, *of_users])
assert result.asset_value(of_users[1].key)["id"].to_list() == [3]
