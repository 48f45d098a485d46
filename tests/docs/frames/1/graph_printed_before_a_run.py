"""The assets of a graph come in an order in which each stands after its parents."""

from dagster import asset


@asset
def a1():
    return 1


@asset
def a2(a1):
    return a1


@asset
def a3(a1, a2):
    return a2


#: block 14
# prints:
# AssetKey(['a1']) ← []
# AssetKey(['a2']) ← ['["a1"]']
# AssetKey(['a3']) ← ['["a1"]', '["a2"]']
