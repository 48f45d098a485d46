"""Exceptions that are hard to tell end as failed steps of their type."""

import dagster as dg


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Unpicklable(Exception):
    def __init__(self):
        super().__init__("locked")
        self.function = lambda: None


def circle():
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    return one


def deep(n):
    return deep(n + 1)


def program(record):
    def outcome(make):
        @dg.op
        def one():
            make()

        @dg.op
        def beside():
            return 1

        @dg.job
        def small():
            one()
            beside()

        result = small.execute_in_process(raise_on_error=False)
        (event,) = result.get_step_failure_events()
        error = event.step_failure_data.error
        last = error.cause or error
        return [result.success, last.cls_name, result.output_for_node("beside")]

    def throw(error):
        raise error

    record.value("huge", outcome(lambda: throw(ValueError("x" * 5_000_000))))
    record.value("unpicklable", outcome(lambda: throw(Unpicklable())))
    record.value("recursion", outcome(lambda: deep(0)))
    record.value("group", outcome(lambda: throw(ExceptionGroup("several", [ValueError("a"), KeyError("b")]))))
    record.value("stop iteration", outcome(lambda: throw(StopIteration())))
    record.value("unicode", outcome(lambda: throw(ValueError("\udcff\x00\x1b[31m"))))
