"""What a context sends, and which arguments it refuses."""

import logging
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from orrery_pipes import PipesError
from orrery_pipes.messages import METADATA_TYPES

Open = Callable[..., Any]


@pytest.mark.parametrize("value", [1, 1.5, "t", True, None, [1, [2]], (1, 2)])
def test_metadata_without_a_type_is_left_to_the_orchestrator(open_here: Open, value: Any) -> None:
    opened = open_here()
    opened.context.report_asset_check("c", True, metadata={"x": value})
    sent = list(value) if isinstance(value, tuple) else value
    assert opened.last["params"]["metadata"] == {"x": {"raw_value": sent, "type": "__infer__"}}


@pytest.mark.parametrize("type_", sorted(METADATA_TYPES))
def test_metadata_of_every_type_goes_as_it_is(open_here: Open, type_: str) -> None:
    opened = open_here()
    opened.context.report_asset_materialization(metadata={"x": {"raw_value": {"a": 1}, "type": type_}})
    assert opened.last["params"]["metadata"] == {"x": {"raw_value": {"a": 1}, "type": type_}}


def test_metadata_that_is_empty_is_none(open_here: Open) -> None:
    opened = open_here()
    opened.context.report_asset_materialization(metadata={})
    assert opened.last["params"]["metadata"] is None


def test_number_that_is_none_goes_as_python_writes_it(open_here: Open) -> None:
    opened = open_here()
    opened.context.report_asset_check("c", True, metadata={"x": math.nan})
    assert '"raw_value": NaN' in opened.path.read_text()


@pytest.mark.parametrize(
    ("metadata", "text"),
    [
        ([1], "Expected `dict`, got `list`"),
        ("x", "Expected `dict`, got `str`"),
        ({1: 2}, "Expected a dict with string keys, got a key `1`"),
        ({"x": {"a": 1}}, "For a dict as the value itself"),
        ({"x": {"raw_value": 1}}, "{raw_value: ..., type: ...}"),
        ({"x": {"raw_value": 1, "type": "md", "more": 1}}, "{raw_value: ..., type: ...}"),
        ({"x": {"raw_value": 1, "type": "nope"}}, "`metadata.x.type`"),
        ({"fine": 1, "x": object()}, "(metadata `x`): Object of type object is not JSON serializable"),
        ({"x": {1, 2}}, "not JSON serializable"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_metadata_that_cannot_be_sent_is_refused(open_here: Open, metadata: Any, text: str, check: bool) -> None:
    context = open_here().context
    with pytest.raises(PipesError) as caught:
        if check:
            context.report_asset_check("c", True, metadata=metadata)
        else:
            context.report_asset_materialization(metadata=metadata)
    assert text in str(caught.value)


def test_refused_report_can_be_made_again(open_here: Open) -> None:
    opened = open_here()
    with pytest.raises(TypeError):
        opened.context.report_asset_materialization(metadata={"x": object()})
    opened.context.report_asset_materialization(metadata={"x": 1})
    assert [message["method"] for message in opened.messages] == ["opened", "report_asset_materialization"]


def test_asset_is_materialized_once(open_here: Open) -> None:
    context = open_here().context
    context.report_asset_materialization()
    with pytest.raises(PipesError, match="already been materialized"):
        context.report_asset_materialization()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"data_version": 3}, "parameter `data_version` of `report_asset_materialization`"),
        ({"asset_key": 3}, "parameter `asset_key` of `report_asset_materialization`"),
        ({"asset_key": "other"}, "Expected one of `['raw/orders']`, got `other`"),
    ],
)
def test_wrong_arguments_of_a_materialization_are_refused(
    open_here: Open, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(PipesError) as caught:
        open_here().context.report_asset_materialization(**arguments)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"check_name": 1, "passed": True}, "parameter `check_name`"),
        ({"check_name": "c", "passed": 1}, "parameter `passed`"),
        ({"check_name": "c", "passed": True, "severity": "INFO"}, "parameter `severity`"),
        ({"check_name": "c", "passed": True, "asset_key": "other"}, "Invalid asset key"),
    ],
)
def test_wrong_arguments_of_a_check_are_refused(open_here: Open, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(PipesError) as caught:
        open_here().context.report_asset_check(**arguments)
    assert text in str(caught.value)


def test_with_several_assets_in_scope_the_key_has_to_be_told(open_here: Open) -> None:
    opened = open_here(asset_keys=["a", "b"])
    for report in (
        opened.context.report_asset_materialization,
        lambda: opened.context.report_asset_check("c", True),
    ):
        with pytest.raises(PipesError, match="multiple assets"):
            report()
    opened.context.report_asset_materialization(asset_key="a")
    opened.context.report_asset_materialization(asset_key="b")
    opened.context.report_asset_check("c", True, asset_key="b")
    assert [message["params"].get("asset_key") for message in opened.messages] == [None, "a", "b", "b"]


def test_without_assets_in_scope_there_is_nothing_to_report(open_here: Open) -> None:
    context = open_here(asset_keys=None).context
    with pytest.raises(PipesError, match="does not target a specific asset"):
        context.report_asset_materialization()
    with pytest.raises(PipesError, match="does not target a specific asset"):
        context.report_asset_check("c", True)


@pytest.mark.parametrize("payload", [object(), {1, 2}, {(1, 2): 3}])
def test_custom_message_without_a_json_form_is_refused(open_here: Open, payload: Any) -> None:
    with pytest.raises(PipesError, match="report_custom_message"):
        open_here().context.report_custom_message(payload)


def test_custom_message_that_holds_itself_is_refused(open_here: Open) -> None:
    payload: list[Any] = []
    payload.append(payload)
    with pytest.raises(PipesError, match="Circular"):
        open_here().context.report_custom_message(payload)


@pytest.mark.parametrize(
    ("number", "name"),
    [(1, "DEBUG"), (15, "DEBUG"), (23, "INFO"), (35, "WARNING"), (49, "ERROR"), (99, "CRITICAL")],
)
def test_log_level_of_ones_own_counts_for_the_one_that_it_reaches(open_here: Open, number: int, name: str) -> None:
    """Strangers take a level that they do not know for an error in the protocol."""
    opened = open_here()
    opened.context.log.log(number, "x")
    assert opened.last["params"] == {"message": "x", "level": name}


def test_log_of_an_exception_has_its_traceback(open_here: Open) -> None:
    opened = open_here()
    try:
        raise KeyError("gone")
    except KeyError:
        opened.context.log.exception("failed")
    text = opened.last["params"]["message"]
    assert text.startswith("failed\nTraceback")
    assert text.endswith("KeyError: 'gone'")


def test_handler_of_the_log_serves_other_loggers(open_here: Open) -> None:
    opened = open_here()
    logger = logging.getLogger("a.library")
    (handler,) = opened.context.log.handlers
    logger.addHandler(handler)
    logger.warning("from below")
    logger.removeHandler(handler)
    assert opened.last["params"] == {"message": "from below", "level": "WARNING"}


def test_line_breaks_and_odd_signs_stay_in_their_message(open_here: Open) -> None:
    opened = open_here()
    text = "a\nb\r\n\u2028 é😀 \udce9 \x00"
    opened.context.log.info(text)
    assert opened.last["params"]["message"] == text


def test_threads_do_not_tear_one_anothers_messages(open_here: Open) -> None:
    opened = open_here(offered={"numbers": True})

    def report(name: int) -> None:
        for n in range(50):
            opened.context.report_custom_message([name, n, "x" * 5000])

    threads = [threading.Thread(target=report, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = opened.messages
    assert [message["number"] for message in messages] == list(range(1, 202))
    for name in range(4):
        sent = [m["params"]["payload"][1] for m in messages[1:] if m["params"]["payload"][0] == name]
        assert sent == list(range(50))


# --- what is negotiated


def test_messages_are_numbered_for_an_orchestrator_that_asks(open_here: Open) -> None:
    opened = open_here(offered={"numbers": True, "what is not known": {"x": 1}})
    opened.context.log.info("x")
    opened.context.close()
    assert [(m["number"], m["method"]) for m in opened.messages] == [(1, "opened"), (2, "log"), (3, "closed")]


@pytest.mark.parametrize("offered", [None, {}, {"numbers": False}, [], "x"])
def test_strangers_get_what_they_know_and_no_more(open_here: Open, offered: Any) -> None:
    opened = open_here(offered=offered)
    opened.context.log.info("x")
    assert [set(m) for m in opened.messages] == [{"__dagster_pipes_version", "method", "params"}] * 2


def test_whole_number_of_the_type_float_keeps_its_point(open_here: Open) -> None:
    """The reference takes a float without its point for an error in the protocol, and loses all later messages."""
    opened = open_here()
    opened.context.report_asset_check("c", True, metadata={"x": {"raw_value": 2, "type": "float"}})
    assert '"raw_value": 2.0' in opened.path.read_text()


def test_class_of_the_same_name_as_a_built_in_is_told_with_its_module(open_here: Open) -> None:
    """`Expected bool, got bool` helps nobody whose check came out of numpy."""
    import numpy as np

    with pytest.raises(PipesError, match=r"Expected `bool`, got `numpy\.bool_?`"):
        open_here().context.report_asset_check("c", np.bool_(True))  # type: ignore[arg-type]
