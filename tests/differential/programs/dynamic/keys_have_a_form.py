"""A mapping key is a name."""

import dagster as dg


def program(record):
    with record.raises("blank", contains=["a b"]):
        dg.DynamicOutput(1, mapping_key="a b")
    with record.raises("dash", contains=["a-b"]):
        dg.DynamicOutput(1, mapping_key="a-b")
    with record.raises("empty"):
        dg.DynamicOutput(1, mapping_key="")
    record.value("fine", dg.DynamicOutput(1, mapping_key="a_1").mapping_key)
