"""Definitions are found in files and modules, however they are written there."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orrery.adapters.locations.python_code import load_definitions, load_module
from orrery.base.errors import CodeLocationLoadError, CyclicDependencyError, UserCodeLoadError
from orrery.base.pointer import CodePointer, FilePointer, ModulePointer

Write = Callable[[str, str], Path]

ASSETS = "import orrery as og\n\n@og.asset\ndef first(): ...\n\n@og.asset\ndef second(first): ...\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes files of a project; what is imported from them is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)

    def to_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    yield to_file
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def assets(pointer: CodePointer) -> list[str]:
    return sorted(key.to_user_string() for key in load_definitions(pointer).asset_graph.assets)


def test_assets_of_a_file_are_gathered(write: Write) -> None:
    write("loose_assets.py", ASSETS)
    assert assets(FilePointer(path="loose_assets.py")) == ["first", "second"]


def test_what_definitions_name_counts_and_nothing_else(write: Write) -> None:
    write("with_defs.py", f"{ASSETS}\ndefs = og.Definitions(assets=[first])\n")
    assert assets(FilePointer(path="with_defs.py")) == ["first"]


def test_one_definitions_under_two_names_is_one(write: Write) -> None:
    write("two_names.py", f"{ASSETS}\na = og.Definitions(assets=[first])\nb = a\n")
    assert assets(FilePointer(path="two_names.py")) == ["first"]


def test_one_of_several_definitions_has_to_be_chosen(write: Write) -> None:
    path = str(write("several.py", f"{ASSETS}\na = og.Definitions([first])\nb = og.Definitions([first, second])\n"))
    with pytest.raises(CodeLocationLoadError, match="'a', 'b'") as caught:
        assets(FilePointer(path=path))
    assert caught.value.mend is not None
    assert "-a a" in caught.value.mend
    assert assets(FilePointer(path=path, attribute="b")) == ["first", "second"]


def test_a_function_may_make_the_definitions(write: Write) -> None:
    write("by_function.py", f"{ASSETS}\ndef make():\n    return og.Definitions([second, first])\n")
    assert assets(FilePointer(path="by_function.py", attribute="make")) == ["first", "second"]


def test_a_repository_is_as_good(write: Write) -> None:
    write("with_repository.py", f"{ASSETS}\n@og.repository\ndef shop():\n    return [first, second]\n")
    assert assets(FilePointer(path="with_repository.py")) == ["first", "second"]


def test_a_name_that_is_not_there_is_told_with_the_nearest(write: Write) -> None:
    write("misnamed.py", f"{ASSETS}\ndefinitions = og.Definitions([first])\n")
    with pytest.raises(CodeLocationLoadError, match="write 'definitions', the nearest name"):
        assets(FilePointer(path="misnamed.py", attribute="definition"))


def test_a_name_that_holds_something_else_is_refused(write: Write) -> None:
    write("no_defs.py", "import orrery as og\ndefs = 3\n")
    with pytest.raises(CodeLocationLoadError, match=r"'defs' of the file no_defs\.py is int, not Definitions"):
        assets(FilePointer(path="no_defs.py", attribute="defs"))


def test_a_file_that_defines_nothing_is_told(write: Write) -> None:
    write("nothing.py", "x = 1\n")
    with pytest.raises(CodeLocationLoadError, match="defines nothing"):
        assets(FilePointer(path="nothing.py"))


def test_a_file_in_a_package_is_imported_under_its_dotted_name(write: Write) -> None:
    write("pack_a/__init__.py", "")
    write("pack_a/inner/__init__.py", "")
    write("pack_a/inner/assets.py", ASSETS)
    write("pack_a/inner/all.py", "from . import assets\nfrom .assets import first\n")
    assert load_module(FilePointer(path="pack_a/inner/all.py")).__name__ == "pack_a.inner.all"


def test_a_file_imports_its_neighbours(write: Write) -> None:
    write("neighbour_b.py", ASSETS)
    write("folder_b/neighbour_c.py", ASSETS)
    write("folder_b/uses.py", "from neighbour_c import first\n")
    assert assets(FilePointer(path="folder_b/uses.py")) == ["first"]


def test_a_file_named_as_a_module_of_python_shadows_nothing(write: Write) -> None:
    import json

    write("json.py", ASSETS)
    assert assets(FilePointer(path="json.py")) == ["first", "second"]
    assert sys.modules["json"] is json


def test_a_module_is_found_in_src(write: Write) -> None:
    write("src/pack_d/__init__.py", ASSETS)
    assert assets(ModulePointer(module="pack_d")) == ["first", "second"]


def test_a_module_is_looked_for_from_the_working_directory_of_its_project(write: Write) -> None:
    folder = write("elsewhere_e/module_e.py", ASSETS).parent
    assert assets(ModulePointer(module="module_e", working_directory=str(folder))) == ["first", "second"]


def test_a_missing_module_is_told_with_the_nearest(write: Write) -> None:
    write("module_f.py", ASSETS)
    with pytest.raises(CodeLocationLoadError, match="There is no module 'modul_f'") as caught:
        assets(ModulePointer(module="modul_f"))
    assert caught.value.mend == "write 'module_f', the nearest name that exists."


def test_a_file_given_as_a_module_is_told(write: Write) -> None:
    write("module_g.py", ASSETS)
    with pytest.raises(CodeLocationLoadError, match=r"write -f module_g\.py: it is a file"):
        assets(ModulePointer(module="module_g.py"))


def test_a_module_that_misses_another_one_is_the_users_fault(write: Write) -> None:
    write("module_h.py", "import surely_not_there\n")
    with pytest.raises(UserCodeLoadError, match="raised ModuleNotFoundError") as caught:
        assets(ModulePointer(module="module_h"))
    assert isinstance(caught.value.user_exception, ModuleNotFoundError)


def test_a_missing_file_is_told_with_the_nearest(write: Write) -> None:
    write("orders.py", ASSETS)
    with pytest.raises(CodeLocationLoadError, match=r"There is no file order\.py") as caught:
        assets(FilePointer(path="order.py"))
    assert caught.value.mend == "write 'orders.py', the nearest name that exists."


def test_a_folder_is_no_file(write: Write) -> None:
    write("folder_i/x.py", "")
    with pytest.raises(CodeLocationLoadError, match="folder_i is a folder"):
        assets(FilePointer(path="folder_i"))


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit(3)", "def f(:"], ids=["raises", "exits", "syntax"])
def test_what_the_file_raises_is_the_users_fault_and_leaves_no_half_module(write: Write, code: str) -> None:
    write("broken_j.py", code)
    with pytest.raises(UserCodeLoadError):
        assets(FilePointer(path="broken_j.py"))
    assert "broken_j" not in sys.modules


def test_a_definition_that_cannot_stand_says_so_itself(write: Write) -> None:
    write(
        "circle_k.py",
        "import orrery as og\n\n@og.asset(deps=['b'])\ndef a(): ...\n\n@og.asset(deps=['a'])\ndef b(): ...\n",
    )
    with pytest.raises(CyclicDependencyError, match="a"):
        assets(FilePointer(path="circle_k.py"))


def test_a_file_is_imported_once(write: Write) -> None:
    pointer = FilePointer(path=str(write("once_l.py", ASSETS)))
    assert load_module(pointer) is load_module(pointer)


def test_whatever_a_file_raises_is_told_as_its_fault(write: Write) -> None:
    path = write("odd.py", "class Odd(BaseException):\n    pass\n\n\nraise Odd('odd')\n")
    with pytest.raises(UserCodeLoadError, match="it raised Odd"):
        load_definitions(FilePointer(path=str(path)))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="these lines are right from Python 3.12 on")
@pytest.mark.parametrize("line", ["type X = int", "type X[T] = list[T]", "def f[T](x: T) -> T: ...", "class C[T]: ..."])
def test_a_line_of_a_later_python_is_told_as_such(write: Write, line: str) -> None:
    path = write("later.py", f"{line}\n")
    with pytest.raises(UserCodeLoadError, match=r"came with Python 3\.12"):
        load_definitions(FilePointer(path=str(path)))


def test_another_slip_is_not_told_as_a_later_python(write: Write) -> None:
    path = write("slip.py", "def f(:\n    pass\n")
    with pytest.raises(UserCodeLoadError) as caught:
        load_definitions(FilePointer(path=str(path)))
    assert "3.12" not in str(caught.value)


def test_a_name_that_is_not_there_is_answered_with_those_that_hold_definitions(write: Write) -> None:
    text = "from orrery import *\n\nd1 = Definitions()\nd2 = Definitions()\n\n\ndef make() -> Definitions: ...\n"
    path = write("several.py", text)
    with pytest.raises(CodeLocationLoadError, match="use one of 'd1', 'd2', 'make'\\."):
        load_definitions(FilePointer(path=str(path), attribute="zz"))


def test_a_name_where_nothing_holds_definitions_is_to_be_left_out(write: Write) -> None:
    path = write("plain.py", ASSETS)
    with pytest.raises(CodeLocationLoadError, match="name no attribute"):
        load_definitions(FilePointer(path=str(path), attribute="zz"))


CALLED = """
import functools
import orrery as og

def called():
    raise SystemExit("called")

@og.asset
def side(): called()

@og.op
def step(): called()

@og.graph
def steps(): step()

@og.job
def nightly(): step()

@og.resource
def store(_context): called()

@og.asset_check(asset=side)
def looks(): called()

class Door(og.ConfigurableResource):
    def __call__(self): called()

door = Door()

def counts() -> int: called()

@functools.cache
def make() -> og.Definitions: return og.Definitions([side])
"""


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("side", "an asset"),
        ("step", "an op"),
        ("steps", "a graph"),
        ("nightly", "a job"),
        ("store", "a resource"),
        ("looks", "an asset check"),
        ("door", "Door"),
        ("Door", "a class, Door"),
        ("counts", "a function that returns something else"),
    ],
)
def test_what_is_no_function_that_makes_definitions_is_not_called(write: Write, name: str, what: str) -> None:
    path = write(f"calls_{name}.py", CALLED)
    with pytest.raises(CodeLocationLoadError, match=f"'{name}' of the .* is {what}, not Definitions") as caught:
        load_definitions(FilePointer(path=str(path), attribute=name))
    assert "leave it out: assets, checks and jobs at the top level are gathered" in str(caught.value)


def test_a_function_behind_a_decorator_may_make_the_definitions(write: Write) -> None:
    path = write("calls_cached.py", CALLED)
    assert assets(FilePointer(path=str(path), attribute="make")) == ["side"]


def test_a_function_that_returned_something_else_is_told_with_the_names_that_do(write: Write) -> None:
    path = write("returns.py", f"{ASSETS}\ndefs = og.Definitions([first])\n\ndef make(): return 1\n")
    with pytest.raises(CodeLocationLoadError, match=r"'make' of the .* returns int, not Definitions") as caught:
        load_definitions(FilePointer(path=str(path), attribute="make"))
    assert "name 'defs'" in str(caught.value)
