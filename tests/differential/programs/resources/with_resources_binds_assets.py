"""with_resources gives a copy of each asset with its resources bound."""

import dagster as dg


def program(record):
    @dg.resource(config_schema={"n": int})
    def number(context):
        return context.resource_config["n"]

    @dg.asset(required_resource_keys={"number"})
    def table(context):
        return context.resources.number

    (bound,) = dg.with_resources([table], {"number": number}, {"number": {"config": {"n": 9}}})
    record.result(dg.materialize([bound]))
    with record.raises("missing", contains=["number"]):
        dg.with_resources([table], {})
