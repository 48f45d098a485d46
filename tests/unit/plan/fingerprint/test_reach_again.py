"""
Read by a stranger: each way in which code of a project may change is seen, by a reacher that knows the function already
as by a new one; what looks different and does the same is not.
"""

import dataclasses
import enum
import functools
import importlib
import itertools
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.reach import Reacher
from orrery.plan.fingerprint.walk import Walk
from orrery.runtime.engine.code_facts import InstalledCode

HELPERS = """
import asyncio
import dataclasses
import enum
import functools

import numpy as np
from pydantic import BaseModel

RATE = 2
WEIGHTS = np.array([1.0, 2.0])

def deep(x):
    return x + 1

def helper(x):
    return deep(x) * RATE

def wraps_it(function):
    @functools.wraps(function)
    def inner(*args):
        return function(*args) + 10
    return inner

def plain_wrapper(function):
    def inner(*args):
        return function(*args) + 20
    return inner

class Base:
    def inherited(self):
        return 1

class Tool(Base):
    size = 3

    def run(self):
        return self.size

    @classmethod
    def build(cls):
        return cls()

    @staticmethod
    def still(x):
        return x + 4

    @property
    def wide(self):
        return self.size + 5

@dataclasses.dataclass(frozen=True)
class Settings:
    low: int = 1
    high: int = 6

SETTINGS = Settings(high=7)

class Colour(enum.Enum):
    RED = "red"

class Row(BaseModel):
    limit: int = 8

ROW = Row(limit=9)

async def waits(x):
    await asyncio.sleep(0)
    return x + 11

def numbers(x):
    yield x + 12

add = functools.partial(lambda a, b: a + b, 13)
double = lambda x: x * 14

def outer(low):
    def inner(x, step=15):
        return x + low + step
    return inner

nested = outer(16)
"""

MAIN = """
import helpers
from helpers import Colour, Row, Settings, Tool, add, double, nested, numbers, plain_wrapper, waits, wraps_it

def by_module(x):
    return helpers.helper(x)

def by_method(x):
    return Tool().run()

def by_inherited(x):
    return Tool().inherited()

def by_classmethod(x):
    return Tool.build()

def by_staticmethod(x):
    return Tool.still(x)

def by_property(x):
    return Tool().wide

def by_dataclass(x):
    return Settings().low

def by_instance(x):
    return helpers.SETTINGS.high

def by_enum(x):
    return Colour.RED.value

def by_model(x):
    return Row().limit

def by_model_instance(x):
    return helpers.ROW.limit

def by_array(x):
    return helpers.WEIGHTS.sum()

async def by_async(x):
    return await waits(x)

def by_generator(x):
    yield from numbers(x)

def by_partial(x):
    return add(x)

def by_lambda(x):
    return double(x)

def by_nested(x):
    return nested(x)

def by_comprehension(x):
    return [double(each) for each in range(x)]

def by_inner(x):
    def go():
        return helpers.helper(x)
    return go()

def by_default(x, call=helpers.helper):
    return call(x)

@wraps_it
def by_wraps(x):
    return x

@plain_wrapper
def by_wrapper(x):
    return x
"""

_TURN = itertools.count()
Load = Callable[[str, str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes the two modules, imports them anew and returns the second."""

    def write(helpers: str, main: str) -> ModuleType:
        folder = tmp_path / f"turn_{next(_TURN)}"
        folder.mkdir()
        (folder / "helpers.py").write_text(helpers)
        (folder / "strangers_main.py").write_text(main)
        for name in ("helpers", "strangers_main"):
            sys.modules.pop(name, None)
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        return importlib.import_module("strangers_main")

    yield write
    for name in ("helpers", "strangers_main"):
        sys.modules.pop(name, None)


def reach(function: Callable[..., Any]) -> Reach:
    """Return what a reacher finds that never saw the function."""
    return Reacher(InstalledCode()).reach(function)


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        ("by_module", "return x + 1\n", "return x + 100\n"),
        ("by_module", "RATE = 2", "RATE = 200"),
        ("by_method", "return self.size\n", "return self.size * 2\n"),
        ("by_method", "size = 3", "size = 300"),
        ("by_inherited", "return 1\n", "return 100\n"),
        ("by_classmethod", "return cls()", "return cls"),
        ("by_staticmethod", "x + 4", "x + 400"),
        ("by_property", "self.size + 5", "self.size + 500"),
        ("by_dataclass", "low: int = 1", "low: int = 100"),
        ("by_instance", "Settings(high=7)", "Settings(high=700)"),
        ("by_enum", '"red"', '"crimson"'),
        ("by_model", "limit: int = 8", "limit: int = 800"),
        ("by_model_instance", "Row(limit=9)", "Row(limit=900)"),
        ("by_array", "[1.0, 2.0]", "[1.0, 3.0]"),
        ("by_async", "x + 11", "x + 1100"),
        ("by_generator", "x + 12", "x + 1200"),
        ("by_partial", "a + b, 13", "a + b, 1300"),
        ("by_partial", "a + b, 13", "a - b, 13"),
        ("by_lambda", "x * 14", "x * 1400"),
        ("by_comprehension", "x * 14", "x * 1400"),
        ("by_nested", "step=15", "step=1500"),
        ("by_nested", "outer(16)", "outer(1600)"),
        ("by_nested", "x + low + step", "x + low - step"),
        ("by_inner", "return x + 1\n", "return x + 100\n"),
        ("by_default", "return x + 1\n", "return x + 100\n"),
        ("by_wraps", "function(*args) + 10", "function(*args) + 1000"),
        ("by_wrapper", "function(*args) + 20", "function(*args) + 2000"),
    ],
)
def test_a_change_is_seen_where_it_is_reached_and_nowhere_else(load: Load, function: str, old: str, new: str) -> None:
    """Each change touches the function that reaches it; one that reaches nothing of it is as before."""
    assert HELPERS.count(old) == 1, "the test changes one place"
    main = MAIN + "\ndef apart(x):\n    return x\n"
    module = load(HELPERS, main)
    before, apart = reach(getattr(module, function)).parts, reach(module.apart).parts
    changed = load(HELPERS.replace(old, new), main)
    assert reach(getattr(changed, function)).parts != before
    assert reach(changed.apart).parts == apart


def test_what_only_looks_different_is_the_same(load: Load) -> None:
    """Comments, docstrings, blank lines, brackets, notes of types and the order of definitions change nothing."""
    names = [line.split("def ")[1].split("(")[0] for line in MAIN.splitlines() if "def by_" in line]
    module = load(HELPERS, MAIN)
    before = {name: reach(getattr(module, name)).parts for name in names}
    helpers = (
        '"""Helpers."""\n'
        + HELPERS.replace("def deep(x):\n", "def deep(x: 'int') -> 'int':\n    '''Add one.'''\n\n    # more\n")
        .replace("return deep(x) * RATE", "return (\n        deep(x)\n        * RATE  # the rate\n    )")
        .replace("size = 3\n", "size = 3  # of what\n\n")
        .replace("def run(self):\n", "def run(self):\n        'Run.'\n")
        + "\ndef nobody_calls_it():\n    return 0\n"
    )
    again = load(helpers, "# A comment.\n\n\n" + MAIN)
    assert {name: reach(getattr(again, name)).parts for name in names} == before


RATE = 2
LIMITS = [1, 2]
PAIR = (1, "a")


def leaf(x: int) -> int:
    """Add one."""
    return x + 1


def other_leaf(x: int) -> int:
    """Add two."""
    return x + 2


def root(x: int, y: int = 3) -> int:
    """Use a constant, a function and a default value."""
    return leaf(x) * RATE + y + len(PAIR)


def lists(x: int) -> int:
    """Use what may change inside."""
    return x + sum(LIMITS)


class Kind(enum.Enum):
    """Kinds."""

    ONE = 1


@dataclasses.dataclass
class Box:
    """A box."""

    side: int = 1

    def wide(self) -> int:
        """Return how wide it is."""
        return self.side


BOX = Box()


def boxed(x: int) -> int:
    """Use an object."""
    return BOX.side + x


def takes_box(box: Box) -> int:
    """Take an object."""
    return box.wide()


def takes_later(box: "Box") -> int:
    """Take an object of a class that a name stands for."""
    return box.wide()


def closing(low: int) -> Any:
    """Return a function that closes over *low*, and one that sets it."""

    def inner(x: int) -> int:
        return x + low

    def move(to: int) -> None:
        nonlocal low
        low = to

    return inner, move


@functools.lru_cache
def kept(x: int) -> int:
    """Return what is kept."""
    return leaf(x)


def by_kept(x: int) -> int:
    """Call what is kept."""
    return kept(x)


class TestAReacherThatKnowsTheFunction:
    """What is changed in place in a running process is seen by the reacher that the process keeps."""

    @pytest.fixture
    def again(self) -> Callable[[Callable[..., Any]], Reach]:
        """Return what a reacher finds that is kept from call to call, which must be what a new one finds."""
        kept_reacher = Reacher(InstalledCode())

        def look(function: Callable[..., Any]) -> Reach:
            found = kept_reacher.reach(function)
            assert found == reach(function)
            return found

        return look

    def test_nothing_changed(self, again: Any) -> None:
        """It gives what it found before, without another walk."""
        assert again(root) is again(root)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("RATE", 3), ("RATE", 2.0), ("RATE", True), ("PAIR", (1, "b")), ("leaf", other_leaf), ("leaf", len)],
    )
    def test_a_name_stands_for_another_thing(
        self, again: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: Any
    ) -> None:
        """A constant or a function of the module is replaced, as in a notebook or by a patch."""
        before = again(root)
        monkeypatch.setattr(sys.modules[__name__], name, value)
        assert again(root).parts != before.parts
        monkeypatch.undo()
        assert again(root) == before

    def test_the_body_or_a_default_of_a_function_is_replaced(self, again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The object is the same, what it does is not."""
        before = again(root)
        monkeypatch.setattr(leaf, "__code__", other_leaf.__code__)
        assert again(root).parts != before.parts
        monkeypatch.undo()
        monkeypatch.setattr(root, "__defaults__", (4,))
        assert again(root).parts != before.parts

    def test_a_list_or_an_object_is_changed_inside(self, again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """No name stands for another thing, and yet the value is another."""
        one, two = again(lists), again(boxed)
        LIMITS.append(3)
        monkeypatch.setattr(BOX, "side", 2)
        try:
            assert again(lists).parts != one.parts
            assert again(boxed).parts != two.parts
        finally:
            LIMITS.pop()

    def test_what_is_closed_over_is_changed(self, again: Any) -> None:
        """A function of the same closure sets the variable."""
        inner, move = closing(1)
        before = again(inner)
        move(2)
        assert again(inner).parts != before.parts

    def test_what_a_cached_function_calls_is_replaced(self, again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The walk goes through the cache."""
        before = again(by_kept)
        monkeypatch.setattr(leaf, "__code__", other_leaf.__code__)
        assert again(by_kept).parts != before.parts

    def test_a_module_from_elsewhere_is_patched(self, again: Any, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
        """``helpers.RATE = 3`` in a test or a notebook."""
        function = load(HELPERS, MAIN).by_module
        before = again(function)
        monkeypatch.setattr(sys.modules["helpers"], "RATE", 3)
        assert again(function).parts != before.parts

    def test_a_method_of_the_class_of_a_parameter_is_replaced(
        self, again: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So is the class itself, where a name stands for it until it is asked for."""
        for function in (takes_box, takes_later):
            before = again(function)
            monkeypatch.setattr(Box, "wide", lambda box: box.side * 2)
            assert again(function).parts != before.parts
            monkeypatch.undo()
        before = again(takes_later)
        monkeypatch.setattr(sys.modules[__name__], "Box", Kind)
        assert again(takes_later).parts != before.parts


def test_copies_of_a_function_are_told_apart_by_all_that_is_their_own(load: Load) -> None:
    """A reacher that knows one of them gives the same of the others, unless they have something of their own."""
    module = load(HELPERS, MAIN)
    reacher = Reacher(InstalledCode())
    original = module.by_module

    def copy(**own: Any) -> Callable[..., Any]:
        made: Any = type(original)(original.__code__, original.__globals__, original.__name__)
        made.__module__, made.__qualname__ = original.__module__, original.__qualname__
        for name, value in own.items():
            setattr(made, name, value)
        return made

    known = reacher.reach(original)
    assert reacher.reach(copy()) is known
    assert reacher.reach(copy(__defaults__=(1,))).parts != known.parts
    assert reacher.reach(copy(__annotations__={"x": int})).parts != known.parts
    assert reacher.reach(copy(__code__=module.by_lambda.__code__)).parts != known.parts
    module.helpers = types.SimpleNamespace(helper=module.by_lambda)
    assert reacher.reach(copy()).parts != known.parts


def _nothing() -> int:
    return 1


def _built_in(x: "int") -> int:
    return sum(range(x))


def _typed(x: int, y: "Box", z: list[int], deep: "types.ModuleType") -> list[int]:
    return [x, len(z)]


def _typed_later(x: "int") -> int:
    return x


def _typed_and_more(x: "int", y: int = 1) -> int:
    return x + y


def _takes_a_class(x: Box) -> int:
    return len(str(x))


def _bare(x):  # type: ignore[no-untyped-def]
    return [sum(each) for each in x if len(each) > max(1, 2)]


def _inside(x):  # type: ignore[no-untyped-def]
    def inner(y):  # type: ignore[no-untyped-def]
        return x + abs(y)

    return inner(x)


def _reads(x):  # type: ignore[no-untyped-def]
    return sum(x) + _nothing()


def _imports(x):  # type: ignore[no-untyped-def]
    import math

    return math.floor(x)


def _shadowed(x):  # type: ignore[no-untyped-def]
    return round(x) + len(x)


@pytest.mark.parametrize(
    "function",
    [
        _nothing,
        _built_in,
        _typed,
        _typed_later,
        _typed_and_more,
        _takes_a_class,
        _bare,
        _inside,
        _reads,
        _imports,
        _shadowed,
    ],
)
def test_what_is_found_without_a_walk_is_what_a_walk_finds(
    function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also once a name that was built in stands for something else."""
    reacher = Reacher(InstalledCode())

    def walked() -> Reach:
        return Walk(reacher.of_code, InstalledCode()).run(function)

    assert reacher.reach(function) == walked()
    monkeypatch.setitem(function.__globals__, "len", _nothing)
    monkeypatch.setitem(function.__globals__, "sum", 7)
    monkeypatch.setitem(function.__globals__, "int", Box)
    assert reacher.reach(function) == walked()
    assert reacher.reach(function) == Reacher(InstalledCode()).reach(function)
