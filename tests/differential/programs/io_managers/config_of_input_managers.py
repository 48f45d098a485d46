"""Config that an input manager takes: required, with a default, wrong; for ops, in graphs and for assets."""

import dagster as dg


@dg.input_manager(input_config_schema={"path": str})
def reader(context):
    return context.config


@dg.input_manager(input_config_schema={"path": dg.Field(str, default_value="here")})
def reader_of_here(context):
    return context.config


@dg.op
def make():
    return 1


@dg.op(ins={"x": dg.In(input_manager_key="reader")})
def use(x):
    return x


@dg.graph
def inner(y):
    return use(y)


@dg.graph
def fed():
    use(make())


@dg.graph
def alone():
    use()


@dg.graph
def nested():
    inner(make())


@dg.asset
def a():
    return 1


@dg.asset(ins={"a": dg.AssetIn(input_manager_key="reader")})
def down(a):
    return a


GIVEN = {"ops": {"use": {"inputs": {"x": {"path": "p"}}}}}
WRONG = {"ops": {"use": {"inputs": {"x": {"pth": "p"}}}}}


def program(record):
    for each in (fed, alone):
        required = each.to_job(name="required", resource_defs={"reader": reader})
        optional = each.to_job(name="optional", resource_defs={"reader": reader_of_here})
        with record.raises(f"{each.name}: missing", contains=["path", "use"]):
            required.execute_in_process()
        with record.raises(f"{each.name}: wrong", contains=["pth"]):
            required.execute_in_process(WRONG)
        record.value(f"{each.name}: given", required.execute_in_process(GIVEN).output_for_node("use"))
        record.value(f"{each.name}: default", optional.execute_in_process().output_for_node("use"))
    with record.raises("nested: missing", contains=["path", "inner"]):
        nested.to_job(name="nested_job", resource_defs={"reader": reader}).execute_in_process()
    with record.raises("asset: missing", contains=["path", "down"]):
        dg.materialize([a, down], resources={"reader": reader})
    given = {"ops": {"down": {"inputs": {"a": {"path": "p"}}}}}
    record.value(
        "asset: given",
        dg.materialize([a, down], resources={"reader": reader}, run_config=given).output_for_node("down"),
    )
    record.value(
        "asset: default", dg.materialize([a, down], resources={"reader": reader_of_here}).output_for_node("down")
    )
