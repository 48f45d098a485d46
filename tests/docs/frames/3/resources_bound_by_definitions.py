"""Resources given to Definitions are bound to the assets, and asset jobs use them."""

from dagster import asset, define_asset_job, resource


@resource
def foo_resource(init_context):
    return "foo"


@asset(required_resource_keys={"foo"})
def asset_requires_resource(context):
    return context.resources.foo


#: block 2
job = Definitions(assets=defs.assets, resources=defs.resources, jobs=[define_asset_job("foo_job")]).get_job_def(
    "foo_job"
)
assert job.execute_in_process().asset_value("asset_requires_resource") == "foo"
