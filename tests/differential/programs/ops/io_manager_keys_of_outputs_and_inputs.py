"""Out names an IO manager, In an input manager."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, log, name):
        self.log, self.name, self.values = log, name, {}

    def handle_output(self, context, obj):
        self.log.append([self.name, "stores", context.step_key, context.name, dict(context.definition_metadata)])
        self.values[context.step_key, context.name] = obj

    def load_input(self, context):
        up = context.upstream_output
        self.log.append([self.name, "loads", context.name])
        return self.values[up.step_key, up.name]


def program(record):
    log = []
    first, second = Shelf(log, "first"), Shelf(log, "second")

    @dg.input_manager
    def ready(context):
        return "ready"

    @dg.op(out={"a": dg.Out(io_manager_key="first", metadata={"k": 1}), "b": dg.Out()})
    def pair():
        return 1, 2

    @dg.op(ins={"c": dg.In(input_manager_key="ready")})
    def reads(a, b, c):
        return [a, b, c]

    @dg.job(resource_defs={"first": first, "io_manager": second, "ready": ready})
    def small():
        a, b = pair()
        reads(a, b, b)

    record.result(small.execute_in_process())
    record.value("log", log)
