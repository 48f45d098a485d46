"""Mistakes inside of a composition function are refused when it is called."""

import dagster as dg


def program(record):
    @dg.op
    def one():
        return 1

    @dg.op(out={"a": dg.Out(), "b": dg.Out()})
    def two():
        return 1, 2

    @dg.op
    def take(x):
        return x

    with record.raises("a constant", contains=["take"]):

        @dg.job
        def constant():
            take(5)

    with record.raises("too many", contains=["take"]):

        @dg.job
        def many():
            take(one(), one())

    with record.raises("unknown keyword", contains=["take"]):

        @dg.job
        def unknown():
            take(y=one())

    with record.raises("two outputs for one input", contains=["take"]):

        @dg.job
        def several():
            take(two())

    with record.raises("an op that is not called", contains=["take"]):

        @dg.job
        def not_called():
            take(one)

    with record.raises("returns a number"):

        @dg.graph
        def returns():
            one()
            return 5

    with record.raises("operators on outputs"):

        @dg.job
        def operators():
            take(one() + 1)

    with record.raises("out of order keyword twice"):

        @dg.job
        def twice():
            take(one(), x=one())

    @dg.op(out=dg.DynamicOut())
    def many_of_it():
        yield dg.DynamicOutput(1, "a")

    def refuses(name, call):
        with record.raises(f"iterated {name}", contains=["iterate over"]):

            @dg.job
            def iterated():
                for each in call():
                    take(each)

        with record.raises(f"indexed {name}"):

            @dg.job
            def indexed():
                take(call()[0])

    refuses("an output", one)
    refuses("a dynamic output", many_of_it)

    with record.raises("unpacked"):

        @dg.job
        def unpacked():
            _left, _right = one()
