"""Print the graph before anything runs, then run one asset and what it needs."""

from orrery import (
    AssetExecutionContext,
    AssetKey,
    Definitions,
    InputContext,
    IOManager,
    OutputContext,
    asset,
    materialize,
)
from orrery.model.assets.graph import AssetGraph


class Shelf(IOManager):
    """Keeps values in a dictionary, and tells of it."""

    def __init__(self):
        self.values = {}

    def load_input(self, context: InputContext):
        print("load", context.asset_key.to_user_string())
        return self.values[context.asset_key]

    def handle_output(self, context: OutputContext, obj):
        print("store", context.asset_key.to_user_string(), "=", obj)
        self.values[context.asset_key] = obj


@asset
def numbers(context: AssetExecutionContext):
    context.log.info("three numbers")
    return [1, 2, 3]


@asset
def total(numbers: list):
    return sum(numbers)


@asset
def report(total: int):
    return f"the total is {total}"


@asset
def bystander():
    raise AssertionError("nobody asked for this one")


graph = AssetGraph.from_assets([report, total, numbers])
for key in graph.assets:
    print(key.to_user_string(), "<-", [parent.to_user_string() for parent in graph.get_parents(AssetKey(key))])
definitions = Definitions(assets=[numbers, total, report, bystander], resources={"io_manager": Shelf()})
print(materialize([report], definitions=definitions).success)
# prints:
# numbers <- []
# total <- ['numbers']
# report <- ['total']
# store numbers = [1, 2, 3]
# load numbers
# store total = 6
# load total
# store report = the total is 6
# True
