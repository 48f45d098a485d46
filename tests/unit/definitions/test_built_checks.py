"""Checks that are built for many assets: what they ask for again, and what they refuse."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

import orrery as og


@og.asset
def orders() -> int:
    return 1


def fresh_for(**length: float) -> og.AssetChecksDefinition:
    (checks,) = og.build_last_update_freshness_checks(assets=[orders], lower_bound_delta=timedelta(**length))
    return checks


def test_the_sensor_asks_again_when_a_good_answer_has_run_out() -> None:
    """And for none while it holds; the present is that of the surroundings."""
    checks = fresh_for(minutes=10)
    sensor = og.build_sensor_for_freshness_checks(freshness_checks=[checks])
    with og.Instance.ephemeral() as instance:
        og.materialize([orders, checks], instance=instance)

        def asked(minutes: float) -> list[str]:
            with og.partition_loading_context(effective_dt=datetime.now(UTC) + timedelta(minutes=minutes)):
                tick = sensor.evaluate_tick(og.build_sensor_context(instance=instance))
            return [key.to_user_string() for each in tick.run_requests or () for key in each.asset_check_keys or ()]

        assert asked(9) == []
        assert asked(11) == ["orders:freshness_check"]


def test_one_of_several_checks_can_be_made_alone() -> None:
    (checks,) = og.build_last_update_freshness_checks(assets=[orders, "other"], lower_bound_delta=timedelta(minutes=1))
    chosen = og.AssetSelection.checks(og.AssetCheckKey(og.AssetKey("other"), "freshness_check"))
    result = og.materialize([orders, checks], selection=chosen)
    assert [each.asset_key.to_user_string() for each in result.get_asset_check_evaluations()] == ["other"]


def test_a_blocking_check_keeps_what_is_downstream_from_running() -> None:
    @og.asset
    def report(orders: int) -> int:
        return orders

    (checks,) = og.build_last_update_freshness_checks(
        assets=[orders],
        lower_bound_delta=timedelta(days=-1),  # nothing is ever fresh enough
        severity=og.AssetCheckSeverity.ERROR,
        blocking=True,
    )
    result = og.materialize([orders, report, checks], raise_on_error=False)
    assert not result.success
    assert [each.asset_key.to_user_string() for each in result.get_asset_materialization_events()] == ["orders"]


@pytest.mark.parametrize("told", ["yesterday", True])
def test_an_update_that_is_told_by_no_instant_is_refused(told: object) -> None:
    checks = fresh_for(minutes=10)
    with og.Instance.ephemeral() as instance:
        instance.report_runless_asset_event(
            og.AssetObservation("orders", metadata={"orrery/last_updated_timestamp": told})
        )
        with pytest.raises(og.InvalidMetadataError, match="which is no instant"):
            og.materialize([checks], instance=instance)


def test_an_update_may_be_told_as_a_plain_number() -> None:
    checks = fresh_for(minutes=10)
    with og.Instance.ephemeral() as instance:
        instance.report_runless_asset_event(
            og.AssetObservation("orders", metadata={"orrery/last_updated_timestamp": time.time() - 60})
        )
        (found,) = og.materialize([checks], instance=instance).get_asset_check_evaluations()
    assert found.passed


def test_a_wrong_length_of_time_is_refused() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="lower_bound_delta is a timedelta, not 5"):
        og.build_last_update_freshness_checks(assets=[orders], lower_bound_delta=5)
    with pytest.raises(og.InvalidDefinitionError, match="no time zone 'Mars'"):
        og.build_last_update_freshness_checks(assets=[orders], lower_bound_delta=timedelta(1), timezone="Mars")


def test_a_number_that_is_none_lies_within_no_bounds() -> None:
    (checks,) = og.build_metadata_bounds_checks(assets=[orders], metadata_key="n", min_value=1)
    with og.Instance.ephemeral() as instance:
        instance.report_runless_asset_event(og.AssetMaterialization("orders", metadata={"n": float("nan")}))
        (found,) = og.materialize([checks], instance=instance).get_asset_check_evaluations()
    assert not found.passed
