"""The loggers that come along."""

from __future__ import annotations

import json
import logging
import pickle
import uuid
from datetime import datetime
from typing import Any

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
    (line,) = lines
    assert (line["name"], line["levelname"]) == ("shop", "WARNING")
    assert line["dagster_meta"]["orig_message"] == "a\nforged\x1b[31m line"
    assert line["message"] == f"talk - {line['dagster_meta']['run_id']} - speak - a\nforged\x1b[31m line"


def test_lines_of_json_hold_events_as_objects(capsys: pytest.CaptureFixture[str]) -> None:
    run(og.json_console_logger, log_level="DEBUG")
    events = [json.loads(each)["dagster_meta"]["dagster_event"] for each in capsys.readouterr().err.splitlines()]
    (success,) = [each for each in events if each is not None and each["event_type_value"] == "STEP_SUCCESS"]
    assert success["step_key"] == "speak"
    assert success["message"].startswith('Finished execution of step "speak"')


def heard(job: og.JobDefinition, **options: Any) -> list[logging.LogRecord]:
    """Return the records that a logger of one's own gets of a run."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    @og.logger
    def keep(_context: og.InitLoggerContext) -> logging.Logger:
        made = logging.Logger("mine", logging.DEBUG)
        made.addHandler(Keep())
        return made

    job.graph.to_job(name=job.name, logger_defs={"keep": keep}, **options).execute_in_process(raise_on_error=False)
    return records


@og.op
def greet(context: og.OpExecutionContext) -> None:
    context.log.info("hello %s", "x", extra={"k": 1})


@og.op
def fall(context: og.OpExecutionContext) -> None:
    context.log.log_dagster_event("INFO", "told", og.Event("ENGINE_EVENT", "house"))
    raise ValueError("boom")


@og.graph
def inner() -> None:
    greet()
    fall()


@og.job
def house() -> None:
    inner()


def test_a_record_tells_where_a_line_comes_from() -> None:
    (record,) = [each for each in heard(house, tags={"team": "shop"}) if getattr(each, "k", None) == 1]
    meta: dict[str, Any] = record.dagster_meta  # type: ignore[attr-defined]  # a field that a record got
    run_id = meta["run_id"]
    assert record.getMessage() == f"house - {run_id} - inner.greet - hello x"
    assert uuid.UUID(meta["log_message_id"])
    assert abs(datetime.fromisoformat(meta["log_timestamp"] + "+00:00").timestamp() - record.created) < 1
    assert {key: meta[key] for key in meta if key not in ("log_message_id", "log_timestamp", "run_id")} == {
        "job_name": "house",
        "job_tags": {"team": "shop"},
        "op_name": "greet",
        "resource_name": None,
        "resource_fn_name": None,
        "orig_message": "hello x",
        "dagster_event": None,
        "dagster_event_batch_metadata": None,
        "step_key": "inner.greet",
    }


def test_any_record_can_be_written_as_json() -> None:
    """The common formatter of one's own writes all the fields of a record, also those of a failure."""
    written = [json.loads(json.dumps(each.__dict__)) for each in heard(house)]
    kinds = {each["dagster_event"]["event_type_value"] for each in written if each.get("dagster_event")}
    assert {"STEP_FAILURE", "STEP_SUCCESS", "PIPELINE_FAILURE", "ENGINE_EVENT"} <= kinds
    assert any(each["dagster_meta"]["orig_message"] == "told" for each in written)


def test_the_event_of_a_record_answers_as_the_event() -> None:
    records = [each for each in heard(house) if getattr(each, "dagster_event", None) is not None]
    (failure,) = [each.dagster_event for each in records if each.dagster_event.event_type_value == "STEP_FAILURE"]  # type: ignore[attr-defined]  # a field that a record got
    assert failure.step_key == "inner.fall"
    assert failure.step_failure_data.error is not None
    assert pickle.loads(pickle.dumps(failure)).event == failure.event
    (ended,) = [each for each in records if "RUN_FAILURE" in each.getMessage()]
    assert ended.getMessage().startswith(f"house - {ended.dagster_meta['run_id']} - ")  # type: ignore[attr-defined]  # a field that a record got


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
