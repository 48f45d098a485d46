"""Where definitions are, as a value."""

import pytest

from orrery.base.errors import CodeLocationLoadError
from orrery.base.pointer import FilePointer, ModulePointer, pointer_from_settings


def pointer(**table: object) -> object:
    return pointer_from_settings(table, root="/shop", source="/shop/pyproject.toml")


def test_a_module_is_looked_for_from_the_project_on() -> None:
    assert pointer(module_name="shop.defs") == ModulePointer(module="shop.defs", working_directory="/shop")


def test_a_file_is_named_from_the_project_on() -> None:
    assert pointer(python_file="defs.py", attribute="all") == FilePointer(path="/shop/defs.py", attribute="all")


def test_a_working_directory_is_named_from_the_project_on() -> None:
    assert pointer(module_name="defs", working_directory="code") == ModulePointer(
        module="defs", working_directory="/shop/code"
    )


def test_the_name_of_a_code_location_is_taken() -> None:
    assert pointer(module_name="defs", code_location_name="shop") == ModulePointer(
        module="defs", working_directory="/shop"
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({}, "neither module_name nor python_file"),
        ({"module_name": "a", "python_file": "a.py"}, "both"),
        ({"modul_name": "a"}, "write 'module_name', the nearest name that exists"),
        ({"module_name": 3}, "'module_name' of .* is 3 \\(int\\), not text"),
    ],
)
def test_a_table_that_names_no_place_is_refused(table: dict[str, object], said: str) -> None:
    with pytest.raises(CodeLocationLoadError, match=said):
        pointer(**table)
