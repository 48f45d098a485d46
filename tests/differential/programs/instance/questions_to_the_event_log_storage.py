"""The storage of the event log is asked for the executions of checks, and told how many slots a pool has."""

import dagster as dg


def program(record):
    found = {"passes": True}

    @dg.asset
    def table():
        if found["passes"] is None:
            raise ValueError("broken")
        return 1

    @dg.asset_check(asset=table)
    def fine():
        return dg.AssetCheckResult(passed=found["passes"], metadata={"n": 1})

    key, stranger = fine.check_key, dg.AssetCheckKey(dg.AssetKey("b"), "x")
    with dg.DagsterInstance.local_temp() as instance:
        storage = instance.event_log_storage

        def history(**options):
            return storage.get_asset_check_execution_history(key, **{"limit": 10, **options})

        record.value("none yet", [history(), storage.get_latest_asset_check_execution_by_key([key])])
        for number, passes in enumerate((True, False, True, None)):
            found["passes"] = passes
            dg.materialize([table, fine], instance=instance, raise_on_error=False)
            (latest,) = storage.get_latest_asset_check_execution_by_key([key, stranger]).items()
            record.value(f"latest after run {number}", [latest[0], latest[1].status, latest[1].id == history()[0].id])
        record.value("statuses", [each.status for each in history()])
        record.value("two", [each.status for each in history(limit=2)])
        record.value("before", [each.status for each in history(cursor=history()[1].id)])
        failed = {type(history()[0].status).FAILED}
        record.value("failed", [each.evaluation.passed for each in history(status=failed)])
        record.value("one that passed", len(history(limit=1, status={type(history()[0].status).SUCCEEDED})))
        record.value("metadata", [each.evaluation.metadata["n"] for each in history()[1:]])
        record.value("run", history()[1].run_id == instance.get_runs()[1].run_id)

        storage.set_concurrency_slots("db", 3)
        record.value("pools", storage.get_concurrency_keys())
        for slots in (-1, 1_001):
            with record.raises(f"{slots} slots"):
                storage.set_concurrency_slots("db", slots)
        storage.delete_concurrency_limit("db")
        record.value("pools left", storage.get_concurrency_keys())
