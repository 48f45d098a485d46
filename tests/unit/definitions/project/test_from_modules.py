"""Definitions found in modules and packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import orrery as og


def module(name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


@og.asset
def a() -> int:
    return 1


@og.asset(group_name="g")
def b(a: int, src: int) -> int:
    return a + src


SRC = og.SourceAsset("src")


@og.asset_check(asset=a)
def positive() -> og.AssetCheckResult:
    return og.AssetCheckResult(passed=True)


def keys(found: Any) -> list[str]:
    return [key.to_user_string() for each in found for key in getattr(each, "keys", None) or [each.key]]


def test_names_and_lists_of_a_module_are_found_once() -> None:
    one = module("one", a=a, also=a, several=[b], tup=(og.SourceAsset("hidden"),), src=SRC)
    assert keys(og.load_assets_from_modules([one, module("two", a=a)])) == ["a", "b", "src"]


def test_checks_are_no_assets() -> None:
    found = module("one", a=a, check=positive)
    assert keys(og.load_assets_from_modules([found])) == ["a"]
    (check,) = og.load_asset_checks_from_modules([found], asset_key_prefix="p")
    assert check.check_key.asset_key == og.AssetKey(["p", "a"])


def test_prefixes_follow_into_dependencies() -> None:
    found = og.load_assets_from_modules(
        [module("one", a=a, b=b, src=SRC)], key_prefix=["p", "q"], source_key_prefix="s"
    )
    assert keys(found) == ["p/q/a", "p/q/b", "s/src"]
    assert og.AssetGraph.from_assets(found).get_parents(og.AssetKey(["p", "q", "b"])) == (
        og.AssetKey(["p", "q", "a"]),
        og.AssetKey(["s", "src"]),
    )


def test_specs_bear_the_prefix_of_sources() -> None:
    report = og.AssetSpec("report", deps=["orders", "a"])
    found = og.load_assets_from_modules(
        [module("one", orders=og.AssetSpec("orders"), report=report, a=a)], source_key_prefix="s", include_specs=True
    )
    assert keys(found) == ["a", "s/orders", "s/report"]
    assert [dep.asset_key.to_user_string() for dep in found[-1].deps] == ["s/orders", "a"]


def test_a_group_is_given_to_assets_of_none_and_refused_for_others() -> None:
    assert [each.group_name for each in og.load_assets_from_modules([module("one", a=a)], group_name="x")] == ["x"]
    with pytest.raises(og.InvalidDefinitionError, match="b has group name g"):
        og.load_assets_from_modules([module("one", b=b)], group_name="x")


def test_a_condition_is_given_to_assets_that_have_none() -> None:
    eager = og.AutomationCondition.eager()
    (found,) = og.load_assets_from_modules([module("one", a=a)], automation_condition=eager)
    assert found.automation_conditions_by_key == {og.AssetKey("a"): eager}


def test_specs_count_when_asked_for() -> None:
    found = module("one", spec=og.AssetSpec("s"))
    assert og.load_assets_from_modules([found]) == []
    assert keys(og.load_assets_from_modules([found], include_specs=True)) == ["s"]


def test_two_assets_under_one_key_are_told_with_their_modules() -> None:
    @og.asset(name="a")
    def other() -> None: ...

    with pytest.raises(og.InvalidDefinitionError, match=r"a is defined multiple times.*one.*two"):
        og.load_assets_from_modules([module("one", a=a), module("two", other=other)])


def test_everything_of_a_module_makes_definitions() -> None:
    @og.op
    def step() -> None: ...

    @og.job
    def work() -> None:
        step()

    @og.sensor(job=work)
    def watch() -> None: ...

    daily = og.ScheduleDefinition(job=work, cron_schedule="@daily")
    defs = og.load_definitions_from_module(
        module("one", a=a, check=positive, work=work, watch=watch, daily=daily), resources={"r": 1}
    )
    repo = defs.get_repository_def()
    assert sorted(repo.job_names) == ["__ASSET_JOB", "work"]
    assert (len(repo.schedule_defs), len(repo.sensor_defs), len(repo.asset_checks_defs_by_key)) == (1, 1, 1)
    assert defs.resources == {"r": 1}


def test_the_current_module_is_the_one_that_calls() -> None:
    assert keys(og.load_assets_from_current_module()) == ["a", "b", "src"]
    assert keys(og.load_definitions_from_current_module().assets) == ["a", "b", "src"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    root = tmp_path / "shop_pkg"
    (root / "sub").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "sub" / "__init__.py").write_text("")
    (root / "sub" / "deep.py").write_text("import orrery as og\n@og.asset\ndef deep(): return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "shop_pkg"
    for name in [each for each in sys.modules if each.startswith("shop_pkg")]:
        del sys.modules[name]


def test_a_package_is_searched_to_its_depths(package: str) -> None:
    assert keys(og.load_assets_from_package_name(package)) == ["deep"]
    assert keys(og.load_definitions_from_package_module(sys.modules[package]).assets) == ["deep"]


def test_what_is_no_module_is_refused() -> None:
    with pytest.raises(og.InvalidInvocationError, match="no module"):
        og.load_assets_from_modules([3])  # type: ignore[list-item]  # the wrong use under test
