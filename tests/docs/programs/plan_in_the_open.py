"""Look at the plan of a job before it runs: steps, what they read, what they give."""

from orrery import AssetOut, Definitions, asset, create_execution_plan, define_asset_job, multi_asset


@asset
def raw():
    return 1


@multi_asset(outs={"low": AssetOut(), "high": AssetOut()})
def both(raw):
    return raw, raw * 10


@asset
def spread(low, high):
    return high - low


definitions = Definitions(assets=[raw, both, spread], jobs=[define_asset_job("all_of_it")])
job = definitions.get_job_def("all_of_it")
for step in job.get_execution_plan(run_config={}).get_steps():
    print(step.key, sorted(step.inputs.keys()), sorted(step.outputs.keys()))
print([step.key for step in create_execution_plan(job).get_steps()])
print(job.execute_in_process().asset_value("spread"))
# prints:
# raw [] ['result']
# both ['raw'] ['high', 'low']
# spread ['high', 'low'] ['result']
# ['raw', 'both', 'spread']
# 9
