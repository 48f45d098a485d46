"""The kit for tests: a clock turned by hand, and what its strategies draw."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, Phase, find, settings

import orrery as og
from orrery.base.clock import Clock
from orrery.testing import ManualClock, instance_for_test
from orrery.testing.strategies import asset_graphs, op_graphs


def test_a_manual_clock_goes_when_it_is_turned() -> None:
    clock: Clock = ManualClock(datetime(2024, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2024, 1, 1, tzinfo=UTC)
    assert isinstance(clock, ManualClock)
    clock.advance(days=1, minutes=30)
    assert clock.now() == datetime(2024, 1, 2, 0, 30, tzinfo=UTC)
    assert clock.monotonic() == 86400 + 1800
    with pytest.raises(ValueError, match="time passes forwards"):
        clock.advance(seconds=-1)


def test_setting_it_back_does_not_turn_back_the_monotonic_time() -> None:
    clock = ManualClock()
    clock.advance(hours=1)
    clock.set(datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == datetime(2019, 12, 31, 22, tzinfo=UTC)
    assert clock.monotonic() == 3600


def test_partitions_and_freshness_see_the_clocks_present() -> None:
    days = og.DailyPartitionsDefinition("2024-01-01")
    clock = ManualClock(datetime(2024, 1, 3, 12, tzinfo=UTC))
    with clock.present():
        assert days.get_partition_keys() == ["2024-01-01", "2024-01-02"]
    clock.advance(days=1)
    with clock.present() as now:
        assert now == clock.now()
        assert days.get_last_partition_key() == "2024-01-03"


def test_an_instance_for_a_test_is_on_disk_and_goes() -> None:
    @og.asset
    def kept() -> int:
        return 3

    with instance_for_test() as instance:
        og.materialize([kept], instance=instance)
        assert og.Instance.get().get_latest_materialization_event(og.AssetKey("kept")) is not None
    assert instance_for_test is og.instance_for_test


DRAWN = settings(
    max_examples=2_000, database=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck), deadline=None
)
"""The first that is found will do: to make it smaller takes minutes."""


def test_strategies_draw_what_makes_a_graph_hard() -> None:
    """Graphs inside of graphs, lists of values, several outputs; assets that only wait."""
    deep = find(op_graphs(), lambda drawn: any(key.count(".") == 2 for key, _output in drawn.expected), settings=DRAWN)
    assert deep.definition().execute_in_process().success
    assert find(op_graphs(), lambda drawn: len({step for step, *_ in drawn.edges}) > 2, settings=DRAWN)
    waits = find(
        asset_graphs(), lambda drawn: any(each.waits_for and each.takes for each in drawn.members), settings=DRAWN
    )
    assert len(waits.definitions()) == len(waits.members) == len(waits.expected)
