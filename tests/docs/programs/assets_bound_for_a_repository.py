"""with_resources gives copies of assets with their resources, for those who gather them in a repository."""

from orrery import asset, define_asset_job, repository, resource, with_resources


@resource
def greeting(context):
    return "hello"


@asset(required_resource_keys={"greeting"})
def letter(context):
    return f"{context.resources.greeting}, world"


@repository
def everything():
    return [*with_resources([letter], {"greeting": greeting}), define_asset_job("write")]


print(everything.get_job("write").execute_in_process().asset_value("letter"))
# prints:
# hello, world
