"""ResourceDefinition's ready-made resources."""

import dagster as dg


def program(record):
    @dg.asset(required_resource_keys={"fixed", "none", "text", "mock"})
    def table(context):
        found = context.resources
        return [found.fixed, found.none, found.text, type(found.mock).__name__]

    resources = {
        "fixed": dg.ResourceDefinition.hardcoded_resource(5),
        "none": dg.ResourceDefinition.none_resource(),
        "text": dg.ResourceDefinition.string_resource(),
        "mock": dg.ResourceDefinition.mock_resource(),
    }
    config = {"resources": {"text": {"config": "words"}}}
    record.result(dg.materialize([table], resources=resources, run_config=config))
