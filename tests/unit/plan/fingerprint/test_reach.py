"""What a function depends on: changes of it are seen, wherever they are; cosmetic changes are not."""

import importlib
import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from orrery.plan.fingerprint.facts import Reach
from orrery.plan.fingerprint.reach import Reacher
from orrery.runtime.engine.code_facts import InstalledCode

HELPERS = """
import functools

FACTOR = 2

def scale(x):
    return x * FACTOR

class Model:
    rate = 0.5

    def run(self, x):
        return x * self.rate

@functools.lru_cache
def cached(x):
    return x + 1

def unused():
    return 1
"""

MAIN = """
import helpers
from helpers import Model, cached

LIMIT = 3
TABLE = {"a": [1, 2], "b": 3}
seen = []
counts = {}

def target(x, y=1):
    seen.append(x)
    counts["calls"] = 1
    return helpers.scale(x) + LIMIT + TABLE["b"] + Model().run(x) + cached(y)

def make(low):
    def band(x):
        return x > low
    return band

bands = [make(1), make(2)]
"""

Load = Callable[[str, str], ModuleType]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Return a function that writes and imports the two modules anew."""
    numbers = itertools.count()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    paths = list(sys.path)

    def write(main: str, helpers: str = HELPERS) -> ModuleType:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        (folder / "helpers.py").write_text(helpers)
        (folder / "main_module.py").write_text(main)
        sys.path[:] = [str(folder), *paths]
        for name in ("helpers", "main_module"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("main_module")

    yield write
    sys.path[:] = paths
    for name in ("helpers", "main_module"):
        sys.modules.pop(name, None)


def reach(function: Callable[..., object]) -> Reach:
    """Return what can be reached from *function*."""
    return Reacher(InstalledCode()).reach(function)


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("main", "return helpers", "return 1 + helpers", "main_module:target"),
        ("main", "LIMIT = 3", "LIMIT = 4", "main_module:LIMIT"),
        ("main", '"b": 3', '"b": 4', "main_module:TABLE"),
        ("main", '{"a": [1, 2], "b": 3}', '{"b": 3, "a": [1, 2]}', "main_module:TABLE"),  # who iterates it sees that
        ("main", "y=1", "y=2", "main_module:target"),
        ("helpers", "x * FACTOR", "x + FACTOR", "helpers:scale"),
        ("helpers", "FACTOR = 2", "FACTOR = 2.0", "helpers:FACTOR"),
        ("helpers", "rate = 0.5", "rate = 0.6", "helpers:Model"),
        ("helpers", "x * self.rate", "x / self.rate", "helpers:Model.run"),
        ("helpers", "return x + 1", "return x + 2", "helpers:cached"),
    ],
)
def test_a_change_of_what_is_reached_is_seen(load: Load, file: str, old: str, new: str, part: str) -> None:
    """It is told by the name of the part, and no other part changes."""
    sources = {"main": MAIN, "helpers": HELPERS}
    before = reach(load(sources["main"], sources["helpers"]).target)
    assert old in sources[file]
    sources[file] = sources[file].replace(old, new)
    after = reach(load(sources["main"], sources["helpers"]).target)
    changed = {name for name in {*before.parts, *after.parts} if before.parts.get(name) != after.parts.get(name)}
    assert changed == {part}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("main", "    seen.append(x)", "    # why\n\n    seen.append( x )"),
        ("main", "return helpers.scale(x) + LIMIT", "return (helpers.scale(x)\n        + LIMIT)"),
        ("main", "def target(x, y=1):", 'def target(x, y=1):\n    """Say what it does."""'),
        ("main", "seen = []", "seen = [1]"),
        ("main", "counts = {}", "counts = {'calls': 7}"),
        ("main", "LIMIT = 3", "\n\n\nLIMIT = 1 + 2"),
        ("helpers", "    return 1\n", "    return 2\n"),
        ("helpers", "def scale(x):", "def scale(x):\n    'Scale.'"),
        ("helpers", "class Model:", "class Model:\n    '''A model.'''\n"),
    ],
)
def test_a_cosmetic_change_is_not_seen(load: Load, file: str, old: str, new: str) -> None:
    """Nor is a change of what is not reached, or of state that the function itself writes."""
    sources = {"main": MAIN, "helpers": HELPERS}
    before = reach(load(sources["main"], sources["helpers"]).target)
    assert old in sources[file]
    sources[file] = sources[file].replace(old, new)
    assert reach(load(sources["main"], sources["helpers"]).target).parts == before.parts


def test_functions_of_one_factory_differ_by_what_they_close_over(load: Load) -> None:
    """The code is the same; the captured value is not."""
    module = load(MAIN, HELPERS)
    one, two = (reach(each).parts for each in module.bands)
    assert {name for name in one if one[name] != two[name]} == {"main_module:make.<locals>.band.low"}


def test_a_source_that_was_edited_after_the_import_is_not_believed(load: Load) -> None:
    """What runs is what was imported: then the bytecode speaks."""
    module = load(MAIN, HELPERS)
    file = Path(str(module.__file__))
    file.write_text(file.read_text().replace("+ LIMIT", "- LIMIT"))
    edited = reach(module.target).parts["main_module:target"]
    file.write_text(MAIN)
    assert edited != reach(module.target).parts["main_module:target"]
    again = load(MAIN.replace("+ LIMIT", "- LIMIT"), HELPERS)
    assert edited != reach(again.target).parts["main_module:target"]


def test_a_library_counts_by_its_version(load: Load) -> None:
    """And Python itself by its minor version, where something of it is used."""
    found = reach(load("import json, msgspec\ndef target(): return json.dumps(msgspec.json.encode(1))", "").target)
    assert set(found.distributions) == {"msgspec", "python"}
    assert found.distributions["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert set(found.parts) == {"main_module:target"}


def test_an_import_inside_the_function_is_followed(load: Load) -> None:
    """It will run, so it counts."""
    main = "def target(x):\n    from helpers import scale\n    return scale(x)"
    found = reach(load(main, HELPERS).target)
    assert set(found.parts) == {"main_module:target", "helpers:scale", "helpers:FACTOR"}


@pytest.mark.parametrize(
    ("imported", "used", "taken"),
    [
        ("import helpers as h", "h.scale(x)", {"scale", "FACTOR"}),
        ("import helpers", "helpers.scale(x)", {"scale", "FACTOR"}),
        ("import helpers as h", "[h.scale(each) for each in x]", {"scale", "FACTOR"}),
        ("import helpers as h", "(lambda: h.FACTOR)()", {"FACTOR"}),
        ("import helpers as h", "h.FACTOR, h.scale", {"scale", "FACTOR"}),
        ("import helpers as h", "vars(h)", {"*", "scale", "FACTOR", "Model", "Model.run", "cached", "unused"}),
        ("import json as h", "h.dumps(x)", set()),
    ],
)
def test_what_is_taken_of_a_module_that_is_imported_inside_counts(
    load: Load, imported: str, used: str, taken: set[str]
) -> None:
    """By its own name or another; of a module that is handed on, all."""
    found = reach(load(f"def target(x):\n    {imported}\n    return {used}", HELPERS).target)
    assert set(found.parts) == {"main_module:target", *(f"helpers:{each}" for each in taken)}


@pytest.mark.parametrize(
    ("imported", "used"),
    [("import parts.inner as p", "p.V"), ("import parts.inner", "parts.inner.V"), ("import parts", "parts.inner.V")],
)
def test_a_module_of_a_package_that_is_imported_inside_counts(
    load: Load, tmp_path: Path, imported: str, used: str
) -> None:
    """By any part of its name."""
    package = tmp_path / "parts"
    package.mkdir()
    (package / "__init__.py").write_text("from parts import inner\nother = 1\n")
    (package / "inner.py").write_text("V = 1\n")
    sys.path.insert(0, str(tmp_path))
    module = load(f"def target():\n    {imported}\n    return {used}", "")
    sys.path.insert(1, str(tmp_path))
    before = reach(module.target).parts
    sys.modules["parts.inner"].V = 2  # type: ignore[attr-defined]
    changed = {name for name, part in reach(module.target).parts.items() if before[name] != part}
    for name in ("parts", "parts.inner"):
        sys.modules.pop(name)
    assert changed == {"parts.inner:V"}


def test_what_a_constant_dictionary_makes_and_the_order_of_an_enumeration_count(load: Load) -> None:
    """The former where a key is not there, the latter where it is iterated."""
    source = """
import collections, enum
made = collections.defaultdict(lambda: 1)
Kind = enum.Enum("Kind", ["a", "b"])

class Level(enum.Enum):
    low = 1
    high = 2

def target(key):
    return made[key], list(Kind), list(Level)
"""
    before = reach(load(source, "").target).parts
    for old, new, part in (
        ("lambda: 1", "lambda: 2", "main_module:<lambda>"),
        ("    low = 1\n    high = 2", "    high = 2\n    low = 1", "main_module:Level"),
    ):
        after = reach(load(source.replace(old, new), "").target).parts
        assert {name for name in after if before.get(name) != after[name]} == {part}


@pytest.mark.parametrize("flag", ["init=False", "repr=False", "compare=False", "kw_only=True"])
def test_what_a_field_of_a_dataclass_is_left_out_of_counts(load: Load, flag: str) -> None:
    """The methods that are made from it differ."""
    source = (
        "from dataclasses import dataclass, field\n@dataclass\nclass Row:\n    n: int = field(default=0)\n"
        "def target(): return Row()"
    )
    before = reach(load(source, "").target).parts
    after = reach(load(source.replace("default=0", f"default=0, {flag}"), "").target).parts
    assert {name for name in after if before[name] != after[name]} == {"main_module:Row"}


def test_what_an_enumeration_makes_of_unknown_values_counts(load: Load) -> None:
    """Its name begins as those of what Python writes into the class."""
    source = (
        "import enum\nclass Level(enum.Enum):\n    low = 1\n    @classmethod\n    def _missing_(cls, value):\n"
        "        return cls.low\ndef target(n): return Level(n)"
    )
    before = reach(load(source, "").target).parts
    after = reach(load(source.replace("return cls.low", "return None"), "").target).parts
    assert {name for name in after if before[name] != after[name]} == {"main_module:Level._missing_"}


@pytest.mark.parametrize("changed", ["low = 2", "low = 1\n    def more(self): return 1"])
def test_what_a_member_of_an_enumeration_stands_for_counts(load: Load, changed: str) -> None:
    """Where a constant, or a default value, is such a member."""
    source = "import enum\nclass Level(enum.Enum):\n    low = 1\nCHOSEN = Level.low\ndef target(): return CHOSEN.value"
    before = reach(load(source, "").target).parts
    after = reach(load(source.replace("low = 1", changed), "").target).parts
    assert {name for name in after if before.get(name) != after[name]} >= {"main_module:Level"}


@pytest.mark.parametrize("changed", ["polars.Int64", "polars.String"])
def test_a_schema_of_polars_is_a_constant(load: Load, changed: str) -> None:
    """It can be turned into one of Arrow, as a frame can, and is none."""
    source = "import polars\nSCHEMA = polars.Schema({'x': polars.Int32})\ndef target(): return SCHEMA"
    before = reach(load(source, "").target).parts
    after = reach(load(source.replace("polars.Int32", changed), "").target).parts
    assert {name for name in after if before[name] != after[name]} == {"main_module:SCHEMA"}


@pytest.mark.parametrize(
    ("source", "used", "old", "new"),
    [
        ("import dataclasses\nM = dataclasses.make_dataclass('M', [('x', int, 1)])", "M()", "int, 1", "int, 2"),
        ("import pydantic\nclass M(pydantic.BaseModel):\n    _x: int = pydantic.PrivateAttr(1)", "M()", "r(1)", "r(2)"),
        ("import functools\nK = functools.cmp_to_key(lambda a, b: a - b)", "K", "a - b", "b - a"),
        ("import pandas\nK = pandas.offsets.MonthEnd(1)", "K", "End(1)", "End(2)"),
        ("import pandas\nK = pandas.DateOffset(months=1)", "K", "months=1", "days=1"),
        (
            "import pandas\nK = pandas.offsets.CustomBusinessDay(holidays=['2020-01-01'])",
            "K",
            "2020-01-01",
            "2020-01-02",
        ),
        ("K = set()", "K", "set()", "frozenset()"),
        ("K = b'a'", "K", "b'a'", "bytearray(b'a')"),
    ],
)
def test_constants_that_people_write_count(load: Load, source: str, used: str, old: str, new: str) -> None:
    """Also those whose content does not show at once."""
    program = f"{source}\ndef target():\n    return {used}\n"
    assert old in program
    before = reach(load(program, "").target).parts
    assert reach(load(program, "").target).parts == before
    assert reach(load(program.replace(old, new), "").target).parts != before


def test_a_module_of_the_project_by_a_name_of_the_standard_library_counts(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is found first; a module of the standard library counts by the version of Python."""
    (tmp_path / "sched.py").write_text("V = 1\n")
    spec = importlib.util.spec_from_file_location("sched", tmp_path / "sched.py")
    assert spec is not None
    assert spec.loader is not None
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    monkeypatch.setitem(sys.modules, "sched", own)
    module = load("import sched, bisect\ndef target():\n    return sched.V, bisect.bisect", "")
    assert set(reach(module.target).parts) == {"main_module:target", "sched:V"}


def test_a_constant_of_which_nothing_is_known_is_told(load: Load) -> None:
    """Its type is all that counts."""
    found = reach(load("import threading\nlock = threading.Lock()\ndef target():\n    return lock.locked()", "").target)
    assert found.opaque == ("main_module:lock",)


def test_another_process_and_folder_reach_the_same(load: Load, tmp_path: Path) -> None:
    """Neither the hash seed nor the place of the files counts."""
    here = reach(load(MAIN, HELPERS).target).parts
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "helpers.py").write_text(HELPERS)
    (folder / "main_module.py").write_text(MAIN)
    program = (
        "from orrery.plan.fingerprint.reach import Reacher; from orrery.runtime.engine.code_facts import InstalledCode; "
        "import main_module; print(sorted(Reacher(InstalledCode()).reach(main_module.target).parts.items()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "77", "PYTHONPATH": str(folder)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(sorted(here.items()))


def test_a_resource_that_holds_another_is_the_same_when_it_is_loaded_anew(load: Load) -> None:
    """What it wants counts, and no address of what says so."""
    main = (
        "from orrery import ConfigurableResource, ResourceDependency\n"
        "class Store(ConfigurableResource):\n    client: ResourceDependency[str]\n"
        "def target():\n    return Store"
    )
    first = reach(load(main).target)
    assert reach(load(main).target).parts == first.parts
    assert reach(load(main.replace("[str]", "[int]")).target).parts != first.parts


class Held:
    """Holds another object, in two places, as the objects of clients do."""

    def __init__(self, inner: object) -> None:
        self.one = self.two = inner


def test_objects_that_hold_one_another_many_times_are_looked_at_once() -> None:
    """Each of sixty doubles the ways to the innermost: nobody walks all of them. What is opaque there is told."""
    held: object = Held(object())
    for _ in range(60):
        held = Held(held)
    outer = held

    def target() -> bool:
        return outer is None

    assert any("outer" in each for each in reach(target).opaque)
