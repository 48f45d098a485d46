"""Run, plan, step, and over the step the contexts of ops, inputs and outputs."""

from dagster import InMemoryIOManager, job, op

diagram = """
#: block 7
"""


class Telling(InMemoryIOManager):
    def load_input(self, context):
        seen["InputContext"] = context
        return super().load_input(context)

    def handle_output(self, context, obj):
        seen["OutputContext"] = context
        super().handle_output(context, obj)


@op
def one():
    return 1


@op
def two(context, x):
    seen["OpExecutionContext"] = context
    seen["StepExecutionContext"] = context.get_step_execution_context()
    seen["PlanOrchestrationContext"] = context.get_step_execution_context().plan_context
    seen["DagsterRun"] = context.run
    return x


@job(resource_defs={"io_manager": Telling()})
def my_job():
    two(one())


seen = {}
assert my_job.execute_in_process().success
for name, thing in seen.items():
    assert f"[{name}]" in diagram
    assert type(thing).__name__ == name.removeprefix("Dagster"), type(thing)
step = seen["StepExecutionContext"]
for name in ("InputContext", "OutputContext"):
    assert seen[name].step_context.step.key == "two"
    assert seen[name].step_context.plan_context is step.plan_context
assert step.plan_context.run_id == seen["DagsterRun"].run_id
