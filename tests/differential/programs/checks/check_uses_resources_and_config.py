"""A check takes resources and config as an asset does."""

import dagster as dg


class Limits(dg.ConfigurableResource):
    most: int


class Sharpness(dg.Config):
    factor: int = 2


def program(record):
    @dg.asset
    def table():
        return 5

    @dg.asset_check(asset=table)
    def below(config: Sharpness, limits: Limits, table: int):
        return dg.AssetCheckResult(passed=table * config.factor <= limits.most, metadata={"factor": config.factor})

    record.result(dg.materialize([table, below], resources={"limits": Limits(most=10)}), "default")
    other = dg.RunConfig(ops={"table_below": Sharpness(factor=3)})
    record.result(dg.materialize([table, below], resources={"limits": Limits(most=10)}, run_config=other), "sharper")
