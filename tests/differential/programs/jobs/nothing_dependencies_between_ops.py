"""In(Nothing) orders ops; start_after passes no value."""

import dagster as dg


def program(record):
    ran = []

    @dg.op
    def first():
        ran.append("first")

    @dg.op(ins={"start": dg.In(dg.Nothing)})
    def second():
        ran.append("second")
        return 2

    @dg.op(ins={"start": dg.In(dg.Nothing), "x": dg.In(int)})
    def third(x):
        ran.append("third")
        return x

    @dg.job
    def ordered():
        found = first()
        number = second(start=found)
        third(start=[found, number], x=number)

    record.result(ordered.execute_in_process())
    record.value("ran", ran)
