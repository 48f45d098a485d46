"""A job's selection may be a text, a list or a selection."""

import dagster as dg


def asset(name, *deps, **attributes):
    @dg.asset(name=name, deps=list(deps), **attributes)
    def one():
        return 1

    return one


def program(record):
    assets = [asset("a", group_name="left"), asset("b", "a", group_name="left"), asset("c", "b")]
    jobs = [
        dg.define_asset_job("by_text", selection="group:left"),
        dg.define_asset_job("by_list", selection=["a", "c"]),
        dg.define_asset_job("by_plus", selection="key:b+"),
        dg.define_asset_job("by_star", selection="*"),
        dg.define_asset_job("by_object", selection=dg.AssetSelection.assets("c").upstream(depth=1)),
    ]
    defs = dg.Definitions(assets=assets, jobs=jobs)
    for job in jobs:
        result = defs.resolve_job_def(job.name).execute_in_process()
        made = sorted(e.asset_key.to_user_string() for e in result.get_asset_materialization_events())
        record.value(job.name, made)
