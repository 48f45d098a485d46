"""What holds for all rooms: each says at its door what it is for, and stands on its floor."""

import ast
from pathlib import Path

import pytest

import orrery

ROOT = Path(orrery.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
BANNED = {"utils", "util", "helpers", "helper", "common", "misc"}


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=place)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    assert len(docstring) > 20


def test_every_folder_is_a_room_with_a_door() -> None:
    """A folder without ``__init__.py`` would escape the rule of imports."""
    folders = {path.parent for path in MODULES}
    assert not [place(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_no_room_is_a_drawer() -> None:
    assert not [place(path) for path in MODULES if set(path.relative_to(ROOT).with_suffix("").parts) & BANNED]


def test_nothing_of_ours_is_imported_for_types_alone() -> None:
    """An import under TYPE_CHECKING shows a wall in the wrong place."""
    found = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
                found += [
                    f"{place(path)}:{inner.lineno}"
                    for statement in node.body
                    for inner in ast.walk(statement)
                    if isinstance(inner, ast.ImportFrom) and (inner.module or "").partition(".")[0] == "orrery"
                ]
    assert not found
