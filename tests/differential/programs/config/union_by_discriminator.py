"""A union of config classes is told apart by a field."""

from typing import Literal, Union

from pydantic import Field

import dagster as dg


class Cat(dg.Config):
    kind: Literal["cat"] = "cat"
    meows: int


class Dog(dg.Config):
    kind: Literal["dog"] = "dog"
    barks: float


class Owner(dg.Config):
    pet: Union[Cat, Dog] = Field(discriminator="kind")  # noqa: UP007


def program(record):
    @dg.asset
    def noise(config: Owner):
        return [config.pet.kind, config.pet.meows if isinstance(config.pet, Cat) else config.pet.barks]

    cat = {"ops": {"noise": {"config": {"pet": {"cat": {"meows": 3}}}}}}
    dog = {"ops": {"noise": {"config": {"pet": {"dog": {"barks": 2.5}}}}}}
    record.result(dg.materialize([noise], run_config=cat), "cat")
    record.result(dg.materialize([noise], run_config=dog), "dog")
    record.result(dg.materialize([noise], run_config=dg.RunConfig(ops={"noise": Owner(pet=Cat(meows=1))})), "object")
    with record.raises("both", contains=["pet"]):
        both = {"pet": {"cat": {"meows": 1}, "dog": {"barks": 1.0}}}
        dg.materialize([noise], run_config={"ops": {"noise": {"config": both}}})
