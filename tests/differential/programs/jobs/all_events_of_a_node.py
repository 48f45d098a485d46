"""events_for_node, filter_events and the questions of a result."""

import dagster as dg


def program(record):
    @dg.op
    def one(context):
        context.log_event(dg.AssetMaterialization("side", metadata={"n": 1}))
        context.log_event(dg.ExpectationResult(success=True, label="fine"))
        return 1

    @dg.job
    def small():
        one()

    result = small.execute_in_process()
    record.value("kinds", [event.event_type_value for event in result.events_for_node("one")])
    record.value("steps", len(result.filter_events(lambda event: event.is_step_event)))
    record.value("outputs", len(result.filter_events(lambda event: event.is_successful_output)))
    record.value("materialized", [m.asset_key for m in result.asset_materializations_for_node("one")])
    record.value("expectations", [e.label for e in result.expectation_results_for_node("one")])
    record.value("succeeded", [event.step_key for event in result.get_step_success_events()])
    record.value("job", result.job_def.name)
    record.value("run", result.dagster_run.job_name)
    with record.raises("unknown node"):
        result.output_for_node("two")
    with record.raises("unknown output"):
        result.output_for_node("one", "other")
