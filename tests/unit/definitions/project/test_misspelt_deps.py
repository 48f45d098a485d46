"""A dependency that nobody declares is told where it looks like one that somebody does."""

import warnings

import pytest

from orrery import AssetSpec, Definitions, asset


@asset
def orders() -> int:
    return 1


@asset(deps=["ordes", "warehouse/stock"])
def report() -> int:
    return 1


def test_a_misspelt_name_in_deps_is_told_with_the_nearest_and_where_it_stands() -> None:
    with pytest.warns(UserWarning, match="'ordes', which no definition provides") as told:
        Definitions(assets=[orders, report]).get_repository_def()
    (line,) = [str(each.message) for each in told]
    assert "test_misspelt_deps.py:" in line
    assert "Try: write 'orders', the nearest name" in line
    assert "warehouse" not in line


def test_a_name_that_is_declared_is_meant() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Definitions(assets=[orders, report, AssetSpec("ordes")]).get_repository_def()
