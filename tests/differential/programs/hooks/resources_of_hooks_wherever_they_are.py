"""A resource that a hook alone needs is set up, whether the hook is on an invocation, inside of a graph, or on a job of assets."""

import dagster as dg


def program(record):
    told = []

    @dg.success_hook(required_resource_keys={"box"})
    def put(context):
        told.append((context.step_key, context.resources.box))

    @dg.op
    def one():
        return 1

    @dg.op
    def two(value):
        return value + 1

    box = {"box": dg.ResourceDefinition.hardcoded_resource("a box")}

    @dg.job(resource_defs=box)
    def on_one():
        two.with_hooks({put})(one())

    @dg.graph
    def inner():
        return two.with_hooks({put})(one())

    @dg.job(resource_defs=box)
    def inside():
        inner()

    @dg.job(resource_defs=box)
    def on_a_graph():
        inner.with_hooks({put})()

    for each in (on_one, inside, on_a_graph):
        told.clear()
        record.result(each.execute_in_process(), each.name)
        record.value(f"{each.name} told", sorted(told))

    @dg.asset
    def table():
        return 1

    @dg.graph_asset
    def built():
        return two.with_hooks({put})(one())

    hooked = dg.define_asset_job("hooked", "*", hooks={put})
    definitions = dg.Definitions(assets=[table], jobs=[hooked], resources={"box": "a box"})
    told.clear()
    record.result(definitions.resolve_job_def("hooked").execute_in_process(), "asset job")
    record.value("asset job told", sorted(told))
    told.clear()
    record.result(dg.materialize([built], resources={"box": "a box"}), "graph asset")
    record.value("graph asset told", sorted(told))

    with record.raises("graph asset without it", contains=["hook 'put' attached to op 'two'", "'box'"]):
        dg.materialize([built])
    with record.raises("on one without it", contains=["hook 'put' attached to op 'two'", "'box'"]):

        @dg.job
        def without():
            two.with_hooks({put})(one())

        without.execute_in_process()
    with record.raises("asset job without it"):
        dg.Definitions(assets=[table], jobs=[hooked]).resolve_job_def("hooked")
