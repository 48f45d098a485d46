"""An input without a source may be loaded by an input manager."""

import dagster as dg


def program(record):
    @dg.input_manager(input_config_schema={"name": str})
    def ready(context):
        return f"ready {context.config['name']} for {context.name}"

    @dg.op(ins={"x": dg.In(input_manager_key="ready")})
    def reads(x):
        return x

    @dg.job(resource_defs={"ready": ready})
    def small():
        reads()

    record.result(small.execute_in_process(run_config={"ops": {"reads": {"inputs": {"x": {"name": "n"}}}}}))
