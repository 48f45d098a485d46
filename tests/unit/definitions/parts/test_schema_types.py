"""Frames whose rows obey a schema."""

from typing import Annotated, Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, Field

from orrery.api.verbs.check_type import check_type
from orrery.definitions.parts.types import resolve_type

pandera_polars = pytest.importorskip("pandera.polars")
pandera_pandas = pytest.importorskip("pandera.pandas")


class Flight(BaseModel):
    """One row."""

    number: int = Field(gt=0, description="Number of the flight.")
    carrier: str


class Flights(pandera_polars.DataFrameModel):
    """Flights, of polars."""

    number: int
    carrier: str


class Delays(pandera_pandas.DataFrameModel):
    """Delays, of pandas."""

    minutes: int = pandera_pandas.Field(gt=0)


GOOD = {"number": [1, 2], "carrier": ["UA", "AA"]}
BAD = {"number": [1, -2], "carrier": ["UA", "AA"]}
FRAMES: dict[str, tuple[Any, Any]] = {
    "polars": (pl.DataFrame, pl.DataFrame),
    "pandas": (pd.DataFrame, pd.DataFrame),
    "arrow": (pa.Table, pa.table),
}


@pytest.mark.parametrize("library", FRAMES)
def test_a_frame_is_a_frame(library: str) -> None:
    cls, make = FRAMES[library]
    assert check_type(cls, make(GOOD)).success
    assert "expected value to be of Python type" in str(check_type(cls, GOOD).description)


@pytest.mark.parametrize("library", FRAMES)
def test_a_pydantic_model_beside_a_frame_checks_each_row(library: str) -> None:
    cls, make = FRAMES[library]
    rows = resolve_type(Annotated[cls, Flight])
    assert check_type(rows, make(GOOD)).success
    found = check_type(rows, make(BAD))
    assert not found.success
    assert "1 of 2 rows are no Flight. Row 1: number: Input should be greater than 0, got -2" in str(found.description)
    assert found.metadata["bad_rows"].value == 1
    assert found.metadata["rows"].value == 2


class WithoutBatches:
    """A lazy frame as older releases of polars have it: it is computed as a whole."""

    def __init__(self, frame: pl.LazyFrame) -> None:
        self.collect_schema = frame.collect_schema
        self.collect = frame.collect


@pytest.mark.parametrize("lazy", [lambda frame: frame, WithoutBatches])
def test_all_rows_of_a_lazy_frame_are_checked(lazy: Any) -> None:
    """Also those that come long after the first batch; rows are counted in their order."""
    rows = resolve_type(Annotated[pl.LazyFrame, Flight])
    assert rows_check(lazy(pl.LazyFrame(GOOD))).success
    numbers = pl.LazyFrame({"number": range(250_001, 0, -1)}).with_columns(
        number=pl.col("number") - 1, carrier=pl.lit("X")
    )
    found = rows_check(lazy(numbers))
    assert "1 of 250001 rows are no Flight. Row 250000: number" in str(found.description)
    assert not check_type(rows, pl.LazyFrame(BAD)).success


def rows_check(value: Any) -> Any:
    """Check the rows of *value*, whatever frame it is."""
    return check_type(resolve_type(Annotated[Any, Flight]), value)


def test_columns_of_a_lazy_frame_are_checked_without_computing_it() -> None:
    def never(_frame: pl.DataFrame) -> pl.DataFrame:
        raise AssertionError("computed")

    rows = resolve_type(Annotated[pl.LazyFrame, Flight])
    lazy = pl.LazyFrame({"number": [1]}).map_batches(never, schema={"number": pl.Int64})
    assert "no columns carrier" in str(check_type(rows, lazy).description)


def test_the_type_of_rows_tells_the_columns() -> None:
    schema: Any = resolve_type(Annotated[pl.DataFrame, Flight]).metadata["schema"].value
    assert [(each.name, each.type) for each in schema.columns] == [("number", "int"), ("carrier", "str")]
    assert schema.columns[0].description == "Number of the flight."


def test_a_model_of_pandera_is_a_type() -> None:
    assert check_type(Flights, pl.DataFrame(GOOD)).success
    found = check_type(Flights, pl.DataFrame({"number": ["x"], "carrier": [1]}))
    assert not found.success
    assert "expected column 'number' to have type Int64, got String" in str(found.description)
    assert found.metadata["problems"].value == 2


def test_a_model_of_pandera_for_pandas_checks_values() -> None:
    assert check_type(Delays, pd.DataFrame({"minutes": [5]})).success
    assert "greater_than(0)" in str(check_type(Delays, pd.DataFrame({"minutes": [-5]})).description)


def test_a_schema_of_pandera_is_a_type() -> None:
    schema = pandera_pandas.DataFrameSchema({"a": pandera_pandas.Column(int)}, name="Small")
    found = resolve_type(schema)
    assert found.display_name == "Small"
    assert check_type(found, pd.DataFrame({"a": [1]})).success
    assert not check_type(found, pd.DataFrame({"b": [1]})).success


def test_a_frame_of_pandera_s_own_spelling_is_checked_by_its_model() -> None:
    from pandera.typing import DataFrame

    assert resolve_type(DataFrame[Delays]).display_name == "Delays"


def test_what_is_no_frame_fails_and_does_not_break() -> None:
    assert "no frame" in str(check_type(Delays, 5).description)


def test_a_schema_tells_the_columns() -> None:
    schema: Any = resolve_type(Flights).metadata["schema"].value
    assert [(each.name, each.type) for each in schema.columns] == [("number", "Int64"), ("carrier", "String")]


def test_a_pydantic_model_alone_is_its_class() -> None:
    assert check_type(Flight, Flight(number=1, carrier="UA")).success
    assert not check_type(Flight, {"number": 1, "carrier": "UA"}).success
    assert check_type(list[Flight], [Flight(number=1, carrier="UA")]).success
