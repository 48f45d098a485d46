"""@io_manager on a class: its methods see step, metadata and keys."""

from dagster import asset, io_manager, materialize

disk = {}


def save_to_disk(obj, path):
    disk[tuple(path)] = obj


def load_from_disk(path):
    return disk[tuple(path)]


#: block 20


@asset(metadata={"x": "y"})
def first():
    return 1


@asset
def second(first):
    return first + 1


assert materialize([first, second], resources={"io_manager": MyIOManager}).success
assert disk == {("first",): 1, ("second",): 2}
# prints:
# [handle_output] step: first
# Metadata: {'x': 'y'}
# [load_input] loading for: first
# [handle_output] step: second
# Metadata: {}
