"""@io_manager on a class: no base class and no factory are needed."""

from orrery import AssetIn, asset, io_manager, materialize


@io_manager
class Drawer:
    """One drawer for all values."""

    contents = {}

    def handle_output(self, context, obj):
        self.contents["/".join(context.asset_key.path)] = obj

    def load_input(self, context):
        return self.contents["/".join(context.asset_key.path)]


@asset(key_prefix="raw")
def words():
    return ["a", "b"]


@asset(ins={"words": AssetIn(key_prefix="raw")})
def count(words):
    return len(words)


print(materialize([words, count], resources={"io_manager": Drawer}).asset_value("count"))
# prints:
# 2
