"""A dynamic output is mapped: one step per key."""

import dagster as dg


def program(record):
    @dg.op(out=dg.DynamicOut())
    def parts():
        for name in ("a", "b", "c"):
            yield dg.DynamicOutput(name.upper(), mapping_key=name)

    @dg.op
    def double(part):
        return part * 2

    @dg.job
    def mapped():
        parts().map(double)

    result = mapped.execute_in_process()
    record.result(result)
    record.value("values", result.output_for_node("double"))
