"""Projects that were written for Dagster say where their definitions are, and are understood."""

from pathlib import Path

import pytest

from orrery.base.errors import CodeLocationLoadError
from orrery.base.pointer import FilePointer, ModulePointer
from orrery.cli.options import Source
from orrery.cli.project import find_pointer


def module(name: str, folder: Path, attribute: str | None = None) -> ModulePointer:
    return ModulePointer(module=name, attribute=attribute, working_directory=str(folder))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[tool.dagster]\nmodule_name = "shop.defs"\n', "shop.defs"),
        ('[tool.dagster]\nmodules = [{type = "module", name = "shop.defs"}]\n', "shop.defs"),
        ('[tool.dg.project]\nroot_module = "shop"\n', "shop.definitions"),
        ('[tool.dg.project]\nroot_module = "shop"\ncode_location_target_module = "shop.other"\n', "shop.other"),
        ('[tool.dg.project]\nroot_module = "shop"\n[tool.orrery]\nmodule_name = "mine"\n', "mine"),
    ],
)
def test_tables_of_pyproject_are_understood(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert find_pointer(Source()) == module(name, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "load_from:\n  - python_module: shop.defs\n",
        "load_from:\n  - python_module:\n      module_name: shop.defs\n      location_name: shop\n",
        "load_from:\n  python_module: shop.defs\n",
    ],
)
def test_a_workspace_of_one_module_is_understood(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace.yaml").write_text(text, encoding="utf-8")
    assert find_pointer(Source()) == module("shop.defs", tmp_path)


def test_a_workspace_of_one_file_is_understood(tmp_path: Path) -> None:
    text = "load_from:\n  - python_file:\n      relative_path: shop/defs.py\n      attribute: defs\n"
    (tmp_path / "workspace.yaml").write_text(text, encoding="utf-8")
    assert find_pointer(Source()) == FilePointer(path=str(tmp_path / "shop/defs.py"), attribute="defs")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("pyproject.toml", '[tool]\norrery = "shop"\n', "is 'shop', not a table"),
        ("pyproject.toml", '[tool.dagster]\nmodules = [{name = "a"}, {name = "b"}]\n', "names 2 modules"),
        ("pyproject.toml", '[tool.dagster]\nmodul = "a"\n', r"\[tool.dagster\] in .* unknown entry 'modul'"),
        ("pyproject.toml", '[tool.dg.project]\nname = "a"\n', "names no root_module"),
        ("workspace.yaml", "load_from:\n  - python_module: a\n  - python_module: b\n", "names 2 code locations"),
        (
            "workspace.yaml",
            "load_from:\n  - grpc_server: {port: 1}\n",
            "'python_file' and 'python_module' are understood",
        ),
        ("workspace.yaml", "load_from: [\n", "cannot be read"),
        ("workspace.yaml", "!!python/object/apply:os.system ['true']\n", "cannot be read"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path: Path, file: str, text: str, told: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(CodeLocationLoadError, match=told):
        find_pointer(Source())
