"""A job with config of its own runs in part, by the syntax of selections."""

import dagster as dg


def program(record):
    @dg.op(config_schema={"n": int})
    def begin(context):
        return context.op_config["n"]

    @dg.op
    def left(x: int = 5):
        return x + 1

    @dg.op
    def right(x: int = 7):
        return x * 2

    @dg.op
    def last(a, b):
        return a + b

    @dg.job(config={"ops": {"begin": {"config": {"n": 1}}}}, tags={"kind": "small"})
    def nightly():
        value = begin()
        last(left(value), right(value))

    record.value("all", nightly.execute_in_process().output_for_node("last"))
    for selection in (["begin"], ["*left"], ["begin+"], ["++last"]):
        result = nightly.execute_in_process(op_selection=selection)
        record.value(str(selection), sorted(e.step_key for e in result.all_events if e.is_step_success))
    other = nightly.execute_in_process(run_config={"ops": {"begin": {"config": {"n": 3}}}})
    record.value("other", other.output_for_node("last"))
    with record.raises("unknown", contains=["nobody"]):
        nightly.execute_in_process(op_selection=["nobody"])
    record.value("tags", record.user_tags(other.dagster_run.tags))
