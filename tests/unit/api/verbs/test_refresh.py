"""Refresh: what lies above runs, and of what follows only what its change touches."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.definitions.assets.asset_in import AssetIn
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.asset_check import asset_check
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.definitions.project.definitions import Definitions
from orrery.model.assets.selection import AssetSelection
from orrery.model.events.checks import AssetCheckResult
from orrery.runtime.instance.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk."""
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def run(assets: list[Any], instance: Instance, **options: Any) -> list[str]:
    """Materialize and return the steps that ran."""
    result = materialize(assets, instance=instance, on_event=lambda entry: None, **options)
    return [each.step_key or "" for each in result.all_events if each.event_type_value == "STEP_START"]


def test_refresh_runs_what_lies_above_and_only_what_its_change_touches(instance: Instance) -> None:
    world = [1]

    @asset(code_version="1")
    def raw() -> int:
        return world[0]

    @asset
    def beside(raw: int) -> int:
        return raw

    @asset
    def between(raw: int) -> int:
        return raw % 10

    @asset
    def last(between: int) -> int:
        return between

    assets = [raw, beside, between, last]

    def ran(**options: Any) -> list[str]:
        plan = plan_materialization(assets, instance=instance, **options)
        steps = run(assets, instance, reuse=True, **options)
        assert set(steps) <= {name for step in plan.to_run for name in step.assets}
        return steps

    assert ran() == ["raw", "beside", "between", "last"]
    assert ran(selection="last") == []
    assert ran(selection="last", refresh="raw") == ["raw"]
    world[0] = 11
    assert ran(selection="last", refresh="raw") == ["raw", "between"]
    world[0] = 12
    assert ran(selection=["last"], refresh=[raw]) == ["raw", "between", "last"]
    assert ran() == ["beside"]


def test_refresh_leaves_checks_chosen_as_they_were(instance: Instance) -> None:
    @asset
    def raw() -> int:
        return 1

    @asset
    def last(raw: int) -> int:
        return raw

    @asset_check(asset=last)
    def positive(last: int) -> AssetCheckResult:
        return AssetCheckResult(passed=last > 0)

    def ran(**options: Any) -> list[str]:
        return sorted(run([raw, last, positive], instance, **options))

    assert ran() == ["last", "last_positive", "raw"]
    reused: dict[str, Any] = {"reuse": True, "refresh": "raw"}
    assert ran(selection=AssetSelection.checks(positive), **reused) == ["last_positive", "raw"]
    assert ran(selection=AssetSelection.assets(last).without_checks(), **reused) == ["raw"]


def test_refresh_takes_along_what_is_made_together_with_what_lies_between(instance: Instance) -> None:
    @asset
    def raw() -> int:
        return 1

    @multi_asset(ins={"raw": AssetIn()}, outs={"one": AssetOut(), "two": AssetOut()})
    def both(raw: int) -> tuple[int, int]:
        return raw, raw

    @asset
    def last(one: int) -> int:
        return one

    given = [raw, both, last]
    materialize(given, instance=instance)
    for refresh in ("raw", "one"):
        plan = plan_materialization(given, instance=instance, selection="last", refresh=refresh)
        assert ("one", "two") in [step.assets for step in plan.steps]


def test_refresh_names_assets_of_the_definitions(instance: Instance) -> None:
    @asset
    def beside() -> int:
        return 1

    @asset
    def last() -> int:
        return 1

    definitions = Definitions(assets=[beside, last])
    run([last, beside], instance)
    assert run([last], instance, reuse=True, definitions=definitions, refresh="beside") == ["beside"]
