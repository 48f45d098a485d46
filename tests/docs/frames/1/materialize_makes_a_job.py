"""materialize is found under the path the document names, and runs a job made of the assets."""

import dagster._core.execution.api
from dagster import asset


@asset
def asset1():
    return 1


@asset
def asset2(asset1):
    return asset1 + 1


result = (
    #: block 7
)
assert result.success
assert {node.name for node in result.job_def.nodes} == {"asset1", "asset2"}
