"""The JSON schemas are those of the types, and hold for what is sent."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).resolve().parents[3] / "packages" / "orrery-pipes" / "schema"


def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("pipes_schema_generate", SCHEMAS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, str] = module.files()
    return files


def validator(name: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="schemas are not tried out: jsonschema is not installed")
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / name).read_text()))


def test_schema_files_are_those_of_the_types() -> None:
    """After a change of the types run packages/orrery-pipes/schema/generate.py."""
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    assert on_disk == generated()


def test_all_that_a_process_sends_fits_the_schema(open_here: Callable[..., Any], tmp_path: Path) -> None:
    check = validator("message.schema.json")
    opened = open_here(offered={"numbers": True, "progress": True, "values": {"folder": str(tmp_path)}})
    context = opened.context
    context.log.warning("x")
    context.report_asset_materialization(metadata={"a": 1, "b": {"raw_value": [1], "type": "json"}}, data_version="1")
    context.report_asset_check("c", False, severity="WARN")
    context.report_custom_message([1, None])
    context.log_external_stream("stdout", "x")
    context.report_progress(1, 3, "loading")
    context.put_value([1, 2])
    try:
        raise ValueError from KeyError("x")
    except ValueError as error:
        context.__exit__(ValueError, error, None)
    messages = opened.messages
    assert len({message["method"] for message in messages}) == 9
    for message in messages:
        check.validate(message)


@pytest.mark.parametrize(
    "message",
    [
        {"method": "closed", "params": {}},
        {"__dagster_pipes_version": "0.2", "method": "closed", "params": {}},
        {"__dagster_pipes_version": "0.1", "method": "nope", "params": {}},
        {"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "x", "level": "LOUD"}},
        {"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "x", "level": "INFO", "more": 1}},
        {"__dagster_pipes_version": "0.1", "method": "closed", "params": {}, "number": 0},
        {"__dagster_pipes_version": "0.1", "method": "opened", "params": {}},
    ],
)
def test_what_is_no_message_does_not_fit_the_schema(message: Any) -> None:
    assert not validator("message.schema.json").is_valid(message)


def test_context_fits_its_schema() -> None:
    check = validator("context.schema.json")
    context: dict[str, Any] = {
        "asset_keys": ["a"],
        "code_version_by_asset_key": {"a": None},
        "provenance_by_asset_key": {
            "a": {"code_version": "1", "input_data_versions": {"b": "2"}, "is_user_provided": False}
        },
        "partition_key": None,
        "partition_key_range": {"start": "a", "end": "b"},
        "partition_time_window": None,
        "run_id": "1",
        "job_name": None,
        "retry_number": 0,
        "extras": {"x": [1]},
    }
    check.validate(context)
    check.validate({**context, "told by a later orchestrator": 1})
    assert not check.is_valid({**context, "retry_number": "0"})
    assert not check.is_valid({key: value for key, value in context.items() if key != "run_id"})
