"""A resource has exactly one yield; a second one is an error that names the resource."""

from orrery import OrreryError, asset, materialize, resource


@resource
def doubled(context):
    yield 1
    yield 2


@asset(required_resource_keys={"doubled"})
def table(context):
    return context.resources.doubled


try:
    result = materialize([table], resources={"doubled": doubled}, raise_on_error=False)
except OrreryError as error:
    print("refused:", "doubled" in str(error))
else:
    print("refused:", not result.success)
# prints:
# refused: True
