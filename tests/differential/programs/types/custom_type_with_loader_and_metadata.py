"""A type of one's own is loaded from config, checked with metadata, and refused by name."""

import dagster as dg


def program(record):
    @dg.dagster_type_loader(dg.Selector({"text": str, "number": int}))
    def load(_context, config):
        ((kind, value),) = config.items()
        return f"{kind}={value}"

    def check(_context, value):
        return dg.TypeCheck(
            success=isinstance(value, str) and "=" in value,
            description="an equation",
            metadata={"length": len(str(value))},
        )

    equation = dg.DagsterType(name="Equation", type_check_fn=check, loader=load, description="left=right")

    @dg.op(ins={"given": dg.In(equation)}, out=dg.Out(equation))
    def same(given):
        return given

    @dg.op(out=dg.Out(equation))
    def wrong():
        return "nothing"

    @dg.job
    def loaded():
        same()

    @dg.job
    def refused():
        wrong()

    result = loaded.execute_in_process(run_config={"ops": {"same": {"inputs": {"given": {"number": 4}}}}})
    record.result(result)
    record.value("value", result.output_for_node("same"))
    record.result(refused.execute_in_process(raise_on_error=False), "refused")
    with record.raises("two of the selector", contains=["given"]):
        loaded.execute_in_process(run_config={"ops": {"same": {"inputs": {"given": {"number": 4, "text": "x"}}}}})
