"""An asset job may carry its config."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    @dg.asset
    def table(config: Size):
        return [1] * config.rows

    as_dict = dg.define_asset_job("as_dict", config={"ops": {"table": {"config": {"rows": 2}}}})
    as_object = dg.define_asset_job("as_object", config=dg.RunConfig(ops={"table": Size(rows=3)}))
    defs = dg.Definitions(assets=[table], jobs=[as_dict, as_object])
    record.result(defs.resolve_job_def("as_dict").execute_in_process(), "dict")
    record.result(defs.resolve_job_def("as_object").execute_in_process(), "object")
    over = {"ops": {"table": {"config": {"rows": 1}}}}
    record.result(defs.resolve_job_def("as_dict").execute_in_process(run_config=over), "overruled")
