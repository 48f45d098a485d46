"""What @op says of an op can be asked of its definition."""

import dagster as dg


def program(record):
    @dg.op(
        name="renamed",
        description="does things",
        ins={"x": dg.In(int, description="number", metadata={"unit": "m"}, default_value=1)},
        out={
            "a": dg.Out(
                int,
                description="first",
                metadata={"k": "v"},
                io_manager_key="shelf",
                is_required=False,
                code_version="2",
            )
        },
        config_schema={"n": int},
        required_resource_keys={"box"},
        tags={"kind": "sql"},
        code_version="v1",
        retry_policy=dg.RetryPolicy(max_retries=2),
    )
    def one(context, x):
        return x

    record.value("name", one.name)
    record.value("description", one.description)
    record.value("tags", dict(one.tags))
    record.value("needs", sorted(one.required_resource_keys))
    record.value("version", one.version)
    record.value("retries", one.retry_policy.max_retries)
    (input_,) = one.input_defs
    record.value("input", [input_.name, input_.description, input_.has_default_value, input_.default_value])
    record.metadata("input metadata", input_.metadata)
    record.value("input type", input_.dagster_type.display_name)
    (output,) = one.output_defs
    record.value(
        "output", [output.name, output.description, output.is_required, output.io_manager_key, output.is_dynamic]
    )
    record.metadata("output metadata", output.metadata)
