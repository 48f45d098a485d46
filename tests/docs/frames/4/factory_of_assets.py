"""A function makes assets that differ in their thresholds."""

#: block 1
from dagster import materialize


@asset
def users() -> pl.DataFrame:
    return pl.DataFrame({"id": [1, 2, 3, 4], "predicted_churn_proba": [0.5, 0.75, 0.85, 0.95]})


result = materialize([users, *churning_users_assets])
assert result.success
for low, high, found in ((0.7, 0.8, [2]), (0.8, 0.9, [3]), (0.9, 1.0, [4])):
    assert result.asset_value(f"users_churn_between_{low}_{high}")["id"].to_list() == found
