"""Check results: which check they are of, and the record that is made of them."""

import numpy as np
import pytest

from orrery.base.errors import InvalidDefinitionError, InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.base.metadata import IntMetadataValue
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckResult, AssetCheckSeverity

ONE = {AssetKey("a"): ["c"]}
TWO = {AssetKey("a"): ["c", "d"], AssetKey("b"): ["c"]}


def test_the_only_check_needs_no_name() -> None:
    assert AssetCheckResult(passed=True).resolve_target_check_key(ONE) == AssetCheckKey("a", "c")


def test_a_name_that_only_one_asset_has_is_enough() -> None:
    assert AssetCheckResult(passed=True, check_name="d").resolve_target_check_key(TWO) == AssetCheckKey("a", "d")


def test_asset_and_name_choose_among_several() -> None:
    result = AssetCheckResult(passed=True, asset_key="b", check_name="c")
    assert result.resolve_target_check_key(TWO) == AssetCheckKey("b", "c")


def test_a_result_that_may_be_of_several_checks_is_refused() -> None:
    with pytest.raises(InvariantViolationError, match="a:c, a:d, b:c"):
        AssetCheckResult(passed=True).resolve_target_check_key(TWO)


def test_a_name_that_nobody_declared_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvariantViolationError, match="write 'not_null'"):
        AssetCheckResult(passed=True, check_name="not_nul").resolve_target_check_key({AssetKey("a"): ["not_null"]})


@pytest.mark.parametrize("declared", [None, {}])
def test_a_result_where_nothing_is_declared_is_refused(declared: dict[AssetKey, list[str]] | None) -> None:
    with pytest.raises(InvariantViolationError, match="no check is declared"):
        AssetCheckResult(passed=True).resolve_target_check_key(declared)


def test_a_numpy_truth_value_passes_for_one() -> None:
    """A comparison of frames gives one; to refuse it would be pedantry."""
    assert AssetCheckResult(passed=np.bool_(True)).passed is True
    assert AssetCheckResult(passed=np.array([1, 2]).min() > 5).passed is False


@pytest.mark.parametrize("wrong", [1, None, "yes", np.int64(1), np.array([True])])
def test_passed_is_true_or_false(wrong: object) -> None:
    with pytest.raises(InvalidDefinitionError, match="'passed'"):
        AssetCheckResult(passed=wrong)


def test_severity_is_of_its_type() -> None:
    with pytest.raises(InvalidDefinitionError, match="AssetCheckSeverity"):
        AssetCheckResult(passed=True, severity="WARN")


def test_an_evaluation_says_all_that_the_result_said() -> None:
    result = AssetCheckResult(
        passed=False, metadata={"n": 1}, severity=AssetCheckSeverity.WARN, description="one is null"
    )
    evaluation = result.evaluation_of(AssetCheckKey("a", "c"), blocking=True, partition="p")
    assert evaluation == AssetCheckEvaluation(
        AssetKey("a"), "c", False, {"n": 1}, None, AssetCheckSeverity.WARN, "one is null", True, "p"
    )
    assert evaluation.metadata == {"n": IntMetadataValue(1)}
    assert evaluation.asset_check_key == AssetCheckKey("a", "c")


def test_with_metadata_replaces() -> None:
    assert AssetCheckResult(passed=True, metadata={"a": 1}).with_metadata({"b": 2}).metadata == {
        "b": IntMetadataValue(2)
    }
    assert AssetCheckEvaluation(AssetKey("a"), "c", True, {"a": 1}).with_metadata({"b": 2}).metadata == {
        "b": IntMetadataValue(2)
    }
