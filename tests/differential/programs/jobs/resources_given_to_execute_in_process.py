"""execute_in_process(resources=...) replaces the resources of a job, also by bare objects."""

import dagster as dg


class MockClient:
    def get_data(self):
        return "mock"


def program(record):
    @dg.op(required_resource_keys={"my_api"})
    def fetch(context):
        return context.resources.my_api.get_data()

    @dg.resource
    def real(context):
        raise ConnectionError("not in a test")

    @dg.job(resource_defs={"my_api": real})
    def nightly():
        fetch()

    record.result(nightly.execute_in_process(resources={"my_api": MockClient()}))
