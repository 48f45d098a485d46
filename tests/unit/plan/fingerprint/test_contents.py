"""Constants of every kind that people write: another content is seen, and what a name stands for, too."""

import argparse
import array
import collections
import configparser
import decimal
import email.headerregistry
import functools
import ipaddress
import json
import logging
import operator
import statistics
import string
import struct
import sys
import textwrap
import time
import types
import urllib.request
import zoneinfo
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import Any

import attrs
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.fs
import pytest
import sqlalchemy
import yarl

from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.code_facts import InstalledCode


class Slotted:
    __slots__ = ("__hidden", "q")

    def __init__(self, q: int, hidden: int = 0) -> None:
        self.q = q
        self.__hidden = hidden


class Codes(list[int]):
    """A list of the project."""


class Level(int):
    """A number of the project."""


class Word(str):
    """A text of the project."""

    __slots__ = ()


@attrs.define
class Limits:
    most: int


def reached(main: dict[str, Any], source: str = "def target():\n    return A, B\n") -> Reach:
    """Return what a function of a module with these names reaches."""
    spread: dict[str, Any] = {"__name__": "contents_target", "A": None, "B": None, **main}
    exec(source, spread)
    return Reacher(InstalledCode()).reach(spread["target"])


def made(name: str) -> Any:
    """Return a function of the project."""
    spread: dict[str, Any] = {"__name__": "contents_other"}
    exec(f"def {name}(x):\n    return {name!r}\n", spread)
    return spread[name]


def table(n: int) -> sqlalchemy.Table:
    """Return a table whose column holds texts of this length."""
    return sqlalchemy.Table("t", sqlalchemy.MetaData(), sqlalchemy.Column("a", sqlalchemy.String(n)))


def parsed(n: int) -> configparser.ConfigParser:
    """Return a file of settings, as it is read."""
    found = configparser.ConfigParser()
    found.read_string(f"[a]\nb = {n}\n")
    return found


CONTENTS: dict[str, Callable[[int], Any]] = {
    "SimpleNamespace": lambda n: types.SimpleNamespace(rate=n),
    "Namespace": lambda n: argparse.Namespace(rate=n),
    "Template": lambda n: string.Template(f"$a {n}"),
    "deque": lambda n: collections.deque([n]),
    "length of a deque": lambda n: collections.deque([1], maxlen=n),
    "UserList": lambda n: collections.UserList([n]),
    "array": lambda n: array.array("i", [n]),
    "itemgetter": operator.itemgetter,
    "attrgetter": lambda n: operator.attrgetter(f"a{n}"),
    "methodcaller": lambda n: operator.methodcaller("f", n, key=n),
    "partialmethod": lambda n: functools.partialmethod(print, n),
    "ZoneInfo": lambda n: zoneinfo.ZoneInfo(["Europe/Berlin", "Europe/Paris"][n - 1]),
    "timezone": lambda n: timezone(timedelta(hours=n)),
    "Context": decimal.Context,
    "NormalDist": statistics.NormalDist,
    "Struct": lambda n: struct.Struct("i" * n),
    "address": lambda n: ipaddress.ip_address(f"10.0.0.{n}"),
    "error": lambda n: ValueError(n),
    "keys": lambda n: {n: 1}.keys(),
    "bound built-in": lambda n: {"a": n}.get,
    "slots": Slotted,
    "private slots": lambda n: Slotted(1, n),
    "list of the project": lambda n: Codes([n]),
    "number of the project": Level,
    "text of the project": lambda n: Word(str(n)),
    "attrs": Limits,
    "expression of polars": lambda n: pl.col("a") > n,
    "value of pyarrow": pa.scalar,
    "index of pandas": lambda n: pd.Index([n, 3]),
    "categories of pandas": lambda n: pd.Categorical(["a"], ["a", "b" * n]),
    "order of categories of pandas": lambda n: pd.Categorical(["a"], ["a", "b"][:: 3 - 2 * n]),
    "times of pandas": lambda n: pd.array([f"202{n}"], "datetime64[ns]"),
    "durations of pandas": lambda n: pd.array([f"{n}s"], "timedelta64[ns]"),
    "periods of pandas": lambda n: pd.array([f"202{n}"], "period[Y]"),
    "interval of pandas": lambda n: pd.Interval(0, n),
    "period of pandas": lambda n: pd.Period(f"202{n}"),
    "selector of polars": lambda n: pl.selectors.numeric().exclude(f"a{n}"),
    "lazy frame of polars": lambda n: pl.LazyFrame({"a": [n]}),
    "function of numpy": lambda n: np.frompyfunc(made(f"f{n}"), 1, 1),
    "table of SQLAlchemy": lambda n: table(n),
    "tables of SQLAlchemy": lambda n: table(n).metadata,
    "column of SQLAlchemy": lambda n: sqlalchemy.Column("a", sqlalchemy.String(n)),
    "statement of SQLAlchemy": lambda n: sqlalchemy.select(table(1)).where(table(1).c.a == str(n)),
    "condition of SQLAlchemy": lambda n: sqlalchemy.column("a") == n,
    "text of SQLAlchemy": lambda n: sqlalchemy.text(f"select {n}"),
    "URL of yarl": lambda n: yarl.URL(f"http://a/{n}"),
    "encoder": lambda n: json.JSONEncoder(indent=n),
    "decoder": lambda n: json.JSONDecoder(strict=n == 1),
    "formatter": lambda n: logging.Formatter(f"%(message)s {n}"),
    "wrapper": lambda n: textwrap.TextWrapper(width=n),
    "parsed config": lambda n: parsed(n),
    "request": lambda n: urllib.request.Request("http://a", headers={"n": str(n)}),
    "broken time": lambda n: time.struct_time([n] * 9),
    "address of mail": lambda n: email.headerregistry.Address(f"a{n}"),
}


@pytest.mark.parametrize("make", CONTENTS.values(), ids=CONTENTS)
def test_another_content_is_seen_and_an_equal_one_is_the_same(make: Callable[[int], Any]) -> None:
    one = reached({"A": make(1)})
    assert one.parts == reached({"A": make(1)}).parts
    assert one.parts != reached({"A": make(2)}).parts
    assert one.opaque == ()


BINDINGS: dict[str, tuple[Any, Any]] = {
    "function of the standard library": (statistics.mean, statistics.median),
    "class of the standard library": (int, float),
    "module": (statistics, decimal),
}


@pytest.mark.parametrize(("before", "after"), BINDINGS.values(), ids=BINDINGS)
def test_another_thing_behind_a_name_is_seen(before: Any, after: Any) -> None:
    """``from statistics import median as average`` where it was ``mean``: the function reads as before."""
    one, other = reached({"A": before}), reached({"A": after})
    assert one.parts != other.parts
    assert set(one.parts) == set(other.parts)  # told as a change of the name


@pytest.mark.parametrize(("before", "after"), BINDINGS.values(), ids=BINDINGS)
def test_another_thing_closed_over_is_seen(before: Any, after: Any) -> None:
    """As a factory of assets is given it."""

    def build(of: Any) -> Callable[[], Any]:
        def target() -> Any:
            return of

        return target

    reacher = Reacher(InstalledCode())
    assert reacher.reach(build(before)).parts != reacher.reach(build(after)).parts


def test_two_names_that_were_swapped_are_seen() -> None:
    """All that is reached is the same."""
    one, other = made("one"), made("other")
    assert reached({"A": one, "B": other}).parts != reached({"A": other, "B": one}).parts


def test_another_attribute_of_another_module_under_the_same_name_is_seen() -> None:
    source = "def target(x):\n    return A.fsum(x)\n"
    modules = [types.ModuleType("math"), types.ModuleType("cmath")]
    assert reached({"A": modules[0]}, source).parts != reached({"A": modules[1]}, source).parts


def test_a_name_that_says_what_it_is_is_no_part() -> None:
    """Else each import would be recorded with each value."""
    one = made("one")
    found = reached({"one": one, "statistics": statistics}, "def target(x):\n    return one(statistics.mean(x))\n")
    assert set(found.parts) == {"contents_target:target", "contents_other:one"}


DISPATCH = """
import functools

@functools.singledispatch
def told(x):
    return "any"

@told.register
def _(x: int):
    return RESULT

class Teller:
    @functools.singledispatchmethod
    def tell(self, x):
        return "any"

    @tell.register
    def _(self, x: int):
        return RESULT

def target(x):
    return CALL
"""


@pytest.mark.parametrize("call", ["told(x)", "Teller().tell(x)"])
def test_what_is_registered_by_type_is_followed(call: str) -> None:
    source = DISPATCH.replace("CALL", call)
    one, other = (reached({}, source.replace("RESULT", each)) for each in ("1", "2"))
    assert one.parts != other.parts


def test_a_metaclass_of_the_project_is_followed() -> None:
    source = """
class Meta(type):
    @property
    def tag(cls):
        return RESULT

class Tagged(metaclass=Meta):
    pass

def target():
    return Tagged.tag
"""
    one, other = (reached({}, source.replace("RESULT", each)) for each in ("1", "2"))
    assert one.parts != other.parts


def test_what_is_used_up_is_no_content() -> None:
    """A generator of random numbers is another one after each use: its state would put all values out of date."""
    import random

    one, other = random.Random(1), random.Random(2)
    assert reached({"A": one}).parts == reached({"A": other}).parts
    assert reached({"A": one}).opaque == ("contents_target:A",)


def test_how_a_place_is_reached_is_no_content() -> None:
    """Else another password would put all values out of date."""
    one, other = (pyarrow.fs.S3FileSystem(access_key="a", secret_key=each, region="us-east-1") for each in "bc")
    assert reached({"A": one}).parts == reached({"A": other}).parts
    assert reached({"A": one}).opaque == ("contents_target:A",)


def test_what_its_library_cannot_write_down_is_known_by_its_type() -> None:
    """Not by what its objects remember beside: tables of which one names another that is not there."""

    def tables() -> sqlalchemy.MetaData:
        found = sqlalchemy.MetaData()
        sqlalchemy.Table("t", found, sqlalchemy.Column("a", sqlalchemy.ForeignKey("missing.a")))
        return found

    one = tables()
    with pytest.raises(sqlalchemy.exc.NoReferencedTableError):
        assert one.sorted_tables
    assert reached({"A": one}).parts == reached({"A": tables()}).parts
    assert reached({"A": one}).opaque == ("contents_target:A",)


def test_a_lazy_frame_that_was_collected_is_the_same() -> None:
    frame = pl.LazyFrame({"a": [1]})
    before = reached({"A": frame}).parts
    assert frame.collect().height == 1
    assert frame.collect_schema()
    assert reached({"A": frame}).parts == before


def test_an_index_that_was_used_is_the_same() -> None:
    """It remembers what was asked of it."""
    index = pd.Index([1, 2])
    before = reached({"A": index}).parts
    assert index.is_unique
    assert index.get_loc(2) == 1
    assert reached({"A": index}).parts == before


def test_functions_that_cython_compiled_are_known_by_their_names() -> None:
    """Methods of classes of pyarrow, say: their type is of a module that has no file, and its class of none at all."""
    first = reached({"A": pa.Table.from_pylist, "B": pa.Table.from_pydict})
    same = reached({"A": pa.Table.from_pylist, "B": pa.Table.from_pydict})
    swapped = reached({"A": pa.Table.from_pydict, "B": pa.Table.from_pylist})
    assert first.parts == same.parts
    assert first.parts != swapped.parts
    assert "pyarrow" in first.distributions


@pytest.mark.filterwarnings("ignore::polars.exceptions.PolarsInefficientMapWarning")
@pytest.mark.parametrize("method", ["map_elements", "map_batches"])
def test_a_function_in_an_expression_is_followed(method: str) -> None:
    """One of a module, which polars writes down by its name alone: its body counts, and not the line that it stands at."""

    def expression(body: str, above: str = "") -> Reach:
        source = f"{above}def helper(x):\n    return {body}\n"
        module = types.ModuleType("contents_helper")
        sys.modules[module.__name__] = module
        try:
            exec(compile(source, "contents_helper.py", "exec"), module.__dict__)
            written = getattr(pl.col("a"), method)(module.helper, return_dtype=pl.Int64)
            return reached({"A": written})
        finally:
            del sys.modules[module.__name__]

    first = expression("x + 1")
    assert first.parts == expression("x + 1", above="# moved\n\n").parts
    assert first.parts != expression("x + 2").parts
    assert first.opaque == ()
