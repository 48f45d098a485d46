"""Tags of a job reach its run; those of an op stay with the op."""

import dagster as dg


def program(record):
    @dg.op(tags={"kind": "sql"})
    def one(context):
        return record.user_tags(context.run_tags)

    @dg.job(tags={"team": "data", "number": 5})
    def small():
        one.tag({"extra": "yes"})()

    result = small.execute_in_process(tags={"by": "hand"})
    record.value("seen", result.output_for_node("one"))
    record.value("op", dict(one.tags))
    record.value("job", dict(small.tags))
