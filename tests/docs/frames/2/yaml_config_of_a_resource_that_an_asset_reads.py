"""Run config from YAML makes the resource that an asset reads through its context."""

from dagster import AssetExecutionContext, asset, config_from_yaml_strings, materialize, resource

RUN_CONFIG = """
#: block 15
"""


class Api:
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def get_data(self):
        asked.append(self.endpoint)


asked = []


@resource(config_schema={"endpoint": str})
def my_api(init_context):
    return Api(init_context.resource_config["endpoint"])


#: block 16

run_config = config_from_yaml_strings([RUN_CONFIG])
assert materialize([my_asset], resources={"my_api": my_api}, run_config=run_config).success
assert asked == ["https://..."]
