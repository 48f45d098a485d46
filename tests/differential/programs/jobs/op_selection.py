"""Parts of a job run by selection; what they read must be stored or not needed."""

import dagster as dg


def program(record):
    ran = []

    def make(name, inputs=0):
        if inputs:

            @dg.op(name=name)
            def one(x):
                ran.append(name)
                return x

        else:

            @dg.op(name=name)
            def one():
                ran.append(name)
                return name

        return one

    a, b, c, d = make("a"), make("b", 1), make("c", 1), make("d")

    @dg.job
    def chain():
        c(b(a()))
        d()

    for selection in (["a"], ["*b"], ["a+"], ["a*"], ["+c", "*b"], ["a", "d"], ["++c"], ["*"]):
        ran.clear()
        result = chain.execute_in_process(op_selection=selection)
        record.value(f"ran by {selection}", sorted(ran))
        record.value(f"success of {selection}", result.success)
    with record.raises("unknown", contains=["zz"]):
        chain.execute_in_process(op_selection=["zz"])
