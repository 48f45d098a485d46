"""What is no asset, job or resource is refused where it is given."""

import dagster as dg


def program(record):
    with record.raises("asset"):
        dg.Definitions.validate_loadable(dg.Definitions(assets=["table"]))
    with record.raises("job"):
        dg.Definitions.validate_loadable(dg.Definitions(jobs=["job"]))
    with record.raises("materialize"):
        dg.materialize([5])
    with record.raises("nothing"):
        dg.materialize([])
