"""add_output_metadata and Output(metadata=...) of an op are in its events."""

import dagster as dg


def program(record):
    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair(context):
        context.add_output_metadata({"by": "context"}, output_name="a")
        yield dg.Output(1, output_name="a")
        yield dg.Output(2, output_name="b", metadata={"by": "output"})

    @dg.job
    def small():
        pair()

    result = small.execute_in_process()
    for event in result.filter_events(lambda event: event.is_successful_output):
        data = event.event_specific_data
        record.metadata(data.step_output_handle.output_name, data.metadata)
