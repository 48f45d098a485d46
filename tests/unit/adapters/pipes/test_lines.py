"""Log lines of a process are stored together, and nothing of what a line is changes by that."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import orrery
from orrery.runtime.engine.record import Recorder

Run = Callable[..., Any]


class Given(orrery.PipesMessageReader):
    """Reads lines that are given, all at once."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    @contextmanager
    def read_messages(self, handler: Any) -> Iterator[dict[str, Any]]:
        handler.handle_lines(self.lines)
        yield {}

    def no_messages_debug_text(self) -> str:
        return "They were given."


def line(method: str, **params: Any) -> bytes:
    return json.dumps({"__dagster_pipes_version": "0.1", "method": method, "params": params}).encode()


def logged(text: str, level: str = "INFO") -> bytes:
    return line("log", message=text, level=level)


def reading(*lines: bytes) -> Callable[..., None]:
    """Return the body of a step that reads *lines*."""
    whole = [line("opened", extras={}), *lines, line("closed")]

    def body(context: Any, kept: dict[str, Any]) -> None:
        with orrery.open_pipes_session(context, orrery.PipesEnvContextInjector(), Given(whole)):
            pass

    return body


def test_lines_keep_their_order_among_warnings_of_bad_messages(step: Run) -> None:
    ran = step(reading(logged("100%"), logged("2"), logged("3", "LOUD"), logged("4"), b"{", logged("5")))
    assert ran.result.success, ran.error
    assert [text.partition(":")[0] for _, text in ran.lines[1:]] == [
        "100%",
        "2",
        "[pipes] message number 4 cannot be used",
        "4",
        "[pipes] message number 6 cannot be used",
        "5",
    ]


def test_lines_that_follow_one_another_are_stored_in_one_batch(step: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of the storage for each line was a third of what a line cost."""
    sizes: list[int] = []
    push = Recorder.push

    def counted(recorder: Recorder) -> None:
        sizes.append(len(recorder._waiting))
        push(recorder)

    monkeypatch.setattr(Recorder, "push", counted)
    ran = step(reading(*(logged(f"line {n}") for n in range(1000))))
    assert [text for _, text in ran.lines[1:]] == [f"line {n}" for n in range(1000)]
    assert max(sizes) == 1000


def test_a_message_that_comes_after_the_end_is_told(step: Run) -> None:
    ran = step(reading(line("closed"), logged("late"), logged("later")))
    assert [text for _, text in ran.lines if text.startswith("late")] == ["late", "later"]
    assert sum("after the process had closed" in text for text in ran.warnings) == 3  # the second end as well


@pytest.mark.parametrize("how", ["logger of the job", "handler", "filter"])
def test_who_looks_at_lines_gets_records_of_the_standard_library(how: str) -> None:
    seen: list[tuple[int, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta = getattr(record, "dagster_meta", {})  # of the logger of the job alone
            seen.append((record.levelno, meta.get("orig_message", record.getMessage())))

    def keep(record: logging.LogRecord) -> bool:
        seen.append((record.levelno, record.getMessage()))
        return True

    @orrery.logger
    def keeping(init_context: orrery.InitLoggerContext) -> logging.Logger:
        made = logging.Logger("keeping")
        made.addHandler(Keep())
        return made

    @orrery.op
    def launch(context: orrery.OpExecutionContext) -> None:
        if how == "handler":
            context.log.addHandler(Keep())
        elif how == "filter":
            context.log.addFilter(keep)
        reading(logged("100%", "WARNING"), logged("{x}", "DEBUG"))(context, {})

    @orrery.job(logger_defs={"keeping": keeping} if how == "logger of the job" else {})
    def job() -> None:
        launch()

    assert job.execute_in_process().success
    told = [each for each in seen if each[1] in ("100%", "{x}")]
    assert told == [(30, "100%"), (10, "{x}")]


def test_message_that_cannot_be_read_is_missing_and_told_with_its_reason(step: Run) -> None:
    """A whole disk is not where to look for a line that was too long."""
    numbered = json.dumps({**json.loads(logged("after")), "number": 3}).encode()
    ran = step(reading(json.dumps({**json.loads(logged("x")), "number": 1}).encode(), b'{"torn', numbered))
    assert [text for _, text in ran.lines if text in ("x", "after")] == ["x", "after"]
    assert ran.warnings[0].startswith("[pipes] message number 3 cannot be used: it is not JSON")
    assert "1 messages of the external process are missing" in ran.error
    assert "large values go by put_value()" in ran.error
