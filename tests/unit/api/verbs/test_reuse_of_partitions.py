"""Runs that use again what is current, of assets with partitions: each stands for itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.reusing import ran, run

from orrery.adapters.cache.stored import BlobIOManager
from orrery.api.verbs.materialize import observe
from orrery.base.keys import AssetKey
from orrery.definitions.assets.source_asset import SourceAsset
from orrery.definitions.decorators.asset import asset
from orrery.definitions.decorators.observable_asset import observable_source_asset
from orrery.model.events.data_version import DataVersionsByPartition
from orrery.model.events.entry import EventRecordsFilter
from orrery.model.events.event import Event, EventType
from orrery.model.events.payloads import StepMaterializationData
from orrery.model.events.reuse import InputPart
from orrery.model.events.user import AssetMaterialization
from orrery.model.partitions.static import StaticPartitionsDefinition
from orrery.plan.fingerprint.fingerprint import combined_version
from orrery.runtime.contexts.asset import AssetExecutionContext
from orrery.runtime.instance.instance import Instance

LETTERS = StaticPartitionsDefinition(["x", "y", "z"])
ALL_LETTERS = {"partition_key_range": ("x", "z")}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk, and forget what ran."""
    ran.clear()
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def test_partitions_stand_for_themselves(instance: Instance) -> None:
    """One that was made says nothing of another; an input from all partitions sees a change of one."""
    letters = StaticPartitionsDefinition(["a", "b"])
    values = {"a": 1, "b": 2}

    @asset(partitions_def=letters, config_schema={"add": int})
    def part(context: Any) -> int:
        ran.append(f"part {context.partition_key}")
        return values[context.partition_key] + int(context.op_config["add"])

    @asset
    def whole(part: dict[str, int]) -> int:
        ran.append("whole")
        return sum(part.values())

    def config(add: int) -> dict[str, Any]:
        return {"ops": {"part": {"config": {"add": add}}}}

    assert run([part], instance, partition_key="a", run_config=config(0)) == ["part a"]
    assert run([part], instance, partition_key="b", run_config=config(0)) == ["part b"]
    assert run([part], instance, partition_key="a", run_config=config(0)) == []
    loaded = SourceAsset("part", partitions_def=letters)
    assert run([whole, loaded], instance) == ["whole"]
    assert run([whole, loaded], instance) == []
    assert run([part], instance, partition_key="b", run_config=config(1)) == ["part b"]
    assert run([whole, loaded], instance) == ["whole"]


def test_observed_partitions_stand_for_themselves(instance: Instance) -> None:
    """One observation tells the version of each; what is made from one runs where that one changed."""
    letters = StaticPartitionsDefinition(["a", "b"])
    versions = {"a": "1", "b": "1"}

    @observable_source_asset(partitions_def=letters)
    def prices() -> DataVersionsByPartition:
        return DataVersionsByPartition(versions)

    @asset(deps=[prices], partitions_def=letters)
    def report(context: AssetExecutionContext) -> int:
        ran.append(f"report {context.partition_key}")
        return 1

    @asset(deps=[prices])
    def whole() -> int:
        ran.append("whole")
        return 1

    def run_all() -> list[str]:
        result = observe([prices], instance=instance)
        seen = [event.asset_observation_data.asset_observation for event in result.get_asset_observation_events()]
        assert {each.partition: each.data_version for each in seen} == versions
        found = [name for key in "ab" for name in run([report, prices], instance, partition_key=key)]
        return found + run([whole, prices], instance)

    assert run_all() == ["report a", "report b", "whole"]
    assert run_all() == []
    versions["b"] = "2"
    assert run_all() == ["report b", "whole"]
    instance.report_runless_asset_event(AssetMaterialization("prices", partition="a"))
    assert run([report, prices], instance, partition_key="a") == ["report a"]


def letters(numbers: dict[str, int], **options: Any) -> list[Any]:
    """Return an asset with a number for each letter, and one of ten times that; a run makes one letter, or several."""

    def by_key(context: AssetExecutionContext, numbers: Any) -> Any:
        keys = context.partition_keys
        return {key: numbers[key] for key in keys} if len(keys) > 1 else numbers[keys[0]]

    @asset(partitions_def=LETTERS, code_version=str(numbers), **options)
    def plain(context: AssetExecutionContext) -> Any:
        ran.append("plain")
        return by_key(context, numbers)

    @asset(partitions_def=LETTERS, code_version="1", **options)
    def tenfold(context: AssetExecutionContext, plain: Any) -> Any:
        ran.append(f"tenfold {' '.join(context.partition_keys)}")
        given = plain if isinstance(plain, dict) else {context.partition_key: plain}
        return by_key(context, {key: 10 * given[key] for key in context.partition_keys})

    return [plain, tenfold]


def test_partitions_that_were_made_one_by_one_are_current_for_a_run_of_several(instance: Instance) -> None:
    numbers = {"x": 1, "y": 2, "z": 3}
    for key in numbers:
        assert run(letters(numbers), instance, partition_key=key) == ["plain", f"tenfold {key}"]
    assert run(letters(numbers), instance, **ALL_LETTERS) == []
    assert run(letters(numbers), instance, partition_key_range=("y", "z")) == []


@pytest.mark.parametrize("is_stable", [False, True])
def test_partitions_that_were_made_together_are_current_one_by_one(
    instance: Instance, is_stable: bool, tmp_path: Path
) -> None:
    """Each has a data version of its own, that of its value: what follows the others stays as it is."""
    chosen: dict[str, Any] = {"resources": {"io_manager": BlobIOManager(tmp_path, format="json")}} if is_stable else {}
    numbers = {"x": 1, "y": 2, "z": 3}
    assert run(letters(numbers), instance, **ALL_LETTERS, **chosen) == ["plain", "tenfold x y z"]
    assert [run(letters(numbers), instance, partition_key=key, **chosen) for key in numbers] == [[], [], []]
    changed = {"x": 1, "y": 5, "z": 3}
    assert run(letters(changed), instance, selection="plain", **ALL_LETTERS, **chosen) == ["plain"]
    again = [run(letters(changed), instance, partition_key=key, **chosen) for key in numbers]
    assert again == [[], ["tenfold y"], []]
    assert run(letters(changed), instance, selection="plain", force=True, partition_key="x", **chosen) == ["plain"]
    assert run(letters(changed), instance, partition_key="x", **chosen) == []


def test_a_range_that_was_recorded_as_one_is_still_current(instance: Instance) -> None:
    """Releases before wrote down of each partition what all of the run were made from."""
    numbers = {"x": 1, "y": 2, "z": 3}
    run(letters(numbers), instance, **ALL_LETTERS)
    kind = EventType.ASSET_MATERIALIZATION
    plain, tenfold = (
        instance.get_event_records(EventRecordsFilter(kind, asset_key=AssetKey(name))) for name in ("plain", "tenfold")
    )
    made_of = {each.partition_key or "": (each.asset_materialization.data_version or "") for each in plain}
    for record in tenfold:
        event = record.event_log_entry.dagster_event
        data: Any = event.event_specific_data if event is not None else None
        together = InputPart(combined_version(made_of), record.run_id, None, len(made_of))
        as_one = msgspec.structs.replace(data.provenance, inputs={"plain": together})
        payload = StepMaterializationData(data.materialization, [], as_one, True, data.content)
        instance.report_dagster_event(Event(kind.value, "", event_specific_data=payload), run_id="")
    assert run(letters(numbers), instance, **ALL_LETTERS) == []
