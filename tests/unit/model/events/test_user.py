"""What users hand back: arguments are checked where they are written, and kept as they are meant."""

import pickle
from typing import Any, get_args, get_origin

import pytest

from orrery.base.errors import InvalidDefinitionError, InvalidMetadataError, InvariantViolationError, OrreryError
from orrery.base.keys import AssetKey
from orrery.base.metadata import IntMetadataValue, PathMetadataValue
from orrery.model.events.user import (
    NO_VALUE,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    AssetResult,
    DataVersion,
    DynamicOutput,
    ExpectationResult,
    Failure,
    HookExecutionResult,
    MaterializeResult,
    ObserveResult,
    Output,
    RetryRequested,
    TypeCheck,
)


def test_an_output_is_named_result_unless_said() -> None:
    output = Output(1)
    assert (output.value, output.output_name, output.metadata, output.data_version, output.tags) == (
        1,
        "result",
        {},
        None,
        None,
    )


def test_metadata_of_an_output_is_typed() -> None:
    assert Output(1, metadata={"rows": 3}).metadata == {"rows": IntMetadataValue(3)}


def test_with_metadata_replaces_and_keeps_the_rest() -> None:
    output = Output(1, "x", {"a": 1}, DataVersion("v"), tags={"t": "u"}).with_metadata({"b": 2})
    assert output == Output(1, "x", {"b": 2}, DataVersion("v"), tags={"t": "u"})


def test_outputs_are_equal_by_all_they_say() -> None:
    assert Output(1) == Output(1)
    assert Output(1) != Output(2)
    assert Output(1) != Output(1, "other")
    assert Output(1) != Output(1, metadata={"a": 1})
    assert Output(1) != Output(1, data_version=DataVersion("v"))
    assert Output(1) != Output(1, tags={"a": "b"})
    assert Output(1) != 1


def test_outputs_are_typed_by_their_value() -> None:
    assert get_origin(Output[int]) is Output
    assert get_args(DynamicOutput[str]) == (str,)
    assert get_args(MaterializeResult[int]) == (int,)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Output(1, output_name=1), "name of an output"),
        (lambda: Output(1, output_name=None), "name of an output"),
        (lambda: Output(1, data_version="v"), "DataVersion"),
        (lambda: Output(1, tags={"a": 1}), "Tag values must be strings"),
        (lambda: DynamicOutput(1, 1), "mapping key"),
        (lambda: DynamicOutput(1, None), "mapping key"),
        (lambda: AssetMaterialization("a", partition=1), "partition"),
        (
            lambda: AssetMaterialization("a", partition="\udc80"),
            "partition of a materialization, .* half of a surrogate",
        ),
        (lambda: AssetObservation("a", partition="\udc80"), "partition of an observation, .* half of a surrogate"),
        (lambda: AssetMaterialization("a", description=1), "description"),
        (lambda: AssetMaterialization(1), "asset key"),
        (lambda: AssetMaterialization("a", tags={"a b": "c"}), "invalid tag keys"),
        (lambda: AssetObservation("a", partition=1), "partition"),
        (lambda: MaterializeResult(asset_key=1), "asset key"),
        (lambda: MaterializeResult(check_results=[1]), "AssetCheckResult"),
        (lambda: MaterializeResult(check_results=AssetCheckResult(passed=True)), "list of AssetCheckResult"),
        (lambda: ObserveResult(data_version="x"), "ObserveResult"),
        (lambda: ExpectationResult(1), "success"),
        (lambda: TypeCheck("yes"), "success"),
        (lambda: Failure(3), "description"),
        (lambda: Failure(allow_retries=1), "allow_retries"),
        (lambda: RetryRequested("a"), "max_retries"),
        (lambda: RetryRequested(None), "max_retries"),
        (lambda: RetryRequested(seconds_to_wait="x"), "seconds_to_wait"),
        (lambda: RetryRequested(seconds_to_wait=float("nan")), "seconds_to_wait.* for ever"),
        (lambda: RetryRequested(seconds_to_wait=float("inf")), "seconds_to_wait.* for ever"),
        (lambda: DataVersion(1), "data version"),
    ],
)
def test_a_wrong_argument_is_named_with_its_mend(wrong: object, says: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=says) as caught:
        wrong()
    assert caught.value.mend


@pytest.mark.parametrize("make", [Output, lambda value, **rest: MaterializeResult(**rest)])
def test_metadata_without_type_is_refused(make: object) -> None:
    with pytest.raises(InvalidMetadataError, match='"a"'):
        make(1, metadata={"a": object()})


@pytest.mark.parametrize("key", ["a b", "a-b", "a.b", "", "class", "a\n", "é"])
def test_a_mapping_key_is_a_plain_name(key: str) -> None:
    with pytest.raises(InvalidDefinitionError, match="mapping key"):
        DynamicOutput(1, key)


def test_a_mapping_key_may_begin_with_a_digit() -> None:
    assert DynamicOutput(1, "2024_01").mapping_key == "2024_01"


def test_a_materialization_takes_any_form_of_key() -> None:
    assert AssetMaterialization("a").asset_key == AssetMaterialization(AssetKey("a")).asset_key == AssetKey("a")
    assert AssetMaterialization(["a", "b"]).label == "a/b"


def test_tags_not_given_are_none_for_a_materialization_and_empty_for_an_observation() -> None:
    assert AssetMaterialization("a").tags is None
    assert AssetObservation("a").tags == {}


def test_a_materialized_file_tells_its_path() -> None:
    made = AssetMaterialization.file("/p", "d", "k")
    assert (made.asset_key, made.description, made.metadata) == (AssetKey("k"), "d", {"path": PathMetadataValue("/p")})
    assert AssetMaterialization.file("/p").asset_key == AssetKey("/p")


def test_the_data_version_is_read_from_the_tags() -> None:
    assert AssetObservation("a", tags={"dagster/data_version": "3"}).data_version == "3"
    assert AssetMaterialization("a", tags={"orrery/data_version": "3"}).data_version == "3"
    assert AssetMaterialization("a").data_version is None


def test_a_result_without_value_says_so() -> None:
    assert MaterializeResult().value is NO_VALUE
    assert MaterializeResult(value=None).value is None
    assert not NO_VALUE


def test_a_result_keeps_what_it_was_given() -> None:
    check = AssetCheckResult(passed=True, check_name="c")
    result = MaterializeResult(
        asset_key="a", metadata={"x": "y"}, check_results=(check,), data_version=DataVersion("v"), tags={"t": "u"}
    )
    assert result.asset_key == AssetKey("a")
    assert result.metadata == {"x": "y"}
    assert result.check_results == [check]
    assert result.data_version == DataVersion("v")
    assert result.tags == {"t": "u"}
    assert isinstance(result, AssetResult)


def test_a_result_is_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        MaterializeResult().asset_key = AssetKey("a")


def test_a_check_result_is_found_by_name() -> None:
    check = AssetCheckResult(passed=True, check_name="not_null")
    assert MaterializeResult(check_results=[check]).check_result_named("not_null") is check
    with pytest.raises(InvariantViolationError, match="write 'not_null'"):
        MaterializeResult(check_results=[check]).check_result_named("notnull")


def test_failure_and_retry_are_the_users_word_and_no_error_of_ours() -> None:
    assert not issubclass(Failure, OrreryError)
    assert not issubclass(RetryRequested, OrreryError)


def test_a_failure_tells_its_description() -> None:
    failure = Failure("no good", metadata={"a": 1}, allow_retries=False)
    assert (str(failure), failure.description, failure.allow_retries) == ("no good", "no good", False)
    assert failure.metadata == {"a": IntMetadataValue(1)}
    assert Failure().allow_retries is True


def test_a_retry_is_asked_for_once_and_at_once_unless_said() -> None:
    assert (RetryRequested().max_retries, RetryRequested().seconds_to_wait) == (1, None)


@pytest.mark.parametrize(
    "value",
    [
        Output(1, metadata={"a": 1}),
        DynamicOutput(1, "k"),
        AssetMaterialization("a", metadata={"x": 1}, tags={"a": "b"}),
        AssetObservation("a"),
        MaterializeResult("a", value=3),
        ObserveResult("a", data_version=DataVersion("v")),
        AssetCheckResult(passed=False, metadata={"a": 1}),
        ExpectationResult(True),
        TypeCheck(False, "d"),
        HookExecutionResult("h", True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_can_be_sent_to_another_process(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


def test_the_absence_of_a_value_survives_being_sent() -> None:
    assert pickle.loads(pickle.dumps(MaterializeResult())).value is NO_VALUE


def test_exceptions_can_be_sent_to_another_process() -> None:
    failure = pickle.loads(pickle.dumps(Failure("d", {"a": 1}, False)))
    assert (failure.description, failure.metadata, failure.allow_retries) == ("d", {"a": IntMetadataValue(1)}, False)
    retry = pickle.loads(pickle.dumps(RetryRequested(3, 1.5)))
    assert (retry.max_retries, retry.seconds_to_wait) == (3, 1.5)


def test_an_expectation_is_labeled_result_unless_said() -> None:
    assert ExpectationResult(True).label == "result"


@pytest.mark.parametrize("kind", [MaterializeResult, ObserveResult])
def test_a_result_keeps_metadata_as_they_were_given(kind: type[MaterializeResult[Any] | ObserveResult]) -> None:
    """Who calls an asset in a test compares plain values; what has no metadata type is refused all the same."""
    assert kind(metadata={"rows": 3}).metadata == {"rows": 3}
    with pytest.raises(InvalidMetadataError):
        kind(metadata={"rows": object()})
