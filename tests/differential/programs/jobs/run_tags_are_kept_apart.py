"""run_tags of a job are for its runs, tags for the definition."""

import dagster as dg


def program(record):
    @dg.op
    def one(context):
        return record.user_tags(context.run_tags)

    @dg.job(tags={"a": "definition"}, run_tags={"b": "run"})
    def small():
        one()

    record.value("seen", small.execute_in_process().output_for_node("one"))
    record.value("tags", dict(small.tags))
    record.value("run tags", dict(small.run_tags))
