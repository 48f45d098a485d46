"""Run config is resolved first, then the resources are built of it, and the context gives them to the step."""

from dagster import build_resources, job, op, resource, validate_run_config


@resource(config_schema={"endpoint": str})
def my_resource(init_context):
    return init_context.resource_config["endpoint"]


@op(required_resource_keys={"my_resource"})
def one(context):
    return (
        #: block 14
    )


resource_defs = {"my_resource": my_resource}


@job(resource_defs=resource_defs)
def my_job():
    one()


class ResolvedRunConfig:
    @staticmethod
    def build(run_config):
        return validate_run_config(my_job, run_config)


run_config = {"resources": {"my_resource": {"config": {"endpoint": "https://example.com"}}}}
#: block 13
assert resolved_run_config["resources"]["my_resource"]["config"] == {"endpoint": "https://example.com"}
with resource_build_context as resources:
    assert resources.my_resource == "https://example.com"
assert my_job.execute_in_process(run_config=run_config).output_for_node("one") == "https://example.com"
