"""Run config from YAML fills a resource, which an asset asks for."""

from orrery import asset, config_from_yaml_strings, materialize, resource

CONFIG = """
resources:
  api:
    config:
      endpoint: "https://example.com"
"""


@resource(config_schema={"endpoint": str, "pages": int})
def api(context):
    endpoint = context.resource_config["endpoint"]
    return [f"{endpoint}/{page}" for page in range(context.resource_config["pages"])]


@asset(required_resource_keys={"api"})
def pages(context):
    return context.resources.api


run_config = config_from_yaml_strings([CONFIG, "resources: {api: {config: {pages: 2}}}"])
print(materialize([pages], resources={"api": api}, run_config=run_config).asset_value("pages"))
# prints:
# ['https://example.com/0', 'https://example.com/1']
