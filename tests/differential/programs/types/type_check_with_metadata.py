"""A check may return a TypeCheck with words and metadata."""

import dagster as dg


def program(record):
    def look(context, value):
        return dg.TypeCheck(success=len(value) > 1, description="more than one", metadata={"count": len(value)})

    several = dg.DagsterType(name="Several", type_check_fn=look)

    @dg.op(out=dg.Out(several), config_schema=[int])
    def numbers(context):
        return context.op_config

    @dg.job
    def small():
        numbers()

    for name, config in (("fine", [1, 2]), ("wrong", [1])):
        result = small.execute_in_process(run_config={"ops": {"numbers": {"config": config}}}, raise_on_error=False)
        record.value(f"{name} success", result.success)
        (event,) = [one for one in result.all_events if one.event_type_value == "STEP_OUTPUT"]
        check = event.event_specific_data.type_check_data
        record.value(f"{name} check", [check.success, check.label, check.description])
        record.metadata(f"{name} metadata", check.metadata)
