"""A check function that raises, or gives something else than a bool."""

import dagster as dg


def program(record):
    def raises(_, value):
        raise ValueError("cannot look")

    for name, function in (("raises", raises), ("text", lambda _, value: "yes"), ("none", lambda _, value: None)):
        odd = dg.DagsterType(name="Odd", type_check_fn=function)

        @dg.op(out=dg.Out(odd))
        def one():
            return 1

        @dg.job
        def small():
            one()

        record.result(small.execute_in_process(raise_on_error=False), name)
