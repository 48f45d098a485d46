"""AssetsDefinition.from_op makes an asset of an op, with its inputs as parents."""

import dagster as dg


def program(record):
    @dg.op
    def double(number):
        return number * 2

    @dg.asset
    def number():
        return 21

    doubled = dg.AssetsDefinition.from_op(double, keys_by_output_name={"result": dg.AssetKey("doubled")})
    record.result(dg.materialize([number, doubled]))
