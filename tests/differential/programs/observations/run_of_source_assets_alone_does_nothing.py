"""materialize of source assets alone has nothing to run."""

import dagster as dg


def program(record):
    source = dg.SourceAsset("source")
    with record.raises("materialize"):
        record.result(dg.materialize([source]))
