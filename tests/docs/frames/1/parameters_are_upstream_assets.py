"""A parameter named as an asset makes an edge of the graph."""

import pandas as pd
from dagster import AssetKey, asset
from dagster._core.definitions.asset_graph import AssetGraph

#: block 1

graph = AssetGraph.from_assets([raw_data, clean_data])
assert set(graph.get_parents(AssetKey("clean_data"))) == {AssetKey("raw_data")}
assert set(graph.get_parents(AssetKey("raw_data"))) == set()
