"""@resource makes a resource of a function that returns an object."""

#: block 1
from dagster import asset, materialize


@asset(required_resource_keys={"cereals"})
def table(context):
    return type(context.resources.cereals).__name__


result = materialize([table], resources={"cereals": cereal_fetcher})
assert result.asset_value("table") == "ExternalCerealFetcher"
