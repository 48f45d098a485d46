"""The console tells what happened, and no message can tell it instead."""

import io
import sys
from typing import Any

import pytest

from orrery import EventLogEntry, Instance, asset, materialize
from orrery.runtime.engine.console import Console, plain_text

FORGERIES = [
    "fine\n2026-01-01 00:00:00 - CRITICAL - forged",
    "fine\r2026-01-01 00:00:00 - CRITICAL - forged",
    "fine\r\n2026-01-01 00:00:00 - CRITICAL - forged",
    "fine\x0b2026-01-01 00:00:00 - CRITICAL - forged",
    "fine\x852026-01-01 00:00:00 - CRITICAL - forged",
    "fine\u20282026-01-01 00:00:00 - CRITICAL - forged",
    "\x1b[2K\x1b[1G2026-01-01 00:00:00 - CRITICAL - forged",
    "\x9b2K2026-01-01 00:00:00 - CRITICAL - forged",
    "\b\b\b\b2026-01-01 00:00:00 - CRITICAL - forged",
    "\u202edegrof - LACITIRC",
]
CONTROLS = {chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))} - {"\n", "\t"}


def shown(monkeypatch: pytest.MonkeyPatch, level: int, message: str, step: str | None = "orders") -> str:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    Console()([EventLogEntry(None, level, message, "run", 0.0, step, "job", None)])
    return stream.getvalue()


@pytest.mark.parametrize("message", FORGERIES, ids=ascii)
def test_no_message_can_begin_a_line_of_ours(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    text = shown(monkeypatch, 20, message)
    assert text.endswith("\n")
    first, *further = text.removesuffix("\n").splitlines()
    assert " - INFO - orders - " in first
    assert all(line.startswith("    ") for line in further)
    assert not CONTROLS & set(text)
    assert not set("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(text)


@pytest.mark.parametrize("message", FORGERIES, ids=ascii)
def test_no_exception_can_either(capsys: pytest.CaptureFixture[str], message: str) -> None:
    @asset
    def orders() -> None:
        raise ValueError(message)

    materialize([orders], raise_on_error=False)
    lines = capsys.readouterr().err.splitlines()
    ours = [line for line in lines if not line.startswith("    ")]
    assert [line.partition(" - ")[2].partition(" - ")[0] for line in ours] == ["ERROR", "ERROR"]
    assert not any(line.lstrip().startswith("2026-01-01") and not line.startswith("    ") for line in lines)


def test_quiet_lines_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, 10, "debug") == ""
    assert "INFO - orders - said" in shown(monkeypatch, 20, "said")


def test_text_that_the_stream_cannot_say_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    Console()([EventLogEntry(None, 20, "caf\xe9 \ud800", "run", 0.0, None, "job", None)])


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_stream_that_is_gone_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    gone = io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stderr", gone if stream == "closed" else None)

    @asset
    def orders(context: Any) -> None:
        context.log.info("nobody hears")

    assert materialize([orders]).success


def test_plain_text_keeps_tabs_and_indents_further_lines() -> None:
    assert plain_text("a\tb\nc") == "a\tb\n    c"


def test_extra_fields_reach_the_loggers_of_the_job() -> None:
    import logging

    from orrery import job, logger, op

    seen = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told = record.dagster_meta["orig_message"]  # type: ignore[attr-defined]  # a field that a record got
            seen.append((told, getattr(record, "rows", None), record.levelname))

    @logger
    def keeping(_context: Any) -> logging.Logger:
        made = logging.Logger("keeping")
        made.addHandler(Handler())
        return made

    @op
    def speaks(context: Any) -> None:
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(context.log, level)("said %s", level, extra={"rows": 5})

    @job(logger_defs={"keeping": keeping})
    def talks() -> None:
        speaks()

    talks.execute_in_process(instance=Instance.ephemeral())
    own = [each for each in seen if each[0].startswith("said")]
    assert own == [(f"said {level}", 5, level.upper()) for level in ("debug", "info", "warning", "error", "critical")]
