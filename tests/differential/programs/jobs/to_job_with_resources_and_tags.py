"""One graph, two jobs with different resources."""

import dagster as dg


def program(record):
    @dg.op(required_resource_keys={"greeting"})
    def greet(context):
        return context.resources.greeting

    @dg.graph
    def hello():
        greet()

    polite = hello.to_job(
        name="polite", resource_defs={"greeting": dg.ResourceDefinition.hardcoded_resource("Good day")}
    )
    short = hello.to_job(
        name="short",
        resource_defs={"greeting": dg.ResourceDefinition.hardcoded_resource("Hi")},
        tags={"style": "short"},
    )
    record.result(polite.execute_in_process(), "polite")
    record.result(short.execute_in_process(), "short")
    record.value("names", [polite.name, short.name])
    record.value("tags", dict(short.tags))
