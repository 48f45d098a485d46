"""Facts of reading run config from YAML."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orrery.api.config_files import config_from_files, config_from_pkg_resources, config_from_yaml_strings
from orrery.base.errors import InvalidInvocationError, InvariantViolationError


def test_later_files_hold_over_earlier_ones(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("ops:\n  a:\n    config: 1\n  list: [1]\n")
    (tmp_path / "b.yaml").write_text("ops:\n  b: {config: 2}\n  list: [2]\n")
    assert config_from_files([str(tmp_path / "*.yaml")]) == {
        "ops": {"a": {"config": 1}, "list": [2], "b": {"config": 2}}
    }


def test_a_pattern_that_matches_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvariantViolationError, match="produced no results"):
        config_from_files([str(tmp_path / "q*.yaml")])


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("# nothing yet\n")
    assert config_from_files([str(tmp_path / "e.yaml")]) == {}


def test_one_path_in_place_of_a_list_is_refused() -> None:
    with pytest.raises(InvalidInvocationError):
        config_from_files("a.yaml")


@pytest.mark.parametrize("text", ["a: [1", "a: !!python/object/apply:os.getcwd []", "a: 1\na: 2"])
def test_broken_unsafe_or_ambiguous_yaml_is_refused(text: str) -> None:
    with pytest.raises(InvariantViolationError, match="attempting to parse yaml"):
        config_from_yaml_strings([text])


def test_the_top_must_be_a_mapping() -> None:
    with pytest.raises(InvariantViolationError, match="Expected YAML dictionary"):
        config_from_yaml_strings(["- 1"])


def test_dates_stay_texts() -> None:
    assert config_from_yaml_strings(["a: 2020-01-01"]) == {"a": "2020-01-01"}


def test_aliases_and_merges_are_read() -> None:
    assert config_from_yaml_strings(["a: &x {n: 1}\nb: {<<: *x, m: 2}"])["b"] == {"n": 1, "m": 2}


def test_files_in_packages_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "config_of_a_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "base.yaml").write_text("a: 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert config_from_pkg_resources([("config_of_a_package", "base.yaml")]) == {"a": 1}
    with pytest.raises(InvariantViolationError, match=r"no file 'nope\.yaml'"):
        config_from_pkg_resources([("config_of_a_package", "nope.yaml")])
    sys.modules.pop("config_of_a_package", None)
