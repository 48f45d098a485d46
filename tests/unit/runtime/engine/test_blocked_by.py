"""A step names the failed checks of its parents that keep it from running."""

from typing import Any

import pytest

import orrery as o


@o.asset(check_specs=[o.AssetCheckSpec("inner", asset="orders")])
def orders() -> Any:
    yield o.MaterializeResult(check_results=[o.AssetCheckResult(passed=False, check_name="inner")])


@o.asset_check(asset=orders, blocking=True)
def strict() -> o.AssetCheckResult:
    return o.AssetCheckResult(passed=False)


@o.asset_check(asset=orders)
def loose() -> o.AssetCheckResult:
    return o.AssetCheckResult(passed=False)


@o.asset_check(asset=orders)
def warns() -> o.AssetCheckResult:
    return o.AssetCheckResult(passed=False, severity=o.AssetCheckSeverity.WARN)


@o.asset_check(asset=orders)
def good() -> o.AssetCheckResult:
    return o.AssetCheckResult(passed=True)


def child(name: str, blocked_by: str | None, **tags: str) -> Any:
    said = {} if blocked_by is None else {"orrery/blocked_by": blocked_by}

    @o.asset(name=name, deps=[orders], op_tags={**said, **{f"orrery/{key}": value for key, value in tags.items()}})
    def made() -> int:
        return 1

    return made


def ends(*assets: Any) -> dict[str, str]:
    """Return how each step ended: its reason, where it was skipped."""
    result = o.materialize([orders, *assets], raise_on_error=False)
    return {
        each.step_key: getattr(each.event_specific_data, "reason", each.event_type_value)
        for each in result.all_events
        if each.event_type_value in ("STEP_SUCCESS", "STEP_SKIPPED", "STEP_FAILURE")
    }


@pytest.mark.parametrize(
    ("blocked_by", "check"),
    [("loose", "loose"), ("orders:inner", "inner"), ("good, strict", "strict")],
    ids=["of a step of its own", "of the step of the asset", "a blocking one among others"],
)
def test_a_named_check_that_failed_keeps_the_step_back_and_the_event_says_which(blocked_by: str, check: str) -> None:
    found = ends(strict, loose, good, child("made", blocked_by))
    assert found["made"] == f"check '{check}' of asset 'orders' failed, by which this step asks to be blocked"


@pytest.mark.parametrize("blocked_by", ["none", "good", "warns"])
def test_checks_that_are_not_named_passed_or_only_warn_keep_nothing_back(blocked_by: str) -> None:
    found = ends(strict, loose, warns, good, child("made", blocked_by), child("usual", None))
    assert found["made"] == "STEP_SUCCESS"
    assert found["usual"] == "blocking check 'strict' of asset 'orders' failed"


def test_what_lies_below_is_skipped_too_and_the_run_succeeds_where_no_step_failed() -> None:
    @o.asset(deps=["made"])
    def below() -> int:
        return 1

    result = o.materialize([orders, loose, child("made", "loose"), below])
    skipped = [each.step_key for each in result.all_events if each.event_type_value == "STEP_SKIPPED"]
    assert result.success
    assert skipped == ["made", "below"]


def test_a_named_check_keeps_a_step_back_that_runs_whatever_became_of_its_parents() -> None:
    assert ends(loose, child("made", "loose", run_when="all_done"))["made"].startswith("check 'loose'")


def test_a_step_that_fails_for_another_reason_keeps_back_as_ever() -> None:
    @o.asset(name="orders")
    def broken() -> None:
        raise ValueError("no orders")

    result = o.materialize([broken, child("made", "none")], raise_on_error=False)
    assert [each.event_specific_data.reason for each in result.all_events if each.is_step_skipped] == [
        "upstream 'orders' failed"
    ]


def test_an_op_names_a_check_that_its_parent_evaluated() -> None:
    @o.op
    def load(context: o.OpExecutionContext) -> int:
        context.log_event(o.AssetCheckEvaluation(o.AssetKey("orders"), "counted", passed=False))
        return 1

    @o.op(tags={"orrery/blocked_by": "orders:counted"})
    def publish(x: int) -> int:
        return x

    @o.op
    def report(x: int) -> int:
        return x

    @o.job
    def nightly() -> None:
        value = load()
        publish(value)
        report(value)

    result = nightly.execute_in_process()
    assert [each.step_key for each in result.all_events if each.is_step_skipped] == ["publish"]
    assert result.output_for_node("report") == 1


def test_a_retry_that_passes_the_check_blocks_nothing() -> None:
    tries: list[int] = []

    @o.op(retry_policy=o.RetryPolicy(max_retries=1))
    def load(context: o.OpExecutionContext) -> int:
        tries.append(1)
        context.log_event(o.AssetCheckEvaluation(o.AssetKey("orders"), "counted", passed=len(tries) > 1))
        if len(tries) == 1:
            raise ValueError("once")
        return 1

    @o.op(tags={"orrery/blocked_by": "counted"})
    def publish(x: int) -> int:
        return x

    @o.job
    def nightly() -> None:
        publish(load())

    assert nightly.execute_in_process().output_for_node("publish") == 1


@pytest.mark.parametrize(
    ("blocked_by", "said"),
    [
        ("loos", r"names the check 'loos', which no asset above it has(.|\n)*'loose'"),
        ("orders:strct", r"which 'orders' does not have(.|\n)*'strict'"),
        ("ordes:loose", r"names a check of 'ordes', on which it does not depend(.|\n)*'orders'"),
        (":loose", "does not name checks"),
        ("", "does not name checks"),
    ],
)
def test_a_check_that_nobody_declares_is_refused_with_the_nearest_name(blocked_by: str, said: str) -> None:
    with pytest.raises(o.InvalidDefinitionError, match=said):
        o.materialize([orders, strict, loose, child("made", blocked_by)])


def test_a_check_of_an_asset_that_this_run_does_not_make_is_no_mistake() -> None:
    assert o.materialize([child("made", "declared_elsewhere")]).success
