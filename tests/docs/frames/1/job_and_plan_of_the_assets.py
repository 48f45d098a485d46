"""A job of a selection has a plan whose steps tell their keys, inputs and outputs."""

from dagster import Definitions, asset, define_asset_job


@asset
def asset1():
    return 1


@asset
def asset2(asset1):
    return asset1 + 1


#: block 10
declared = job
#: block 11
assert declared.name == "asset_job"
run_config = {}
for job in (
    defs.get_implicit_job_def_for_assets([asset1.key, asset2.key]),
    Definitions(assets=[asset1, asset2], jobs=[declared]).get_job_def("asset_job"),
):
    #: block 12
    #: block 13
    assert plan.get_steps()
# prints:
# asset1 dict_keys([]) dict_keys(['result'])
# asset2 dict_keys(['asset1']) dict_keys(['result'])
# asset2 dict_keys(['asset1']) dict_keys(['result'])
