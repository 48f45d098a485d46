"""The context of an asset gives it the log, its config and its resources."""

#: block 1
from dagster import materialize

assert materialize([my_asset], resources={"my_api_client": object()}).success
