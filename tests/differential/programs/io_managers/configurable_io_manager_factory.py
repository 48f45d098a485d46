"""ConfigurableIOManagerFactory makes the IO manager when the run starts."""

import dagster as dg


class Plain(dg.IOManager):
    values: dict = {}

    def __init__(self, root):
        self.root = root

    def handle_output(self, context, obj):
        self.values[(self.root, context.asset_key.to_user_string())] = obj

    def load_input(self, context):
        return self.values[(self.root, context.asset_key.to_user_string())]


class Factory(dg.ConfigurableIOManagerFactory):
    root: str

    def create_io_manager(self, context) -> Plain:
        return Plain(self.root)


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    record.result(dg.materialize([a, b], resources={"io_manager": Factory(root="r")}))
    record.value("stored", sorted(map(list, Plain.values)))
