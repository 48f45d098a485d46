"""execute_in_process takes run config, and a bare object in the place of a resource."""

import dagster._core.execution.api
from dagster import job, op, resource


class MockClient:
    def get(self, page):
        return f"page {page}"


@resource
def real_client(context):
    raise AssertionError("the test must not reach it")


@op(required_resource_keys={"my_api"}, config_schema={"page": int})
def fetch(context):
    return context.resources.my_api.get(context.op_config["page"])


@job(resource_defs={"my_api": real_client})
def my_job():
    fetch()


#: block 8
assert result.output_for_node("fetch") == "page 2"


@op
def one():
    return 1


@job
def my_job():
    one()


result = (
    #: block 9
)
assert result.output_for_node("one") == 1
