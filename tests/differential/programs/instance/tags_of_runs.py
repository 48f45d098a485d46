"""Tags may be added to a run that is over."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    with dg.instance_for_test() as instance:
        result = dg.materialize([a], instance=instance, tags={"x": "1"})
        instance.add_run_tags(result.run_id, {"y": "2", "x": "3"})
        tags = instance.get_run_by_id(result.run_id).tags
        record.value("tags", record.user_tags(tags))
