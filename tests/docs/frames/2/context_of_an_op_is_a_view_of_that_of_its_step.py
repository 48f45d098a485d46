"""An OpExecutionContext is built over a StepExecutionContext."""

from dagster import OpExecutionContext, job, op

#: block 6


@op(config_schema={"n": int})
def one(context):
    view = build_op_context(context.get_step_execution_context())
    return [view.op_config["n"], view.run_id == context.run_id, view.op.name]


@job
def my_job():
    one()


result = my_job.execute_in_process(run_config={"ops": {"one": {"config": {"n": 3}}}})
assert result.output_for_node("one") == [3, True, "one"]
