"""ConfigurableIOManager has fields, and may use nested resources."""

import dagster as dg

STORE: dict = {}


class Bucket(dg.ConfigurableResource):
    name: str


class Shelf(dg.ConfigurableIOManager):
    bucket: Bucket
    prefix: str = "p"

    def handle_output(self, context, obj):
        STORE[(self.bucket.name, self.prefix, context.asset_key.to_user_string())] = obj

    def load_input(self, context):
        return STORE[(self.bucket.name, self.prefix, context.asset_key.to_user_string())]


def program(record):
    @dg.asset
    def a():
        return 1

    @dg.asset
    def b(a):
        return a + 1

    record.result(dg.materialize([a, b], resources={"io_manager": Shelf(bucket=Bucket(name="b"))}))
    record.value("store", sorted(map(list, STORE)))
