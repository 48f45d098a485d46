"""Who gets which context: resources, IO managers, assets, ops."""

from orrery import (
    AssetExecutionContext,
    InitResourceContext,
    InMemoryIOManager,
    OpExecutionContext,
    asset,
    job,
    materialize,
    op,
    resource,
)


class Telling(InMemoryIOManager):
    def handle_output(self, context, obj):
        print(type(context).__name__, context.name, "of step", context.step_key)
        super().handle_output(context, obj)

    def load_input(self, context):
        print(type(context).__name__, context.name, "from step", context.upstream_output.step_key)
        return super().load_input(context)


@resource
def clock(context: InitResourceContext):
    print(type(context).__name__, "of run", context.run_id is not None)
    return "noon"


@asset(required_resource_keys={"clock"})
def first(context: AssetExecutionContext):
    print(type(context).__name__, context.asset_key.to_user_string(), context.resources.clock)
    return 1


@asset
def second(context: AssetExecutionContext, first):
    print(type(context).__name__, context.asset_key.to_user_string(), context.has_tag("who"), context.get_tag("who"))
    return first + 1


@op
def alone(context: OpExecutionContext):
    print(type(context).__name__, context.op.name, "of job", context.job_name)


@job
def small():
    alone()


materialize([first, second], resources={"io_manager": Telling(), "clock": clock}, tags={"who": "me"})
small.execute_in_process()
# prints:
# InitResourceContext of run True
# AssetExecutionContext first noon
# OutputContext result of step first
# InputContext first from step first
# AssetExecutionContext second True me
# OutputContext result of step second
# OpExecutionContext alone of job small
