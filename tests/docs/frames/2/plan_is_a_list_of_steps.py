"""create_execution_plan gives the steps of a job."""

from dagster import create_execution_plan, job, op


@op(config_schema={"n": int})
def one(context):
    return context.op_config["n"]


@op
def two(x):
    return x + 1


@job
def job_def():
    two(one())


run_config = {"ops": {"one": {"config": {"n": 1}}}}

#: block 10
assert [step.key for step in execution_plan.get_steps()] == ["one", "two"]


@job
def job_def():
    two()


@op
def start():
    return 1


@job
def job_def():
    two(start())


#: block 4
assert [step.key for step in plan.get_steps()] == ["start", "two"]
