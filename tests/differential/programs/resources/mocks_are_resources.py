"""What stands in for a resource in tests, and has every attribute that it is asked for, is the resource itself."""

from unittest.mock import MagicMock, Mock, create_autospec

import dagster as dg


class Client:
    def fetch(self, name):
        return f"real {name}"


class Shop(dg.ConfigurableResource):
    client: dg.ResourceDependency[Client]

    def fetch(self, name):
        return self.client.fetch(name)


def program(record):
    @dg.asset(required_resource_keys={"client"})
    def by_key(context):
        return context.resources.client.fetch("key")

    @dg.asset
    def by_type(client: dg.ResourceParam[Client]):
        return client.fetch("type")

    @dg.asset
    def by_shop(shop: Shop):
        return shop.fetch("shop")

    @dg.op(required_resource_keys={"client"})
    def one(context):
        return context.resources.client.fetch("op")

    @dg.job
    def small():
        one()

    @dg.success_hook(required_resource_keys={"client"})
    def told(context):
        context.resources.client.fetch("hook")

    @dg.schedule(job=small, cron_schedule="@daily")
    def nightly(client: dg.ResourceParam[Client]):
        return dg.SkipReason(client.fetch("schedule"))

    for kind, client in {
        "magic": MagicMock(),
        "plain": Mock(),
        "with a spec": MagicMock(spec=Client),
        "speccing itself": create_autospec(Client, instance=True),
    }.items():
        client.fetch.return_value = "mocked"
        shop = Shop(client=client)
        run = dg.materialize([by_key, by_type, by_shop], resources={"client": client, "shop": shop})
        record.value(f"{kind}: assets", [run.asset_value(name) for name in ("by_key", "by_type", "by_shop")])
        record.value(f"{kind}: in memory", dg.materialize_to_memory([by_key], resources={"client": client}).success)
        record.value(f"{kind}: job", small.execute_in_process(resources={"client": client}).output_for_node("one"))
        definitions = dg.Definitions(jobs=[small], resources={"client": client})
        record.value(
            f"{kind}: defined", definitions.resolve_job_def("small").execute_in_process().output_for_node("one")
        )
        record.value(f"{kind}: direct", [by_type(client), by_type(client=client), by_shop(shop)])
        record.value(f"{kind}: built", one(dg.build_op_context(resources={"client": client})))
        record.value(f"{kind}: of an asset", by_key(dg.build_asset_context(resources={"client": client})))
        record.value(f"{kind}: schedule", nightly(dg.build_schedule_context(resources={"client": client})).skip_message)
        with dg.build_resources({"client": client}) as resources:
            record.value(f"{kind}: alone", resources.client.fetch("alone"))
        before = client.fetch.call_count
        told(dg.build_hook_context(resources={"client": client}))
        record.value(f"{kind}: hook", client.fetch.call_count - before)
