"""Reuse of what one function makes of several assets, each with a code version and an IO manager of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.reusing import ran, run

from orrery.adapters.cache.stored import BlobIOManager
from orrery.api.verbs.plan import MaterializationPlan, accept_materializations, explain, plan_materialization
from orrery.definitions.assets.asset_out import AssetOut
from orrery.definitions.decorators.multi_asset import multi_asset
from orrery.model.events.user import Output
from orrery.runtime.instance.instance import Instance


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk, and forget what ran."""
    ran.clear()
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def both(left: str | None = None, right: str | None = None, number: int = 1) -> Any:
    """Return two assets of one function, with their code versions; it makes what is wanted of the two."""

    @multi_asset(
        outs={
            "left": AssetOut(code_version=left, is_required=False),
            "right": AssetOut(code_version=right, is_required=False, io_manager_key="blobs"),
        },
        can_subset=True,
    )
    def made(context: Any) -> Iterator[Output[int]]:
        for name in sorted(context.op_execution_context.selected_output_names):
            ran.append(name)
            yield Output(number, name)

    return made


@pytest.fixture
def resources(tmp_path: Path) -> dict[str, Any]:
    """Return another IO manager for the second of the two."""
    return {"blobs": BlobIOManager(str(tmp_path / "blobs"))}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (both("1", "1"), both("1", "2")),
        (both("1", "1"), both("2", "1")),
        (both(None, "1"), both(None, "2")),
        (both("1", None, 1), both("1", None, 2)),
        (both(None, "1", 1), both(None, "1", 2)),
        (both("1", "1"), both("1", None)),
    ],
)
def test_the_code_version_of_each_counts(
    instance: Instance, resources: dict[str, Any], before: Any, after: Any
) -> None:
    """Of one without a code version its code does."""
    assert run([before], instance, resources=resources) == ["left", "right"]
    assert run([before], instance, resources=resources) == []
    assert run([after], instance, resources=resources) == ["left", "right"]
    assert run([after], instance, resources=resources) == []


@pytest.mark.parametrize("selected", ["left", "right"])
def test_one_alone_is_current_after_both_were_made(
    instance: Instance, resources: dict[str, Any], selected: str
) -> None:
    """It is compared with what was recorded of itself, not of the other."""
    assets = [both("1", "2")]
    run(assets, instance, resources=resources)
    assert run(assets, instance, resources=resources, selection=selected) == []
    run(assets, instance, resources=resources, selection=selected, force=True)
    assert run(assets, instance, resources=resources) == []


def test_each_is_accepted_with_what_it_is_made_from(instance: Instance, resources: dict[str, Any]) -> None:
    """And a saved plan knows of each what moved."""
    run([both("1", None)], instance, resources=resources)
    saved = plan_materialization([both("1", None, 2)], instance=instance, resources=resources)
    saved = MaterializationPlan.from_json(saved.to_json())
    moved = plan_materialization([both("1", None, 3)], instance=instance, resources=resources).moved_since(saved)
    assert [each.partition(": ")[0] for each in moved] == ["right"]
    assert accept_materializations(instance, saved) == ("left", "right")
    assert run([both("1", None, 2)], instance, resources=resources) == []
    assert run([both("1", None, 2)], instance, resources=resources, selection="right") == []


def test_an_asset_is_explained_by_what_it_is_made_from_itself(instance: Instance, resources: dict[str, Any]) -> None:
    """Not by the first of those that the function makes."""
    run([both("1", "2")], instance, resources=resources)
    run([both("1", "2")], instance, resources=resources, selection="right", force=True)
    last = instance.get_latest_materialization_event("right")
    assert last is not None
    for name, version, stored_by in (
        ("left", "1", "PickledObjectFilesystemIOManager"),
        ("right", "2", "BlobIOManager"),
    ):
        step = explain(name, [both("1", "2")], instance=instance, resources=resources)
        assert (step.provenance.code_version, step.provenance.format) == (version, stored_by)
        assert step.last is not None
        assert (step.last.run_id == last.run_id) == (name == "right")
