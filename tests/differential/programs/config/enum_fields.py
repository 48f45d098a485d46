"""A field of an Enum is given by the name of a member."""

from enum import Enum

import dagster as dg


class Colour(Enum):
    RED = "r"
    BLUE = "b"


class Paint(dg.Config):
    colour: Colour = Colour.RED


def program(record):
    @dg.asset
    def wall(config: Paint):
        return config.colour.name

    record.result(dg.materialize([wall]), "default")
    by_name = {"ops": {"wall": {"config": {"colour": "BLUE"}}}}
    record.result(dg.materialize([wall], run_config=by_name), "name")
    record.result(dg.materialize([wall], run_config=dg.RunConfig(ops={"wall": Paint(colour=Colour.BLUE)})), "object")
    with record.raises("unknown", contains=["GREEN"]):
        dg.materialize([wall], run_config={"ops": {"wall": {"config": {"colour": "GREEN"}}}})
