"""A page that is as long as was asked for, and the last one: whether there is more."""

import dagster as dg


def program(record):
    @dg.asset
    def a():
        return 1

    with dg.instance_for_test() as instance:
        for _ in range(4):
            run_id = dg.materialize([a], instance=instance).run_id
        key = dg.AssetKey("a")
        record.value("shorter", instance.fetch_materializations(key, limit=3).has_more)
        record.value("as long", instance.fetch_materializations(key, limit=4).has_more)
        record.value("longer", instance.fetch_materializations(key, limit=5).has_more)
        page = instance.fetch_materializations(key, limit=4)
        after = instance.fetch_materializations(key, limit=4, cursor=page.cursor)
        record.value("after the last", [len(after.records), after.has_more, after.cursor == page.cursor])
        count = len(instance.all_logs(run_id))
        record.value("log as long", instance.get_records_for_run(run_id, limit=count).has_more)
        record.value("log longer", instance.get_records_for_run(run_id, limit=count + 1).has_more)
