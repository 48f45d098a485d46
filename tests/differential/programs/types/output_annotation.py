"""Output[int] and tuples of outputs as annotations."""

import dagster as dg


def program(record):
    @dg.op
    def one() -> dg.Output[int]:
        return dg.Output(1, metadata={"n": 1})

    @dg.op
    def wrong() -> dg.Output[int]:
        return dg.Output("a")

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def pair() -> tuple[dg.Output[int], str]:
        return dg.Output(1), "b"

    @dg.job
    def small():
        one()
        wrong()
        pair()

    record.value("types", [d.dagster_type.display_name for d in [*one.output_defs, *pair.output_defs]])
    record.result(small.execute_in_process(raise_on_error=False))
