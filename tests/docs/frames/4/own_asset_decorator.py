"""A decorator over @asset keeps the parameters of the user's function as inputs and config."""

from dagster import AssetKey, AssetsDefinition, InMemoryIOManager, asset, materialize

#: block 6


@asset(io_manager_key="my_io_manager")
def usptream_1():
    return 1


@asset(io_manager_key="my_io_manager")
def upstream_2():
    return 2


assert my_asset.group_names_by_key == {AssetKey("my_asset"): "my_group"}
assert my_asset.asset_deps[my_asset.key] == {AssetKey("usptream_1"), AssetKey("upstream_2")}
result = materialize(
    [my_asset, usptream_1, upstream_2],
    resources={"my_io_manager": InMemoryIOManager()},
    run_config={"ops": {"my_asset": {"config": {"foo": "baz"}}}},
)
assert result.success
