"""A job that is not defined is named."""

import dagster as dg


def program(record):
    defs = dg.Definitions(jobs=[])
    with record.raises("job", contains=["nightly"]):
        defs.resolve_job_def("nightly")
