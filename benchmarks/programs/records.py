"""
Write and read the records of a persistent instance: records.py MODULE WHAT N.

WHAT is ``append`` (N events of one run are reported, and are durable at the end), ``size`` (what one of the events of a run
of N steps takes on the disk, in bytes), ``read`` (the log of a run of N steps is read back), ``page`` (pages of 100 of a
run with N events, from all over it), ``status`` (how the N partitions of an asset stand; ours alone: first in
a process that has not met them, then again) or ``run`` (N runs of one step, one after the other, in a warm process).
"""

from pathlib import Path
from typing import Any

from common_api import NotYet, StopWatch, asset_job, persistent_instance, run, work_folder

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def job_of(og: Any, n: int) -> Any:
    def value() -> int:
        return 1

    return asset_job(og, [og.asset(name=f"step_{i}")(_copy(value)) for i in range(n)])


def _copy(function: Any) -> Any:
    return type(function)(function.__code__, function.__globals__)


def append(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    done = job_of(og, 1).execute_in_process(instance=instance, run_config=QUIET)
    recorded = instance.get_run_by_id(done.run_id)
    before = len(instance.all_logs(done.run_id))
    with watch.part("total"):
        for i in range(n):
            instance.report_engine_event(f"event {i} of a run that says something now and then", recorded)
        if hasattr(instance, "flush"):
            instance.flush()
    assert len(instance.all_logs(done.run_id)) == before + n


def size(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    result = job_of(og, n).execute_in_process(instance=instance, run_config=QUIET)
    many = len(instance.all_logs(result.run_id))
    instance.dispose()
    used = sum(path.stat().st_size for path in Path(folder).rglob("*.db*") if not path.name.endswith(".reserve"))
    watch.seconds["total"] = used / many


def read(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    result = job_of(og, n).execute_in_process(instance=instance, run_config=QUIET)
    instance.get_run_by_id(result.run_id)
    with watch.part("total"):
        entries = instance.all_logs(result.run_id)
    assert len(entries) > 4 * n


def page(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    if og.__name__ == "orrery":
        from orrery.testing.conformance.samples import line

        run_id = "run-1"
        for start in range(0, n, 1_000):
            instance.store_entries([line(f"event {i}", run_id) for i in range(start, start + 1_000)])
        instance.flush()
        cursors = [None, *(_cursor(n * part // 10) for part in range(1, 10)), _cursor(n - 100)]
    else:  # one by one, as it has no other way; and its cursors come from its pages
        run_id = job_of(og, 1).execute_in_process(instance=instance, run_config=QUIET).run_id
        recorded = instance.get_run_by_id(run_id)
        for i in range(n):
            instance.report_engine_event(f"event {i}", recorded)
        cursors = [None]
        while len(cursors) < n // 100:
            cursors.append(instance.get_records_for_run(run_id, cursors[-1], limit=100).cursor)
    with watch.part("all"):
        for cursor in cursors:
            found = instance.get_records_for_run(run_id, cursor, limit=100)
            assert len(found.records) == 100
    watch.seconds["total"] = watch.seconds["all"] / len(cursors)


def _cursor(storage_id: int) -> str:
    from orrery.model.events.entry import cursor_of_storage_id

    return cursor_of_storage_id(storage_id)


def status(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    if og.__name__ != "orrery":
        raise NotYet("so many materializations take this side an hour")
    from orrery.model.records.latest import MADE
    from orrery.testing.conformance.samples import materialized

    for start in range(0, n, 1_000):
        keys = [f"2013-01-{number:08d}" for number in range(start, start + 1_000)]
        instance.store_entries([materialized("a", partition=key) for key in keys])
    instance.dispose()
    with persistent_instance(og, folder) as again:
        asset = og.AssetKey("a")
        again.has_asset_key(asset)
        with watch.part("cold"):
            assert again.event_log_storage.get_partition_states(asset).count(MADE) == n
        with watch.part("total"):
            assert again.event_log_storage.get_partition_states(asset).count(MADE) == n


def warm_run(og: Any, instance: Any, folder: str, n: int, watch: StopWatch) -> None:
    job = job_of(og, 1)
    for _ in range(3):
        assert job.execute_in_process(instance=instance, run_config=QUIET).success
    with watch.part("total"):
        for _ in range(n):
            assert job.execute_in_process(instance=instance, run_config=QUIET).success


def main(og: Any, what: str, count: str) -> None:
    parts = {"append": append, "size": size, "read": read, "page": page, "status": status, "run": warm_run}
    watch = StopWatch()
    with work_folder() as folder:
        instance = persistent_instance(og, folder)
        parts[what](og, instance, folder, int(count), watch)
        instance.dispose()
    watch.report()


if __name__ == "__main__":
    run(main)
