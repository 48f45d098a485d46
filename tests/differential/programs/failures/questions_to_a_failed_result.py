"""What a result answers about nodes that failed, went well or were never reached."""

import dagster as dg


def program(record):
    @dg.asset
    def good():
        return 1

    @dg.asset
    def bad(good):
        raise ValueError("no")

    @dg.asset
    def child(bad):
        return 1

    result = dg.materialize([good, bad, child], raise_on_error=False)
    for name in ("good", "bad", "child"):
        record.value(f"{name} succeeded", result.is_node_success(name))
        record.value(f"{name} failed", result.is_node_failed(name))
    record.value("untouched", [result.is_node_untouched("good"), result.is_node_untouched("bad")])
    record.value("failures", [event.step_key for event in result.get_step_failure_events()])
    record.value("successes", [event.step_key for event in result.get_step_success_events()])
    record.value("run failed", result.get_run_failure_event().event_type_value)
    record.value("value", result.asset_value("good"))
    with record.raises("value of a failed asset"):
        result.asset_value("bad")
    with record.raises("value of a stranger"):
        result.asset_value("stranger")
