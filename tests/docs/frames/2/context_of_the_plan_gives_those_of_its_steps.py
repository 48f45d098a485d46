"""One context of the plan serves a run, and makes the context of each step."""

from dagster import job, op


@op
def one():
    return 1


@op
def two(context, x):
    step_execution_context = context.get_step_execution_context()
    plan_context = step_execution_context.plan_context
    execution_plan = plan_context.execution_plan

    def execute_step(step_context):
        executed.append([step_context.step.key, step_context.run_id, type(step_context).__name__])

    #: block 5
    step = execution_plan.get_step_by_key("one")
    #: block 11
    assert step_context.step.key == "one"
    assert plan_context.run_id == context.run_id
    return x


executed = []


@job
def my_job():
    two(one())


result = my_job.execute_in_process()
assert result.success
assert executed == [[key, result.run_id, "StepExecutionContext"] for key in ("one", "two")], executed
