"""The IO manager with a cache stores what is made and finds it again; without a file it makes its own value."""

from dagster import Definitions, asset

#: block 4


@asset
def upstream():
    return {"data": 5}


@asset
def downstream(upstream):
    return upstream["data"] * 2


#: block 5

job = defs.get_implicit_job_def_for_assets([upstream.key, downstream.key])
assert job.execute_in_process().asset_value("downstream") == 10
assert job.execute_in_process(asset_selection=[downstream.key]).asset_value("downstream") == 10
for name in os.listdir("cache"):
    os.remove(os.path.join("cache", name))
assert job.execute_in_process(asset_selection=[downstream.key]).asset_value("downstream") == 246
# prints:
# Found cache for AssetKey(['upstream']). Checking if it's valid...
# Cache for AssetKey(['upstream']) is valid.
# Found cache for AssetKey(['upstream']). Checking if it's valid...
# Cache for AssetKey(['upstream']) is valid.
# Materializing AssetKey(['upstream'])...
