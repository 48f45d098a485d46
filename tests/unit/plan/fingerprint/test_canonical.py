"""Equal values have one digest, in any process; values that differ have two; what has no form has none."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import os
import pathlib
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.plan.fingerprint.canonical import Canonical, canonical_digest


class Colour(enum.Enum):
    """An enumeration."""

    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Row:
    """A dataclass."""

    a: int
    b: str = "x"


@dataclasses.dataclass
class Rows(list[int]):
    """A dataclass that is a list."""

    name: str = "x"

    @functools.cached_property
    def total(self) -> int:
        """Follow from the rest."""
        return sum(self)


class Place(NamedTuple):
    """A named tuple."""

    x: int


class MarkedPlace(Place):
    """A named tuple that takes attributes."""


class Loose(pydantic.BaseModel, extra="allow"):
    """A model that takes what no field stands for."""

    a: int = 1
    _seen: int = pydantic.PrivateAttr(0)


def with_attribute(value: Any, name: str, content: Any) -> Any:
    """Return an object of which an attribute was set."""
    setattr(value, name, content)
    return value


def with_attrs(value: Any) -> Any:
    """Return a frame or series of pandas to which something was noted."""
    value.attrs["unit"] = "m"
    return value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("a", b"a"),
        ([1], (1,)),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        (["ab", "c"], ["a", "bc"]),
        (Colour.RED, Colour.BLUE),
        (Row(1), Row(2)),
        (Row(1), {"a": 1, "b": "x"}),
        (with_attribute(Row(1), "fitted", 1), with_attribute(Row(1), "fitted", 2)),
        (with_attribute(Row(1), "fitted", 1), Row(1)),
        (with_attribute(Rows(), "x", 1), Rows()),
        (with_attribute(MarkedPlace(1), "mark", 1), with_attribute(MarkedPlace(1), "mark", 2)),
        (Loose(a=1, b=1), Loose(a=1, b=2)),
        (Loose(a=1), with_attribute(Loose(a=1), "_seen", 1)),
        (Loose(a=1), Loose()),
        (np.array([1, 2]), np.array([1.0, 2.0])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}, index=[7])),
        (pl.DataFrame({"a": ["x", None]}), pl.DataFrame({"a": ["x", ""]})),
        (pa.table({"a": [None, 1]}), pa.table({"a": [0, 1]})),
        (dt.datetime(2024, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        (None, ""),
        ([], {}),
        (pd.DataFrame({0: [1]}), pd.DataFrame({"0": [1]})),
        (pd.DataFrame({("a", "b"): [1]}), pd.DataFrame({"('a', 'b')": [1]})),
        (pd.DataFrame({"a": [1]}).rename_axis(1), pd.DataFrame({"a": [1]}).rename_axis("1")),
        (pd.Series([1], name=1), pd.Series([1], name="1")),
        (pd.Series([1], name=""), pd.Series([1])),
        (pd.DataFrame({"a": pd.Categorical(["x"])}), pd.DataFrame({"a": ["x"]})),
        (pd.Series(pd.Categorical(["x"], ["x", "y"])), pd.Series(pd.Categorical(["x"], ["x"]))),
        (pd.Series(pd.Categorical(["x"], ["x", "y"])), pd.Series(pd.Categorical(["x"], ["y", "x"]))),
        (pd.Series(pd.Categorical(["x"], ordered=True)), pd.Series(pd.Categorical(["x"]))),
        (pl.Series("a", [1]), pl.Series("b", [1])),
        (pl.Series(["x"], dtype=pl.Categorical), pl.Series(["x"])),
        (
            pl.DataFrame({"a": ["x"]}, {"a": pl.Enum(["x", "y"])}),
            pl.DataFrame({"a": ["x"]}, {"a": pl.Enum(["y", "x"])}),
        ),
        (pa.table({"a": pa.array(["x"]).dictionary_encode()}), pa.table({"a": ["x"]})),
        (np.array([(1, "x")], [("a", int), ("b", object)]), np.array([(1, "x")], [("c", int), ("b", object)])),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (collections.defaultdict(int, a=1), collections.defaultdict(list, a=1)),
        (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2020, 1, 1, tzinfo=dt.UTC, fold=1)),
        (dt.time(1), dt.time(1, fold=1)),
        (pd.Timestamp("2020").as_unit("s"), pd.Timestamp("2020").as_unit("ns")),
        (np.array([[1]]), np.array([[1]]).view(np.matrix)),
        (np.array([(1,)], [("a", int)]), np.rec.array([(1,)], dtype=[("a", int)])),
        (np.array(1), np.int64(1)),
        (np.ma.array([1, 2], mask=[0, 1]), np.array([1, 999999])),
        (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
        (np.ma.array([999999, 2], mask=[0, 1]), np.ma.array([1, 999999], mask=[1, 0])),
        (np.ma.array([1, 2], mask=[0, 1], fill_value=7), np.ma.array([1, 2], mask=[0, 1], fill_value=8)),
        (pd.Series(pd.interval_range(0, 1)), pd.Series(pd.interval_range(0, 1, closed="left"))),
        (pd.Series([1], index=pd.interval_range(0, 1)), pd.Series([1], index=pd.interval_range(0, 1, closed="left"))),
        (pd.Series([1]), pd.Series([1], dtype="Int64")),
        (pd.Series([1]), pd.Series([1], dtype="int64[pyarrow]")),
        (pd.Series(["a"], dtype=object), pd.Series(["a"], dtype="string")),
        (pd.Series([None], dtype=object), pd.Series([np.nan], dtype=object)),
        (pd.Series(["a", None, np.nan], dtype=object), pd.Series(["a", np.nan, None], dtype=object)),
        (pd.Series([pd.NA], dtype=object), pd.Series([pd.NaT], dtype=object)),
        (pd.Series([(1,)], dtype=object), pd.Series([[1]], dtype=object)),
        (pd.DataFrame({"a": [1]}), with_attrs(pd.DataFrame({"a": [1]}))),
        (pd.Series([1]), with_attrs(pd.Series([1]))),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)),
        (pd.Series([1]), pd.Series([1]).set_flags(allows_duplicate_labels=False)),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}).rename_axis(columns="q")),
    ],
)
def test_values_that_differ_have_two_digests(one: Any, other: Any) -> None:
    """Types count as much as contents."""
    assert canonical_digest(one) is not None
    assert canonical_digest(one) != canonical_digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
        ({"x", "y"}, frozenset({"y", "x"})),
        (float("nan"), -float("nan")),
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.array([1, 2], dtype=">i4"), np.array([1, 2], dtype="<i4")),
        (pathlib.PurePosixPath("a/b"), pathlib.PurePosixPath("a//b")),
        (decimal.Decimal("1.50"), decimal.Decimal("1.50")),
        (b"a", bytearray(b"a")),
        (with_attribute(Rows(), "total", 0), Rows()),
        (Loose(a=1, b=1, c=2), Loose(a=1, c=2, b=1)),
        (pd.Series(["a", None], dtype=object), pd.Series(["a", None], dtype=object)),
        (pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}, index=pd.Index([0, 1]))),
        (pa.table({"a": ["x"]}), pa.table({"a": ["x"]}).replace_schema_metadata({"k": "v"})),
        (pa.table({"a": ["x"]}), pa.table({"a": pa.array(["x"], pa.large_string())})),
    ],
)
def test_equal_values_have_one_digest(one: Any, other: Any) -> None:
    """Order of mappings, of sets and in memory does not count."""
    assert canonical_digest(one) == canonical_digest(other) is not None


@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.integers(-5, 5)),
            st.one_of(st.none(), st.text(max_size=3)),
            st.one_of(st.none(), st.booleans()),
            st.one_of(st.none(), st.lists(st.integers(0, 3), max_size=2)),
        ),
        max_size=8,
    ),
    data=st.data(),
)
def test_chunks_and_offsets_of_a_table_do_not_count(rows: list[Any], data: st.DataObject) -> None:
    """However a table is cut, it has the digest of the whole."""
    kinds = [pa.int64(), pa.string(), pa.bool_(), pa.list_(pa.int64())]
    columns = {f"c{at}": pa.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)}
    whole = pa.table(columns)
    cut = data.draw(st.integers(0, len(rows)))
    padded = pa.concat_tables([whole.slice(0, 1), whole])
    pieces = pa.concat_tables([whole.slice(0, cut), padded.slice(min(1, len(rows))).slice(cut)])
    assert pieces.equals(whole)
    assert canonical_digest(pieces) == canonical_digest(whole)


@given(
    one=st.lists(st.one_of(st.none(), st.text(max_size=2)), max_size=4),
    other=st.lists(st.one_of(st.none(), st.text(max_size=2)), max_size=4),
)
def test_tables_are_equal_as_their_digests_are(one: list[Any], other: list[Any]) -> None:
    """Two columns of text have one digest if and only if they are equal."""
    first, second = pa.table({"a": pa.array(one, pa.string())}), pa.table({"a": pa.array(other, pa.string())})
    assert (canonical_digest(first) == canonical_digest(second)) == first.equals(second)


@pytest.mark.parametrize(
    "made",
    [
        lambda each: np.array([each, 1.0]),
        lambda each: np.array([each], "f4"),
        np.float64,
        lambda each: np.array([complex(1, each), 2, complex(each, 1)])[::2],
        lambda each: pl.DataFrame({"a": [each, None]}),
        lambda each: pl.Series([[each]]),
        lambda each: pa.array(np.array([each, 1.0])),
    ],
    ids=["array", "short", "number", "complex", "polars", "lists", "arrow"],
)
def test_all_that_is_no_number_is_equal(made: Any) -> None:
    """0 / 0 has a sign in NumPy, and ``nan`` has none."""
    positive, negative = float("nan"), np.copysign(float("nan"), -1.0)
    assert None is not canonical_digest(made(positive)) == canonical_digest(made(negative))
    assert canonical_digest(made(positive)) != canonical_digest(made(0.0))


def test_an_object_that_refuses_to_tell_what_it_holds_has_no_digest() -> None:
    """Its own code raises what it likes."""

    @dataclasses.dataclass
    class Closed:
        a: int = 1

        def __getattribute__(self, name: str) -> Any:
            if name == "__dict__":
                raise RuntimeError("closed")
            return object.__getattribute__(self, name)

    odd = Row(1)
    odd.__dict__[3] = 4  # type: ignore[index]  # no name
    assert canonical_digest(Closed()) is None
    assert canonical_digest(odd) == canonical_digest(Row(1)) is not None


def test_a_value_of_an_unknown_kind_has_no_digest() -> None:
    """Neither has one that holds such a value, or itself."""
    ring: list[Any] = []
    ring.append(ring)
    assert canonical_digest(object()) is None
    assert canonical_digest([1, object()]) is None
    assert canonical_digest(ring) is None
    assert canonical_digest(collections.defaultdict(functools.partial(int, 1))) is None


def test_a_field_that_is_set_later_counts_once_it_is_set() -> None:
    """A dataclass may have fields without a default that its ``__init__`` does not take."""

    @dataclasses.dataclass
    class Later:
        a: int
        b: int = dataclasses.field(init=False)

    first, second = Later(1), Later(1)
    assert canonical_digest(first) == canonical_digest(second)
    second.b = 2
    assert None is not canonical_digest(first) != canonical_digest(second)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [2**100]}, dtype=object),
        pd.DataFrame({"a": [1, "x"]}),
        pd.DataFrame({"a": [{"x": 1}, {"y": 2}]}),
        pl.DataFrame({"a": pl.Series([{1}, {2}], dtype=pl.Object)}),
        pl.DataFrame({"a": [1]}, schema={"a": pl.Int128}),
        pl.Series([[1]], dtype=pl.List(pl.UInt128)),
        pa.array([[2**62]], pa.list_(pa.timestamp("s"), 1)),
        np.ma.masked,
    ],
    ids=["two of a name", "large", "mixed", "dictionaries", "objects", "int128", "uint128", "times", "masked"],
)
def test_a_frame_that_arrow_does_not_hold_as_it_is_has_no_digest(value: Any) -> None:
    """It is known by its stored bytes then; dictionaries would get the keys of one another, objects be their addresses."""
    assert canonical_digest(value) is None


def test_categories_that_are_cut_from_a_larger_column_do_not_count_by_their_numbers() -> None:
    """Two chunks, each with a dictionary of its own."""
    one = pa.chunked_array([pa.array(["x"]).dictionary_encode(), pa.array(["y", "x"]).dictionary_encode()])
    whole = pa.array(["x", "y", "x"]).dictionary_encode()
    assert canonical_digest(pa.table({"a": one})) == canonical_digest(pa.table({"a": whole})) is not None


def test_a_value_that_is_too_large_is_given_up() -> None:
    """The limit counts what is inside; arrays count as one."""
    assert canonical_digest(list(range(20)), most=10) is None
    assert canonical_digest([list(range(6)), list(range(6))], most=10) is None
    assert canonical_digest(np.arange(1000), most=10) is not None


def test_another_process_with_another_hash_seed_gives_the_same_digest() -> None:
    """Also for sets of texts, whose order depends on the seed."""
    value = {"names": {"a", "bc", "d"}, "n": [1, 2.5, None, True]}
    program = f"from orrery.plan.fingerprint.canonical import canonical_digest; print(canonical_digest({value!r}))"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == canonical_digest(value)


_PLAIN = st.recursive(
    st.one_of(st.none(), st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=12,
)


@given(st.one_of(_PLAIN, st.tuples(_PLAIN).map(lambda pair: [pair[0], {"a": [pair, 1]}])))
def test_plain_values_have_the_digest_that_they_have_piece_by_piece(value: object) -> None:
    """Texts, lists and mappings of them are written in one piece; alone or beside others, they are the same."""
    writer = Canonical()
    writer.write(value)
    assert canonical_digest(value) == writer.hexdigest()


def test_a_deep_value_has_the_digest_that_it_has_piece_by_piece() -> None:
    value: list[object] = ["a"]
    for _ in range(40):
        value = [value]
    writer = Canonical()
    writer.write(value)
    assert canonical_digest(value) == writer.hexdigest()
    value.append(value)
    assert canonical_digest(value) is None
