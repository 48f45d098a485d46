"""What goes into a store comes out as it was, or is refused: frames of which library, and columns of Python's objects."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.formats import FORMATS, decode, encode, encode_as, format_for, table_of
from orrery.adapters.cache.stored import BlobIOManager
from orrery.api.verbs.materialize import materialize
from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.definitions.decorators.asset import asset


def through(value: Any, manager: Any) -> Any:
    """Return *value* as an input without annotation gets it."""
    got: list[Any] = []

    @asset
    def given() -> Any:
        return value

    @asset
    def taken(given) -> None:  # type: ignore[no-untyped-def]  # without annotation, as it is asked
        got.append(given)

    materialize([given, taken], resources={"io_manager": manager}, on_event=lambda entry: None)
    return got[0]


@pytest.mark.parametrize("form", [None, "parquet", "arrow", "csv"])
@pytest.mark.parametrize(
    "value", [pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]})], ids=table_of
)
def test_a_table_stays_with_its_library(tmp_path: Path, value: Any, form: str | None) -> None:
    """If no annotation of the input asks for another; from the store, and from the cache before it."""
    stored = through(value, BlobIOManager(tmp_path / "store", format=form))
    cached = through(value, CachedIOManager(tmp_path / "remote", local=tmp_path / "local", format=form))
    fetched = through(value, CachedIOManager(tmp_path / "far", local=tmp_path / "none", format=form, max_bytes=0))
    assert [type(each) for each in (stored, cached, fetched)] == [type(value)] * 3
    assert stored.equals(value) and cached.equals(value) and fetched.equals(value)


def test_a_lazy_frame_comes_back_lazy(tmp_path: Path) -> None:
    """Read when it is collected, as it was given."""
    assert isinstance(through(pl.LazyFrame({"a": [1]}), BlobIOManager(tmp_path)), pl.LazyFrame)


def test_a_frame_of_before_comes_back_as_what_its_file_says() -> None:
    """A name that was written when none told the library."""
    assert isinstance(decode(encode(pd.DataFrame({"a": [1]}), "parquet"), "parquet"), pd.DataFrame)
    assert isinstance(decode(encode(pl.DataFrame({"a": [1]}), "parquet"), "parquet"), pl.DataFrame)


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv"])
def test_objects_in_a_column_of_polars_are_refused(form: str) -> None:
    """Their addresses would be stored for them."""
    frame = pl.DataFrame({"a": [1, 2], "o": pl.Series([{1, 2}, {3}], dtype=pl.Object)})
    with pytest.raises(InvariantViolationError, match="column 'o' holds objects of Python"):
        encode(frame, form)
    with pytest.raises(InvariantViolationError, match="cannot hold a DataFrame"):
        encode_as(frame, None)


@pytest.mark.parametrize(
    "cells",
    [[1, "x"], [10**30, 1], [{"x": 1}, {"y": 2}], [[1], [2, 3]], [{1}, {2}], [(1,), (2,)], [1 + 2j, 1], [1, None]],
    ids=str,
)
def test_a_frame_of_pandas_that_parquet_would_change_is_pickled(cells: list[Any]) -> None:
    """Where no format is chosen; lists would come back as arrays, dictionaries with the keys of one another."""
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    form, data = encode_as(frame, None)
    back = decode(data, form, table=table_of(frame))
    assert (form, back["a"].tolist()) == ("pickle", cells)
    assert [type(each) for each in back["a"]] == [type(each) for each in cells]


@pytest.mark.parametrize(
    "cells", [["x", None], [b"x", None], [True, None], [date(2024, 1, 1), None], [Decimal("1.10"), None], [None, None]]
)
def test_what_parquet_keeps_goes_into_parquet(cells: list[Any]) -> None:
    """So other programs read it, and nobody has to sign it."""
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)})
    assert format_for(frame) == "parquet"
    back = decode(encode(frame, "parquet"), "parquet", pd.DataFrame)["a"].tolist()
    assert [None if pd.isna(each) else each for each in back] == cells


def test_categories_and_texts_of_pandas_go_into_parquet() -> None:
    """They are no objects of Python, though numpy calls them so."""
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": ["x", "y"]})
    assert format_for(frame) == "parquet"
    assert decode(encode(frame, "parquet"), "parquet", pd.DataFrame).equals(frame)


def test_two_columns_of_one_name_are_stored(tmp_path: Path) -> None:
    """In whatever holds them, and by files, too."""
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert through(frame, BlobIOManager(tmp_path)).equals(frame)


@pytest.mark.parametrize("form", sorted(FORMATS.keys() & {"parquet", "arrow", "csv"}))
@pytest.mark.parametrize("value", [pd.Series([1]), pl.Series([1])], ids=["pandas", "polars"])
def test_a_series_is_no_table(value: Any, form: str) -> None:
    """And is told so in these words."""
    with pytest.raises(InvariantViolationError, match="it is no table of polars, pandas or pyarrow"):
        encode(value, form)


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv"])
@pytest.mark.parametrize("library", [pd, pl])
def test_tables_come_back_as_they_were(form: str, library: Any) -> None:
    """In the library that the input asks for."""
    table = library.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert decode(encode(table, form), form, library.DataFrame).equals(table)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("text", "text"),
        (b"bytes", "bytes"),
        (np.arange(3), "numpy"),
        ({"a": {1, 2}}, "pickle"),
        (pl.DataFrame({"a": [1]}), "parquet"),
        (pd.DataFrame({"a": [1]}), "parquet"),
    ],
)
def test_the_format_follows_the_type(value: Any, form: str) -> None:
    """And gives the value back."""
    assert format_for(value) == form
    back = decode(encode(value, form), form, type(value))
    assert back.equals(value) if hasattr(value, "equals") else np.array_equal(back, value) or back == value


def test_a_format_that_cannot_hold_a_value_says_so() -> None:
    """By name; so does one that is not there."""
    for form in FORMATS.keys() - {"pickle"}:
        with pytest.raises(InvariantViolationError, match=f"format '{form}' cannot hold a object"):
            encode(object(), form)
    with pytest.raises(InvalidDefinitionError, match="no format 'yaml'"):
        encode(1, "yaml")
