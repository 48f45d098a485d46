"""The stack of a failure names the user's function."""

import dagster as dg


def deep_inside():
    raise ValueError("deep")


def program(record):
    @dg.asset
    def bad():
        deep_inside()

    result = dg.materialize([bad], raise_on_error=False)
    (event,) = result.get_step_failure_events()
    error = event.step_failure_data.error.cause or event.step_failure_data.error
    record.text("stack", "".join(error.stack), contains=["deep_inside", "in bad"])
