"""One function observes several sources."""

import dagster as dg


def program(record):
    @dg.multi_observable_source_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b")])
    def both():
        yield dg.ObserveResult(asset_key="a", metadata={"n": 1})
        yield dg.ObserveResult(asset_key="b", data_version=dg.DataVersion("7"))

    defs = dg.Definitions(assets=[both], jobs=[dg.define_asset_job("look", selection=["a", "b"])])
    record.result(defs.resolve_job_def("look").execute_in_process())
