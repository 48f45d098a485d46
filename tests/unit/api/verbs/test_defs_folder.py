"""A project that keeps its definitions in a folder of modules, as ``create-dagster`` lays it out."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orrery import Definitions, lazy_definitions, load_defs, load_from_defs_folder
from orrery.adapters.locations.python_code import load_definitions
from orrery.base.errors import (
    CodeLocationLoadError,
    DuplicateDefinitionError,
    InvalidDefinitionError,
    InvalidInvocationError,
    InvariantViolationError,
    UserCodeLoadError,
)
from orrery.base.pointer import ModulePointer

TABLE = '[tool.dg.project]\nroot_module = "farm"\n'
DEFINITIONS = """\
from pathlib import Path

import orrery as og


@og.lazy_definitions
def defs():
    return og.load_from_defs_folder(project_root=Path(__file__).parent.parent.parent)
"""
ASSET = "import orrery as og\n\n@og.asset\ndef {0}():\n    return '{0}'\n"


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Return what writes the project ``farm``; its modules are forgotten afterwards."""
    before = list(sys.path)

    def write(files: dict[str, str], table: str = TABLE) -> Path:
        for path, text in {"__init__.py": "", "definitions.py": DEFINITIONS, "defs/__init__.py": "", **files}.items():
            place = tmp_path / "src" / "farm" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
        importlib.invalidate_caches()
        return tmp_path

    yield write
    sys.path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] == "farm"]:
        del sys.modules[name]


def loaded(root: Path) -> Any:
    """Load the project as the command does."""
    return load_definitions(ModulePointer(module="farm.definitions", working_directory=str(root)))


def names(repository: Any) -> list[str]:
    return sorted(key.to_user_string() for key in repository.asset_graph.get_all_asset_keys())


def test_the_command_finds_what_a_function_makes(write: Callable[..., Path]) -> None:
    root = write({"defs/barn/hay.py": ASSET.format("hay"), "defs/corn.py": ASSET.format("corn")})
    assert names(loaded(root)) == ["corn", "hay"]
    by_name = ModulePointer(module="farm.definitions", attribute="defs", working_directory=str(root))
    assert names(load_definitions(by_name)) == ["corn", "hay"]


def test_the_function_is_called_when_somebody_asks(write: Callable[..., Path]) -> None:
    """The module alone imports nothing of the folder."""
    root = write({"defs/corn.py": "raise ValueError('imported')\n"})
    sys.path.insert(0, str(root / "src"))
    importlib.import_module("farm.definitions")
    assert "farm.defs" not in sys.modules
    with pytest.raises(UserCodeLoadError, match="ValueError"):
        loaded(root)


def test_what_is_imported_elsewhere_counts_once(write: Callable[..., Path]) -> None:
    """An asset, a job, and a function that makes definitions, which is called once."""
    made = "import orrery as og\n\n@og.lazy_definitions\ndef made():\n    calls.append(1)\n    return og.Definitions(resources={'r': object()})\n"
    corn = ASSET.format("corn") + "\njob = og.define_asset_job('all', '*')\n"
    root = write(
        {
            "defs/corn.py": corn,
            "defs/more.py": "from farm.defs.corn import corn, job\n",
            "defs/made.py": "calls = []\n" + made,
            "defs/other.py": "from .made import made\n",
        }
    )
    repository = loaded(root)
    assert names(repository) == ["corn"]
    assert repository.has_job("all")
    assert sys.modules["farm.defs.made"].calls == [1]


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (
            "a = og.Definitions()\nb = og.Definitions()\n",
            InvalidDefinitionError,
            "multiple Definitions objects in .*wrong.py",
        ),
        (
            "a = og.Definitions()\n@og.lazy_definitions\ndef b(): return a\n",
            InvalidDefinitionError,
            "Found both .* in .*wrong.py",
        ),
        ("@og.lazy_definitions\ndef b(): return 1\n", InvariantViolationError, "'b' must return .* returned int"),
        ("@og.asset\ndef corn(): ...\n", DuplicateDefinitionError, "farm.defs.corn .*farm.defs.wrong"),
        (
            "@og.lazy_definitions\ndef b():\n  @og.repository\n  def r(): return []\n  return r\n",
            InvalidDefinitionError,
            "'b' in .*wrong.py returns a repository",
        ),
    ],
)
def test_a_module_that_cannot_stand_is_named(
    write: Callable[..., Path], text: str, error: type[Exception], told: str
) -> None:
    root = write({"defs/corn.py": ASSET.format("corn"), "defs/wrong.py": "import orrery as og\n" + text})
    with pytest.raises(error, match=told):
        loaded(root)


@pytest.mark.parametrize("file", ["defs.yaml", "component.yaml"])
def test_a_component_is_refused_and_not_passed_over(write: Callable[..., Path], file: str) -> None:
    root = write({f"defs/barn/{file}": "type: some.Component\n"})
    with pytest.raises(InvalidDefinitionError, match=f"barn/{file} describes a component"):
        loaded(root)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[tool.dg.project]\n", "Either defs_module or root_module"),
        ('[tool.dg]\ndirectory_type = "project"\n', "Either defs_module or root_module"),
        ("[project]\nname = 'farm'\n", "Could not find config file"),
        ("[tool", "cannot be read"),
    ],
)
def test_a_project_that_does_not_say_where_its_definitions_are_is_told_what_to_write(
    write: Callable[..., Path], table: str, told: str
) -> None:
    root = write({}, table)
    with pytest.raises(CodeLocationLoadError, match=told):
        load_from_defs_folder(path_within_project=root / "src")


def test_the_folder_is_named_once() -> None:
    with pytest.raises(InvalidInvocationError, match="path_within_project"):
        load_from_defs_folder()
    with pytest.raises(InvalidInvocationError, match="path_within_project"):
        load_from_defs_folder(path_within_project=Path(), project_root=Path())


def test_a_module_without_a_folder_gives_what_it_holds() -> None:
    module = ModuleType("alone")
    module.given = Definitions(resources={"r": 1})  # type: ignore[attr-defined]  # a module has what is put in it
    assert load_defs(module).resources == {"r": 1}


def test_a_function_that_wants_something_is_refused() -> None:
    with pytest.raises(InvariantViolationError, match="'wants' must accept no parameters, and takes 'context'"):

        @lazy_definitions
        def wants(context: object) -> Definitions: ...  # type: ignore[empty-body]  # never called

    with pytest.raises(InvalidDefinitionError, match="int"):
        lazy_definitions(1)  # type: ignore[arg-type]  # that is what is refused


def test_a_function_keeps_its_name_and_docstring() -> None:
    @lazy_definitions
    def defs() -> Definitions:
        """Say what there is."""
        return Definitions()

    assert (defs.__name__, defs.__doc__, repr(defs)) == ("defs", "Say what there is.", "LazyDefinitions('defs')")
