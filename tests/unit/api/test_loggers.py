"""The loggers that come along."""

from __future__ import annotations

import json
import logging

import pytest

import orrery as og


@og.op
def speak(context: og.OpExecutionContext) -> None:
    context.log.warning("a\nforged\x1b[31m line")


def run(logger: og.LoggerDefinition, **config: str) -> None:
    job = og.GraphDefinition("talk", node_defs=[speak]).to_job(logger_defs={"console": logger})
    job.execute_in_process(run_config={"loggers": {"console": {"config": config}}})


def test_lines_of_json_hold_level_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    run(og.json_console_logger, log_level="WARNING", name="shop")
    lines = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert [(each["name"], each["levelname"], each["message"]) for each in lines] == [
        ("shop", "WARNING", "a\nforged\x1b[31m line")
    ]


def test_no_message_can_forge_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    run(og.colored_console_logger, log_level="WARNING")
    error = capsys.readouterr().err
    assert "\x1b" not in error
    assert "\n    forged" in error


def test_an_unknown_field_of_config_is_refused() -> None:
    with pytest.raises(og.InvalidConfigError, match="colour"):
        run(og.colored_console_logger, colour="red")


def test_errors_are_written_with_their_traceback() -> None:
    try:
        raise ValueError("boom")
    except ValueError as error:
        record = logging.LogRecord("n", 40, "f", 1, "m %s", ("x",), (type(error), error, error.__traceback__))
    fields = json.loads(og.JsonLogFormatter().format(record))
    assert fields["message"] == "m x"
    assert "ValueError: boom" in fields["exc_text"]


def test_code_without_a_context_logs_below_one_name() -> None:
    above = og.get_logger()
    assert og.get_logger("ingest").parent is above
    assert list(og.default_loggers()) == ["console"]
