"""AssetGraph.from_assets knows the edges before anything runs."""

from dagster import AssetKey, asset
from dagster._core.definitions.asset_graph import AssetGraph


@asset
def asset1():
    raise AssertionError("nothing runs")


@asset
def asset2(asset1):
    raise AssertionError("nothing runs")


assert (
    #: block 8
)
#: block 9
assert graph.asset_dep_graph["upstream"] == {AssetKey("asset1"): set(), AssetKey("asset2"): {AssetKey("asset1")}}
assert graph.asset_dep_graph["downstream"] == {AssetKey("asset1"): {AssetKey("asset2")}, AssetKey("asset2"): set()}
