"""A generator resource, which needs another, is closed in reverse though the step failed."""

import dagster as dg


def program(record):
    heard = []

    @dg.resource
    def engine(_):
        heard.append("engine up")
        try:
            yield "engine"
        finally:
            heard.append("engine down")

    @dg.resource(required_resource_keys={"engine"}, config_schema={"name": dg.Field(str, default_value="s")})
    def session(context):
        heard.append(f"session {context.resource_config['name']} on {context.resources.engine}")
        yield "session"
        heard.append("session down")

    @dg.op(required_resource_keys={"session"})
    def broken(context):
        heard.append(f"op with {context.resources.session}")
        raise ValueError("no")

    @dg.job(resource_defs={"engine": engine, "session": session})
    def nightly():
        broken()

    record.result(
        nightly.execute_in_process(
            raise_on_error=False, run_config={"resources": {"session": {"config": {"name": "main"}}}}
        )
    )
    record.value("heard", heard)
