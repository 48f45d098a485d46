"""What cannot be a schema is refused where it is written."""

import dagster as dg


def program(record):
    with record.raises("object"):
        dg.op(config_schema={"a": object()})(lambda context: 1)
    with record.raises("default of the wrong type"):
        dg.Field(int, default_value="x")
    with record.raises("default that is required"):
        dg.Field(int, default_value=1, is_required=True)
    with record.raises("list of two"):
        dg.op(config_schema={"a": [int, str]})(lambda context: 1)
    with record.raises("empty list"):
        dg.op(config_schema={"a": []})(lambda context: 1)
    with record.raises("map key"):
        dg.Map(dict, int)
