"""io_manager_key chooses the IO manager of one asset; its readers load through it too."""

import dagster as dg


class Shelf(dg.IOManager):
    def __init__(self, name, log):
        self.name, self.log, self.values = name, log, {}

    def handle_output(self, context, obj):
        self.log.append(f"{self.name} stores {context.asset_key.to_user_string()}")
        self.values[context.asset_key] = obj

    def load_input(self, context):
        self.log.append(f"{self.name} loads {context.asset_key.to_user_string()}")
        return self.values[context.asset_key]


def program(record):
    log = []

    @dg.asset(io_manager_key="first")
    def a():
        return 1

    @dg.asset(io_manager_key="second")
    def b(a):
        return a + 1

    @dg.asset
    def c(a, b):
        return a + b

    resources = {name: Shelf(name, log) for name in ("first", "second", "io_manager")}
    record.result(dg.materialize([a, b, c], resources=resources))
    record.value("log", sorted(log))
