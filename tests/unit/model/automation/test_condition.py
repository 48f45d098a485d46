"""Automation conditions and freshness policies are values: they compare, combine and refuse to be evaluated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import orrery as og

Condition = og.AutomationCondition


def test_conditions_compare_by_what_they_say() -> None:
    assert Condition.eager() == Condition.eager()
    assert hash(Condition.eager()) == hash(Condition.eager())
    assert Condition.eager() != Condition.on_missing()
    assert Condition.cron_tick_passed("@daily") != Condition.cron_tick_passed("@hourly")


def test_chains_of_one_operator_stay_flat() -> None:
    three = Condition.missing() & Condition.newly_updated() & Condition.execution_failed()
    assert len(three.operands) == 3


def test_a_part_is_taken_out_by_its_value_and_the_label_stays() -> None:
    left = Condition.eager().without(Condition.in_latest_time_window())
    assert left.operands == Condition.eager().operands[1:]
    assert left.get_label() == "eager"


def test_a_labelled_part_stays_a_part() -> None:
    assert len((Condition.eager() & Condition.missing()).operands) == 2


def test_eager_is_made_of_its_documented_parts() -> None:
    assert [each.get_label() or each.name for each in Condition.eager().children] == [
        "in_latest_time_window",
        "SINCE",
        "NOT",
        "NOT",
        "NOT",
    ]


def test_a_part_is_replaced_by_label_name_or_value_wherever_it_stands() -> None:
    for old in ("any_deps_missing", Condition.any_deps_missing()):
        changed = Condition.eager().replace(old, Condition.missing())
        assert changed.children[2] == ~Condition.missing()
        assert changed.get_label() == "eager"
    assert Condition.eager().replace("nothing", Condition.missing()) == Condition.eager()


def test_upstream_assets_are_chosen_and_passed_over() -> None:
    selection = og.AssetSelection.assets("a")
    assert Condition.any_deps_missing().allow(selection).allow_selection == selection
    inner: Any = Condition.eager().ignore(selection).children[2].children[0]
    assert inner.ignore_selection == selection


def test_what_is_no_condition_is_refused() -> None:
    with pytest.raises(og.InvalidDefinitionError, match="'&'"):
        _ = Condition.missing() & 3  # type: ignore[operator]  # the wrong use under test
    with pytest.raises(og.InvalidDefinitionError, match="no cron"):
        Condition.on_cron("no cron")


def test_evaluating_is_refused_and_says_so() -> None:
    with pytest.raises(NotImplementedError, match="not evaluated yet"):
        Condition.eager().evaluate(None)


def test_assets_carry_conditions_and_policies() -> None:
    daily = og.FreshnessPolicy.time_window(fail_window=timedelta(days=1))

    @og.asset(automation_condition=Condition.eager(), freshness_policy=daily)
    def orders() -> None: ...

    (spec,) = orders.specs
    assert (spec.automation_condition, spec.freshness_policy) == (Condition.eager(), daily)
    assert og.AssetGraph.from_assets([orders]).get("orders").automation_condition == Condition.eager()


def test_older_policies_become_conditions_and_back() -> None:
    @og.asset(auto_materialize_policy=og.AutoMaterializePolicy.eager())
    def orders() -> None: ...

    (spec,) = orders.specs
    assert spec.automation_condition.has_rule_condition
    assert spec.auto_materialize_policy.to_automation_condition() == spec.automation_condition


def test_rules_are_added_by_kind_and_taken_away() -> None:
    policy = og.AutoMaterializePolicy.eager()
    changed = policy.with_rules(og.AutoMaterializeRule.skip_on_backfill_in_progress(all_partitions=True))
    assert len(changed.rules) == len(policy.rules)
    assert changed != policy
    assert len(policy.without_rules(og.AutoMaterializeRule.skip_on_parent_missing()).rules) == len(policy.rules) - 1
    with pytest.raises(og.InvalidInvocationError, match="not in the policy"):
        policy.without_rules(og.AutoMaterializeRule.materialize_on_cron("@daily"))
    assert (policy.policy_type, og.AutoMaterializePolicy.lazy().policy_type) == ("EAGER", "LAZY")


@pytest.mark.parametrize(
    "make",
    [
        lambda: og.FreshnessPolicy.time_window(fail_window=timedelta(seconds=1)),
        lambda: og.FreshnessPolicy.time_window(fail_window=timedelta(hours=1), warn_window=timedelta(hours=2)),
        lambda: og.FreshnessPolicy.cron(deadline_cron="z", lower_bound_delta=timedelta(hours=1)),
        lambda: og.FreshnessPolicy.cron(deadline_cron="0 10 * * *", lower_bound_delta=timedelta(days=2)),
        lambda: og.LegacyFreshnessPolicy(maximum_lag_minutes=5, cron_schedule="z"),
    ],
)
def test_policies_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(og.InvalidDefinitionError):
        make()


def test_a_policy_is_applied_to_specs() -> None:
    hourly = og.FreshnessPolicy.cron(deadline_cron="0 * * * *", lower_bound_delta=timedelta(minutes=30))
    daily = og.FreshnessPolicy.time_window(fail_window=timedelta(days=1))
    spec = og.apply_freshness_policy(og.AssetSpec("a"), hourly)
    assert spec.freshness_policy == hourly
    assert og.apply_freshness_policy(spec, daily, overwrite_existing=False).freshness_policy == hourly
    assert og.apply_freshness_policy(spec, daily).freshness_policy == daily


def test_an_older_freshness_policy_tells_how_far_an_asset_lags() -> None:
    policy = og.LegacyFreshnessPolicy(maximum_lag_minutes=30)
    now = datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert policy.minutes_overdue(now - timedelta(minutes=50), now) == 20
    assert policy.minutes_overdue(now, now) == 0
    assert policy.minutes_overdue(None, now) is None
