"""A run and its repetitions are one group; the first run leads it."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    with dg.instance_for_test() as instance:
        names = {}

        def repeat(name, parent):
            tags = {"dagster/parent_run_id": parent, "dagster/root_run_id": root}
            run = instance.create_run_for_job(small, parent_run_id=parent, root_run_id=root, tags=tags)
            names[run.run_id] = name
            return run.run_id

        root = small.execute_in_process(instance=instance).run_id
        names[root] = "root"
        alone = small.execute_in_process(instance=instance).run_id
        names[alone] = "alone"
        first = repeat("first", root)
        repeat("second", root)
        last = repeat("of the first", first)
        for run_id in (root, first, last, alone):
            leader, group = instance.get_run_group(run_id)
            record.value(names[run_id], [names[leader], [names[each.run_id] for each in group]])
        with record.raises("unknown"):
            instance.get_run_group("nothing")
        instance.delete_run(root)
        with record.raises("without its first run"):
            instance.get_run_group(last)
