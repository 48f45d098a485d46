"""What an op in a nested graph, under an alias, is told of its place."""

import dagster as dg


@dg.op(config_schema={"x": int}, tags={"kind": "sql"}, required_resource_keys={"r"})
def tells(context):
    return {
        "op": context.op.name,
        "definition": context.op_def.name,
        "handle": str(context.op_handle),
        "job": context.job_name,
        "tag": context.get_tag("team"),
        "no tag": context.get_tag("nobody"),
        "has": [context.has_tag("team"), context.has_tag("nobody")],
        "run config": context.run_config,
        "config": context.op_config,
        "retry": context.retry_number,
        "outputs": sorted(context.selected_output_names),
        "partitioned": context.has_partition_key,
        "mapping key": context.get_mapping_key(),
        "resource": context.resources.r,
        "op tags": dict(context.op.tags) if hasattr(context.op, "tags") else None,
    }


@dg.graph
def inner():
    return tells.alias("renamed")()


@dg.graph
def outer():
    return inner.alias("below")()


def program(record):
    job = outer.to_job(
        name="nested_job", resource_defs={"r": dg.ResourceDefinition.hardcoded_resource("R")}, tags={"team": "data"}
    )
    config = {"ops": {"below": {"ops": {"renamed": {"config": {"x": 3}}}}}}
    for name, value in job.execute_in_process(config).output_for_node("below.renamed").items():
        record.value(name, value)
