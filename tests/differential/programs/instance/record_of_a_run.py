"""The record of a run has a row, times, and the run; it can be taken apart."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        run_id = small.execute_in_process(instance=instance).run_id
        found = instance.get_run_record_by_id(run_id)
        storage_id, run, created, updated, started, ended = found
        record.value("parts", [storage_id == found.storage_id, run.run_id == run_id, len(found)])
        record.value("zones", [str(created.tzinfo), str(updated.tzinfo)])
        record.value("in order", started <= ended)
        record.value("kinds of times", [type(started).__name__, type(ended).__name__])
        record.value("twice the same", found == instance.get_run_record_by_id(run_id))
        record.value("unknown", instance.get_run_record_by_id("nothing"))
