"""An op keeps the user's function, which is called with the context and the inputs."""

from dagster import build_op_context, op


@op(config_schema={"n": int})
def op_def(context, a, b):
    return a + b + context.op_config["n"]


op_context = build_op_context(op_config={"n": 100})
inputs = {"a": 1, "b": 2}
value = (
    #: block 12
)
assert value == 103
