"""RunConfig makes the dictionary that a run takes."""

import dagster as dg


class Size(dg.Config):
    rows: int
    name: str = "t"


class Greeter(dg.ConfigurableResource):
    greeting: str


def program(record):
    config = dg.RunConfig(
        ops={"one": Size(rows=1), "two": {"config": {"n": 2}}},
        resources={"greeter": Greeter(greeting="Hi")},
        loggers={"console": {"config": {"log_level": "ERROR"}}},
        execution={"config": {}},
    )
    record.value("dict", config.to_config_dict())
    record.value("empty", dg.RunConfig().to_config_dict())
    record.value("by position", dg.RunConfig({"one": Size(rows=2)}).to_config_dict())
