"""Events: what they are about, what they carry, and what people read."""

import pickle

import pytest

from orrery.base.errors import InvariantViolationError
from orrery.base.keys import AssetCheckKey, AssetKey
from orrery.model.events import build
from orrery.model.events.build import StepRef
from orrery.model.events.checks import AssetCheckEvaluation
from orrery.model.events.error_info import ErrorInfo
from orrery.model.events.event import Event, EventType, level_of
from orrery.model.events.messages import duration_text
from orrery.model.events.payloads import EngineEventData, LogsCapturedData, TypeCheckData
from orrery.model.events.user import AssetMaterialization, AssetObservation, ExpectationResult

STEP = StepRef("j", "a", "g.a")
KEY = AssetKey("k")
ERROR = ErrorInfo("ValueError: x\n")
PASSED = TypeCheckData(True, "result")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (build.step_start(STEP), 'Started execution of step "a".'),
        (build.step_success(STEP, 19.331), 'Finished execution of step "a" in 19ms.'),
        (build.step_failed(STEP, ERROR), 'Execution of step "a" failed.'),
        (build.step_skipped(STEP), 'Skipped execution of step "a".'),
        (build.step_skipped(STEP, "step 'b' failed"), "Skipped execution of step \"a\": step 'b' failed"),
        (build.step_up_for_retry(STEP, ERROR), 'Execution of step "a" failed and has requested a retry.'),
        (
            build.step_up_for_retry(STEP, ERROR, 0.1),
            'Execution of step "a" failed and has requested a retry in 0.1 seconds.',
        ),
        (build.step_restarted(STEP, 1), 'Started re-execution (attempt # 2) of step "a".'),
        (
            build.step_output(STEP, type_check=PASSED),
            'Yielded output "result" of type "Any". (Type check passed).',
        ),
        (
            build.step_output(STEP, mapping_key="one", type_check=PASSED),
            'Yielded output "result" mapping key "one" of type "Any". (Type check passed).',
        ),
        (
            build.step_output(STEP, type_check=TypeCheckData(False, "result", type_name="Int")),
            'Yielded output "result" of type "Int". Warning! Type check failed.',
        ),
        (build.step_input(STEP, "x", PASSED), 'Got input "x" of type "Any". (Type check passed).'),
        (
            build.loaded_input(STEP, "x", "io_manager", upstream_output_name="result", upstream_step_key="b"),
            'Loaded input "x" using input manager "io_manager", from output "result" of step "b"',
        ),
        (build.loaded_input(STEP, "x", "io_manager"), 'Loaded input "x" using input manager "io_manager"'),
        (
            build.handled_output(STEP, "result", "io_manager"),
            'Handled output "result" using IO manager "io_manager"',
        ),
        (build.asset_materialization(STEP, AssetMaterialization(["k", "l"])), "Materialized value k/l."),
        (build.asset_materialization(STEP, AssetMaterialization("k", "made it")), "made it"),
        (build.asset_observation(STEP, AssetObservation("k")), "Observed k."),
        (
            build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, "c", True, description="hey")),
            "Asset check 'c' on 'k' passed. Description: 'hey'",
        ),
        (
            build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, "c", False)),
            "Asset check 'c' on 'k' did not pass.",
        ),
        (build.expectation_result(STEP, ExpectationResult(True, "lab")), "Expectation lab passed"),
        (build.expectation_result(STEP, ExpectationResult(False, "lab", "rows > 0")), "rows > 0"),
        (build.asset_materialization_planned("j", "a", KEY), 'j intends to materialize asset ["k"]'),
        (
            build.asset_check_evaluation_planned("j", "a", KEY, "c"),
            'j intends to execute asset check c on asset ["k"]',
        ),
        (build.run_started("j"), 'Started execution of run for "j".'),
        (build.run_succeeded("j"), 'Finished execution of run for "j".'),
        (build.run_failed("j"), 'Execution of run for "j" failed.'),
        (
            build.run_failed("j", context_message="Steps failed: ['a']."),
            "Execution of run for \"j\" failed. Steps failed: ['a'].",
        ),
        (build.run_canceled("j"), 'Execution of run for "j" canceled.'),
        (
            build.resource_init_started("j", {"res", "io_manager"}),
            "Starting initialization of resources [io_manager, res].",
        ),
        (build.hook_completed(STEP, "tell"), 'Finished the execution of hook "tell" triggered for "a".'),
        (build.engine_event("j", "Hello"), "Hello"),
        (Event("ALERT_START", "j"), ""),
    ],
)
def test_people_read(event: Event, text: str) -> None:
    assert event.message == text


def test_names_with_braces_are_no_templates() -> None:
    assert build.step_start(StepRef("j", "{a}{0}")).message == 'Started execution of step "{a}{0}".'


def test_a_message_that_was_given_is_kept() -> None:
    assert build.step_failed(STEP, ERROR, message="as said").message == "as said"
    assert Event("STEP_START", "j", message="").message == ""


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0.2, "0.2ms"),
        (3.904, "3.9ms"),
        (3.874, "3.87ms"),
        (147.6, "148ms"),
        (1500, "1.5s"),
        (61_000, "1m1s"),
        (3_720_000, "1h2m"),
        (0, "0ms"),
    ],
)
def test_durations_are_short(milliseconds: float, text: str) -> None:
    assert duration_text(milliseconds) == text


def test_the_words_of_the_wire() -> None:
    """The names of runs have changed, their words have not."""
    assert EventType.RUN_START.value == "PIPELINE_START"
    assert EventType.PIPELINE_START is EventType.RUN_START
    assert EventType.STEP_START.value == "STEP_START"
    assert EventType("PIPELINE_FAILURE") is EventType.RUN_FAILURE
    assert len(EventType) == 47


def test_a_step_event_knows_its_place() -> None:
    event = build.step_start(STEP)
    assert (event.job_name, event.step_key, event.node_handle, event.node_name, event.step_kind) == (
        "j", "a", "g.a", "a", "COMPUTE",
    )  # fmt: skip
    assert event.event_type is EventType.STEP_START
    assert event.is_step_event
    assert event.is_step_start
    assert not event.is_failure


def test_a_run_event_is_no_step_event() -> None:
    event = build.run_failed("j", ERROR)
    assert (event.is_step_event, event.is_job_event, event.is_failure, event.is_run_failure) == (
        False, True, True, True,
    )  # fmt: skip
    assert event.job_failure_data.error is ERROR


@pytest.mark.parametrize(
    ("event", "flag", "data"),
    [
        (build.step_output(STEP), "is_successful_output", "step_output_data"),
        (build.step_input(STEP, "x"), "is_step_event", "step_input_data"),
        (build.step_success(STEP, 1), "is_step_success", "step_success_data"),
        (build.step_failed(STEP, ERROR), "is_step_failure", "step_failure_data"),
        (build.step_up_for_retry(STEP, ERROR), "is_step_up_for_retry", "step_retry_data"),
        (build.loaded_input(STEP, "x", "m"), "is_loaded_input", "loaded_input_data"),
        (build.handled_output(STEP, "x", "m"), "is_handled_output", "handled_output_data"),
        (
            build.asset_materialization(STEP, AssetMaterialization("k")),
            "is_step_materialization",
            "step_materialization_data",
        ),
        (build.asset_observation(STEP, AssetObservation("k")), "is_asset_observation", "asset_observation_data"),
        (
            build.asset_materialization_planned("j", "a", KEY),
            "is_asset_materialization_planned",
            "asset_materialization_planned_data",
        ),
        (
            build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, "c", True)),
            "is_asset_check_evaluation",
            "asset_check_evaluation_data",
        ),
        (
            build.expectation_result(STEP, ExpectationResult(True)),
            "is_expectation_result",
            "step_expectation_result_data",
        ),
        (build.engine_event("j", "x"), "is_engine_event", "engine_event_data"),
        (build.resource_init_failure("j", ["r"], ERROR), "is_resource_init_failure", "engine_event_data"),
        (build.hook_errored(STEP, ERROR, "h"), "is_hook_event", "hook_errored_data"),
        (build.run_canceled("j", ERROR), "is_failure", "job_canceled_data"),
    ],
)
def test_an_event_carries_the_payload_of_its_kind(event: Event, flag: str, data: str) -> None:
    assert getattr(event, flag) is True
    assert getattr(event, data) is event.event_specific_data


def test_a_payload_of_another_kind_is_refused() -> None:
    with pytest.raises(InvariantViolationError, match="STEP_START carries no StepOutputData"):
        _ = build.step_start(STEP).step_output_data


@pytest.mark.parametrize(
    ("event", "partition"),
    [
        (build.asset_materialization(STEP, AssetMaterialization("k", partition="p")), "p"),
        (build.asset_observation(STEP, AssetObservation("k", partition="p")), "p"),
        (build.asset_materialization_planned("j", "a", KEY, "p"), "p"),
        (build.asset_wiped(KEY), None),
    ],
)
def test_an_asset_event_knows_asset_and_partition(event: Event, partition: str | None) -> None:
    assert (event.asset_key, event.partition) == (KEY, partition)


def test_a_check_event_is_about_the_check() -> None:
    """As in the reference: the asset key of an event is that of what was made, not of what was checked."""
    event = build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, "c", True, partition="p"))
    assert event.asset_key is None
    assert (event.asset_check_key, event.partition) == (AssetCheckKey(KEY, "c"), "p")


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (build.step_start(STEP), 10),
        (build.step_failed(STEP, ERROR), 40),
        (build.run_canceled("j"), 40),
        (build.hook_errored(STEP, ERROR, "h"), 40),
        (build.engine_event("j", "x", EngineEventData(error=ERROR)), 40),
        (build.engine_event("j", "x"), 10),
        (build.asset_check_evaluation(STEP, AssetCheckEvaluation(KEY, "c", False)), 30),
        (build.logs_captured("j", LogsCapturedData(file_key="f")), 10),
    ],
)
def test_what_failed_is_told_loud(event: Event, level: int) -> None:
    assert level_of(event) == level


def test_events_can_be_sent_to_another_process() -> None:
    event = build.asset_materialization(STEP, AssetMaterialization("k", metadata={"a": 1}))
    assert pickle.loads(pickle.dumps(event)) == event


def test_events_are_frozen() -> None:
    with pytest.raises(AttributeError):
        build.step_start(STEP).job_name = "other"


def test_an_event_is_made_by_position_or_by_name() -> None:
    assert Event("STEP_START", "j", None, "a", "COMPUTE") == Event(
        event_type_value="STEP_START", job_name="j", node_handle="a", step_kind_value="COMPUTE"
    )
