"""Steps in which plainly nothing changed: found the short way, and told as the whole way tells them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orrery.api.verbs.materialize import materialize
from orrery.definitions.assets.unresolved_asset_job import define_asset_job
from orrery.definitions.decorators.asset import asset
from orrery.definitions.parts.cache_policy import CachePolicy
from orrery.definitions.project.definitions import Definitions
from orrery.model.records.stats import StepStatus
from orrery.runtime.engine.unchanged import ShortWay
from orrery.runtime.instance.instance import Instance

MANY = 60


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on disk."""
    with Instance.local_temp(str(tmp_path / "home")) as made:
        yield made


def fan(n: int = MANY) -> list[Any]:
    """Return an asset and many that take it."""

    @asset
    def root() -> int:
        return 1

    def leaf(number: int) -> Any:
        @asset(name=f"leaf_{number}")
        def made(root: int) -> int:
            return root + number

        return made

    return [root, *(leaf(number) for number in range(n))]


def run(assets: list[Any], instance: Instance, **options: Any) -> Any:
    """Materialize, using again what is current."""
    return materialize(assets, instance=instance, on_event=lambda entry: None, **{"reuse": True, **options})


def ran(result: Any) -> list[str]:
    """Return the steps that ran."""
    return [event.step_key for event in result.all_events if event.event_type_value == "STEP_START"]


def told(result: Any) -> dict[str, Any]:
    """Return what is told of each step that was skipped."""
    return {event.step_key: event.event_specific_data for event in result.all_events if event.is_step_skipped}


def test_both_ways_tell_the_same(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasons, run and saved time are those of the whole way."""
    assets = fan(3)
    first = run(assets, instance)
    short = told(run(assets, instance, tags=CachePolicy(ttl=3600).as_tags()))
    monkeypatch.setattr(ShortWay, "skip", lambda self, step, policy: None)
    whole = told(run(assets, instance, tags=CachePolicy(ttl=3600).as_tags()))
    assert short.keys() == whole.keys() == set(ran(first))
    for key, data in short.items():
        (reason,) = data.reasons
        assert (reason.kind, reason.run_id) == ("current", first.run_id)
        assert reason.run_id == whole[key].reasons[0].run_id
        assert data.saved_seconds == whole[key].saved_seconds is not None
        assert data.reason.startswith("current: made ")


def test_skips_of_many_steps_are_all_recorded(instance: Instance) -> None:
    """Events, states of steps and what is told of the run agree."""
    assets = fan()
    run(assets, instance)
    result = run(assets, instance)
    stored = [
        record.event_log_entry.dagster_event
        for record in instance.get_records_for_run(result.run_id).records
        if record.event_log_entry.dagster_event is not None
    ]
    assert stored == list(result.all_events)
    assert len(told(result)) == MANY + 1
    states = instance.event_log.get_step_states(result.run_id)
    assert [(each.status, each.attempts) for each in states] == [(StepStatus.SKIPPED, 0)] * (MANY + 1)


@pytest.mark.parametrize("n", [2, MANY])
def test_a_value_that_is_gone_is_noticed_among_few_and_many(instance: Instance, n: int) -> None:
    """As one of few, and of many that are asked for at once."""
    assets = fan(n)
    run(assets, instance)
    os.remove(Path(instance.storage_directory()) / "leaf_1.pickle")
    assert ran(run(assets, instance)) == ["leaf_1"]
    assert ran(run(assets, instance, reuse=CachePolicy(verify="none"))) == []


def test_what_materialize_was_given_before_says_nothing_of_what_it_is_given_now(instance: Instance) -> None:
    """A job is made anew unless the very same assets come again, in the same order."""
    assets = fan(2)
    assert ran(run(assets, instance)) == ["root", "leaf_0", "leaf_1"]
    assert ran(run(assets[:2], instance, force=True)) == ["root", "leaf_0"]
    assert ran(run(assets, instance, selection="leaf_1", force=True)) == ["leaf_1"]
    assert sorted(ran(run(list(reversed(assets)), instance, force=True))) == ["leaf_0", "leaf_1", "root"]
    assets[2] = fan(3)[3]
    assert ran(run(assets, instance)) == ["leaf_2"]


def test_what_a_run_does_not_look_at_is_not_asked_for(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of two among many asks the event log for two."""
    job = Definitions(assets=fan(), jobs=[define_asset_job("two", selection=["root", "leaf_1"])]).resolve_job_def("two")
    asked: list[str] = []
    ask = instance.event_log.get_latest_of_assets

    def noted(keys: Any) -> Any:
        asked.extend(key.to_user_string() for key in keys)
        return ask(keys)

    monkeypatch.setattr(instance.event_log, "get_latest_of_assets", noted)
    for _ in range(2):
        result = job.execute_in_process(instance=instance, tags=CachePolicy().as_tags())
    assert sorted(asked) == ["leaf_1", "leaf_1", "root", "root"]
    assert ran(result) == []
