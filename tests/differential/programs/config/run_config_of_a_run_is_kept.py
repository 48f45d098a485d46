"""The run keeps the config it was given."""

import dagster as dg


class Size(dg.Config):
    rows: int


def program(record):
    @dg.asset
    def table(context, config: Size):
        return context.run_config if hasattr(context, "run_config") else context.run.run_config

    with dg.instance_for_test() as instance:
        run_config = {"ops": {"table": {"config": {"rows": 3}}}}
        result = dg.materialize([table], run_config=run_config, instance=instance)
        record.value("run", instance.get_run_by_id(result.run_id).run_config)
        record.value("context", result.asset_value("table"))
