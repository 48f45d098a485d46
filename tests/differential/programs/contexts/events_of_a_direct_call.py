"""What a direct call logs and adds can be read from its context."""

import dagster as dg


def program(record):
    @dg.op
    def one(context):
        context.log_event(dg.AssetMaterialization("side"))
        context.add_output_metadata({"rows": 2})
        return 1

    context = dg.build_op_context()
    record.value("value", one(context))
    record.value("events", [type(event).__name__ for event in context.get_events()])
    record.metadata("metadata", context.get_output_metadata("result"))
