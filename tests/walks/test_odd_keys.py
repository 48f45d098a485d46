"""Any text is a part of an asset key: stored below the directory of its IO manager, and read back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import orrery as og

ODD = [
    "..",
    ".",
    "/",
    "a/b",
    "nul\0inside",
    "😀",
    "x" * 300,
    "CON",
    "con.txt",
    "line\nbreak",
    "A",
    "a",
    " leading",
    "trailing ",
    "dot.",
    "%2e",
    "a\\b",
    "~",
    "'; DROP TABLE runs; --",
    "é",
    "e\u0301",
]


def _value_asset(key: list[str], value: object) -> Any:
    @og.asset(key=key)
    def made() -> object:
        return value

    return made


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def keys() -> list[list[str]]:
    return [[part] for part in ODD] + [["a", "b"], ["..", ".."], ["a", "b", "c"], ["A", "b"]]


def test_odd_keys_are_stored_below_the_directory_and_read_back(tmp_path: Path, keys: list[list[str]]) -> None:
    """Each value comes back under its own key, and nothing lies outside."""
    base = tmp_path / "inside" / "values"
    before = set(_files(tmp_path))
    manager = og.FilesystemIOManager(base_dir=str(base))
    assets = [_value_asset(key, (number, key)) for number, key in enumerate(keys)]
    with og.Instance.ephemeral() as instance:
        assert og.materialize(assets, resources={"io_manager": manager}, instance=instance).success
        for number, key in enumerate(keys):

            @og.asset(name=f"reader_{number}", ins={"value": og.AssetIn(key)})
            def reader(value: Any) -> Any:
                return value

            result = og.materialize([og.AssetSpec(key), reader], resources={"io_manager": manager}, instance=instance)
            assert result.asset_value(f"reader_{number}") == (number, key)
    made = set(_files(tmp_path)) - before
    assert made
    root = os.path.realpath(base)
    assert all(os.path.commonpath([os.path.realpath(path), root]) == root for path in made)


def test_two_keys_never_share_a_file_even_where_case_is_folded(tmp_path: Path, keys: list[list[str]]) -> None:
    """One path for each key, different also for a file system that folds case."""
    manager = og.FilesystemIOManager(base_dir=str(tmp_path))
    assets = [_value_asset(key, number) for number, key in enumerate(keys)]
    result = og.materialize(assets, resources={"io_manager": manager})
    paths = [
        event.step_materialization_data.materialization.metadata["path"].value
        for event in result.get_asset_materialization_events()
    ]
    assert len(paths) == len(keys)
    assert len({str(path).casefold() for path in paths}) == len(keys)


def test_steps_of_odd_keys_have_names_of_their_own(keys: list[list[str]]) -> None:
    """Keys that look alike as identifiers still make different steps."""
    result = og.materialize(
        [_value_asset(key, number) for number, key in enumerate([["a-b"], ["a.b"], ["a_b"], *keys])]
    )
    started = [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]
    assert len(set(started)) == len(keys) + 3
