"""dagster_type of an asset checks its value."""

import dagster as dg


def program(record):
    positive = dg.DagsterType(name="Positive", type_check_fn=lambda _, value: value > 0)

    @dg.asset(dagster_type=positive)
    def good():
        return 1

    @dg.asset(dagster_type=positive)
    def bad():
        return -1

    @dg.asset(ins={"good": dg.AssetIn(dagster_type=positive)})
    def reader(good):
        return good

    record.result(dg.materialize([good, bad, reader], raise_on_error=False))
