"""A key that is bound on an asset may not be bound otherwise by the run."""

import dagster as dg


def program(record):
    @dg.asset(resource_defs={"number": dg.ResourceDefinition.hardcoded_resource(1)}, required_resource_keys={"number"})
    def table(context):
        return context.resources.number

    with record.raises("materialize", contains=["number"]):
        result = dg.materialize([table], resources={"number": dg.ResourceDefinition.hardcoded_resource(2)})
        record.value("value", result.asset_value("table"))
