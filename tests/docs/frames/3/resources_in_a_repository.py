"""with_resources binds resources to assets for a repository."""

from dagster import asset, resource


@resource
def foo_resource(init_context):
    return "foo"


@asset(required_resource_keys={"foo"})
def asset_requires_resource(context):
    return context.resources.foo


#: block 5
job = repo.get_implicit_job_def_for_assets([asset_requires_resource.key])
assert job.execute_in_process().asset_value("asset_requires_resource") == "foo"
