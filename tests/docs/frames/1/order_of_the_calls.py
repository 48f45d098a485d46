"""A run builds the graph, the plan, and then for each step loads, calls and stores, in this order."""

from dagster import InMemoryIOManager, asset, materialize

sequence = """
#: block 6
"""


class Telling(InMemoryIOManager):
    def load_input(self, context):
        calls.append("IOManager.load_input")
        return super().load_input(context)

    def handle_output(self, context, obj):
        calls.append("IOManager.handle_output")
        super().handle_output(context, obj)


calls = []


@asset
def one():
    return 1


@asset
def two(one):
    calls.append("asset")
    return one + 1


assert materialize([one, two], resources={"io_manager": Telling()}).success
assert calls[1:] == ["IOManager.load_input", "asset", "IOManager.handle_output"]
places = [sequence.rindex(word) for word in calls[1:]]
assert places == sorted(places)
