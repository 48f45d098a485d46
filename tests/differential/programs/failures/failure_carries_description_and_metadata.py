"""Failure ends a step with words and metadata of the user's."""

import dagster as dg


def program(record):
    @dg.asset
    def bad():
        raise dg.Failure(
            description="the source is empty", metadata={"rows": 0, "url": dg.MetadataValue.url("http://x")}
        )

    result = dg.materialize([bad], raise_on_error=False)
    record.result(result)
    data = result.failure_data_for_node("bad")
    record.value("description", data.user_failure_data.description)
    with record.raises("raised", contains=["the source is empty"]):
        dg.materialize([bad])
