"""A retry that is asked for after an output was given starts over; hooks hear of the end alone."""

import dagster as dg


def program(record):
    heard = []
    tries = []

    @dg.success_hook
    def good(context):
        heard.append(context.op.name)

    @dg.op(out={"a": dg.Out(), "b": dg.Out(is_required=False)})
    def flaky(context):
        tries.append(context.retry_number)
        yield dg.Output(len(tries), "a")
        if len(tries) < 3:
            raise dg.RetryRequested(max_retries=3) from ValueError("not yet")
        yield dg.Output(10, "b")

    @dg.op
    def add(a, b):
        return a + b

    @dg.job(hooks={good})
    def nightly():
        add(*flaky())

    result = nightly.execute_in_process()
    record.result(result)
    record.value("sum", result.output_for_node("add"))
    record.value("tries", tries)
    record.value("heard", heard)
