"""A sensor keeps a cursor, uses a resource, and asks for runs once each."""

import dagster as dg


def program(record):
    @dg.job
    def nightly():
        pass

    class Files(dg.ConfigurableResource):
        names: list[str]

    @dg.sensor(job=nightly, minimum_interval_seconds=45)
    def new_files(context, files: Files):
        seen = int(context.cursor or 0)
        fresh = files.names[seen:]
        if not fresh:
            return dg.SkipReason("nothing new")
        context.update_cursor(str(len(files.names)))
        return [dg.RunRequest(run_key=name, tags={"file": name}) for name in fresh]

    def asked(cursor):
        with dg.build_sensor_context(cursor=cursor, resources={"files": Files(names=["a", "b"])}) as context:
            return new_files.evaluate_tick(context)

    first, last = asked(None), asked("2")
    record.value("keys", [each.run_key for each in first.run_requests])
    record.value("tags", [record.user_tags(each.tags) for each in first.run_requests])
    record.value("cursors", [first.cursor, last.cursor])
    record.value("skip", last.skip_message)
    record.value("interval", new_files.minimum_interval_seconds)
