"""A hook may need resources, and see outputs."""

import dagster as dg


def program(record):
    seen = []

    @dg.success_hook(required_resource_keys={"box"})
    def put(context):
        seen.append([context.resources.box, dict(context.op_output_values), context.job_name, context.op_config])
        context.log.info("heard")

    @dg.op(config_schema={"n": int})
    def one(context):
        return context.op_config["n"]

    @dg.job(hooks={put}, resource_defs={"box": dg.ResourceDefinition.hardcoded_resource("box")})
    def small():
        one()

    record.result(small.execute_in_process(run_config={"ops": {"one": {"config": {"n": 4}}}}))
    record.value("seen", seen)
