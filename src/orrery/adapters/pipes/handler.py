"""
The handler: takes what a process reports, and judges each message alone.

A message that cannot be used gives one warning, with its number and its first 200 characters; all others count.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from orrery.adapters.pipes.context_data import PipesLaunchedData, PipesParams, key_text
from orrery.adapters.pipes.metadata import metadata_of
from orrery.adapters.pipes.values import check_told, load_value
from orrery.adapters.pipes.wire import BadMessage, Numbers, check_message, parse_line
from orrery.base.keys import AssetKey
from orrery.model.events.checks import AssetCheckResult, AssetCheckSeverity
from orrery.model.events.data_version import DataVersion
from orrery.model.events.user import MaterializeResult
from orrery.runtime.contexts.log import LogManager

__all__ = ["PipesExecutionResult", "PipesMessageHandler"]

PipesExecutionResult: TypeAlias = MaterializeResult[Any] | AssetCheckResult
"""What an external process can report as a result."""

_WARNINGS = 100
"""So many bad messages are told one by one; the rest are counted."""
_HEADLINE = 200
_GOOD_ENDS = ("SystemExit", "SystemExit: 0", "SystemExit: None", "SystemExit: False")


class PipesMessageHandler:
    """
    Takes the messages of one session.

    Readers call it from their threads; it is locked, so that several may.

    Args:
        context: That of the op or asset that launches the process.
        message_reader: Told of what the process tells when it opens.

    Attributes:
        folder: Folder of the session, which the process sees as well: values lie there; None if there is none.
    """

    def __init__(self, context: Any, message_reader: Any) -> None:
        self._context = context
        self._message_reader = message_reader
        self._lock = threading.RLock()
        self._in_scope: set[str] | None = None
        self._results: list[PipesExecutionResult] = []
        self._custom: list[Any] = []
        self._materialized: set[AssetKey] = set()
        self._opened = 0
        self._closed = 0
        self._arrived = 0
        self._bad = 0
        self._numbers: dict[int, Numbers] = {0: Numbers()}
        self._readers: dict[int, Any] = {0: message_reader}
        self._exception: Mapping[str, Any] | None = None
        self._death: BaseException | None = None
        self._percent: int | None = None
        self._doing: str | None = None
        self.folder: str | None = None
        self._told_values: dict[AssetKey, Mapping[str, Any]] = {}
        self._values: dict[AssetKey, Any] = {}

    @contextmanager
    def handle_messages(self) -> Iterator[PipesParams]:
        """Take messages from the reader while the block runs, and give the params by which the process sends them."""
        with self._message_reader.read_messages(self) as params:
            yield params

    # -- what has arrived ----------------------------------------------------------------------

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """Return what was reported so far, in order."""
        return tuple(self._results)

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of custom messages so far, in order."""
        return tuple(self._custom)

    @property
    def received_opened_message(self) -> bool:
        """Whether every expected process has opened."""
        return self._opened >= int(self._message_reader.expected_writer_count)

    @property
    def received_closed_message(self) -> bool:
        """Whether every expected process has closed."""
        return self._closed >= int(self._message_reader.expected_writer_count)

    @property
    def reported_exception(self) -> Mapping[str, Any] | None:
        """The exception that ended the process, as it told it."""
        return self._exception

    @property
    def bad_message_count(self) -> int:
        """How many messages could not be used."""
        return self._bad

    @property
    def lost_message_count(self) -> int:
        """How many messages are missing, by their numbers."""
        return sum(each.lost for each in self._numbers.values())

    @property
    def death_of_reader(self) -> BaseException | None:
        """What ended the reader before its time."""
        return self._death

    # -- what arrives --------------------------------------------------------------------------

    def on_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Hand what the launcher tells of the launch to the reader."""
        self._message_reader.on_launched(launched_payload)

    def handle_line(self, line: bytes | BadMessage, writer: int = 0) -> None:
        """
        Take one line of the stream.

        Args:
            line: The line, or what is wrong with it.
            writer: Which of several processes sent it.
        """
        self.handle_lines((line,), writer)

    def handle_lines(self, lines: Iterable[bytes | BadMessage], writer: int = 0) -> int:
        """
        Take what has arrived of the stream, line by line; log lines that follow one another are stored together.

        Args:
            lines: The lines, or what is wrong with them.
            writer: Which of several processes sent them.

        Returns:
            How many lines there were.
        """
        taken = 0
        with self._lock:
            told: list[tuple[int, str]] = []
            for line in lines:
                taken += 1
                parsed = parse_line(line) if isinstance(line, bytes) else line
                if parsed is None:
                    continue
                self._arrived += 1
                if isinstance(parsed, dict) and (level := self._level_of_log(parsed)) is not None:
                    if self._is_new(parsed, writer):
                        told.append((level, parsed["params"]["message"]))
                    continue
                if told:
                    self._log(told)
                    told = []
                if isinstance(parsed, BadMessage):
                    self._warn(parsed.reason, parsed.start)
                else:
                    self._take(parsed, writer)
            if told:
                self._log(told)
        return taken

    def handle_message(self, message: Mapping[str, Any], writer: int = 0) -> None:
        """
        Take one message that a reader has decoded.

        Args:
            message: The message.
            writer: Which of several processes sent it.
        """
        with self._lock:
            self._arrived += 1
            reason = check_message(message)
            if reason is None:
                self._take(message, writer)
            else:
                self._warn(reason, _shown(message))

    def report_pipes_framework_exception(self, origin: str, exc_info: Any) -> None:
        """Take note of an exception of the machinery itself; the step fails for it."""
        self.reader_died(exc_info[1], origin)

    def reader_died(self, error: BaseException, origin: str = "the reader of messages") -> None:
        """Take note that messages may be missing, as *error* ended the reader."""
        self._death = error
        text = "".join(traceback.format_exception(error))
        self._context.log.error(f"[pipes] {origin} ended before its time:\n{text}")

    def tell(self, text: str) -> None:
        """Warn of something that costs no message."""
        self._context.log.warning(f"[pipes] {text}")

    def tell_rest(self) -> None:
        """Say at the end what was counted and not told one by one."""
        if self._bad > _WARNINGS:
            self._context.log.warning(f"[pipes] {self._bad} messages in all could not be used.")
        gaps = [gap for each in self._numbers.values() for gap in each.gaps]
        for first, end in gaps[:_WARNINGS]:
            self._context.log.warning(
                f"[pipes] {end - first + 1} messages are missing before message number {end + 1}."
            )

    def of_writer(self, writer: int, reader: Any) -> PipesMessageHandler:
        """Return this handler for the *reader* of one of several processes, each of which numbers its own messages."""
        self._numbers.setdefault(writer, Numbers())
        self._readers[writer] = reader
        return _OfWriter(self, writer)

    def _level_of_log(self, message: Mapping[str, Any]) -> int | None:
        """Return the level of a log line that wants nothing but to be stored; None for any other message."""
        if message["method"] != "log" or self._closed:
            return None
        return _LEVELS.get(message["params"]["level"].upper())

    def _log(self, lines: Sequence[tuple[int, str]]) -> None:
        log = self._context.log
        if isinstance(log, LogManager):
            log.log_lines(lines)
        else:
            for level, text in lines:
                log.log(level, "%s", text)

    def _is_new(self, message: Mapping[str, Any], writer: int) -> bool:
        number = message.get("number")
        return number is None or self._numbers[writer].is_new(number, bool(message.get("again")))

    def _take(self, message: Mapping[str, Any], writer: int) -> None:
        if not self._is_new(message, writer):
            return
        method, params = message["method"], message["params"]
        # A second process of the same command opens and closes as well. Its output goes on after a process has closed.
        ended = self.received_closed_message and self._closed >= self._opened
        if ended and method not in ("opened", "log_external_stream"):
            self._warn("it came after the process had closed; it counts all the same", _shown(message))
        try:
            if method == "opened":
                self._readers[writer].on_opened(params)
            _METHODS[method](self, params)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._warn(str(error) or repr(error), _shown(message))

    def _warn(self, reason: str, start: str) -> None:
        self._bad += 1
        if self._bad <= _WARNINGS:
            self._context.log.warning(
                f"[pipes] message number {self._arrived} cannot be used: {reason}. It begins with: {start}"
                if "all the same" not in reason
                else f"[pipes] message number {self._arrived}: {reason}. It begins with: {start}"
            )

    # -- methods -------------------------------------------------------------------------------

    def _take_opened(self, _params: Mapping[str, Any]) -> None:
        self._opened += 1
        self._context.log.info("[pipes] external process successfully opened pipes.")

    def _take_closed(self, params: Mapping[str, Any]) -> None:
        self._closed += 1
        exception = params.get("exception")
        if exception is None or _is_good_end(exception):
            return
        if not isinstance(exception, Mapping):
            # However it is told: a process that ended by one has not ended well.
            self._warn("its exception is no object; the step fails for it all the same", _shown(params))
            exception = {"message": str(exception), "stack": [], "name": None}
        if self._exception is None:
            self._exception = exception
        self._context.log.error(f"[pipes] external process closed with an exception:\n{exception_text(exception)}")

    def _take_log(self, params: Mapping[str, Any]) -> None:
        level = _LEVELS.get(params["level"].upper())
        if level is None:
            raise ValueError(f"its level {params['level']!r} is unknown")
        self._log([(level, params["message"])])

    def _take_materialization(self, params: Mapping[str, Any]) -> None:
        key = self._key(params["asset_key"])
        if key in self._materialized:
            raise ValueError(f"asset '{key.to_user_string()}' was reported before, and the first report counts")
        version = params["data_version"]
        self._results.append(
            MaterializeResult(
                asset_key=key,
                metadata=metadata_of(params["metadata"]),
                data_version=None if version is None else DataVersion(version),
            )
        )
        self._materialized.add(key)

    def _take_check(self, params: Mapping[str, Any]) -> None:
        self._results.append(
            AssetCheckResult(
                passed=params["passed"],
                asset_key=self._key(params["asset_key"]),
                check_name=params["check_name"],
                metadata=metadata_of(params["metadata"]),
                severity=AssetCheckSeverity(params["severity"]),
            )
        )

    def _take_custom(self, params: Mapping[str, Any]) -> None:
        self._custom.append(params["payload"])

    def _take_stream(self, params: Mapping[str, Any]) -> None:
        if params["stream"] in ("stdout", "stderr"):
            stream = sys.stdout if params["stream"] == "stdout" else sys.stderr
            stream.write(params["text"])
            stream.flush()
        else:
            self._context.log.info("[pipes] %s: %s", params["stream"], params["text"])

    def _take_progress(self, params: Mapping[str, Any]) -> None:
        done, total, text = params["done"], params["total"], params["text"]
        percent = int(100 * done / total) if total else None
        if percent is not None and percent == self._percent and text == self._doing:
            return  # a process may tell of each of a million rows
        self._percent, self._doing = percent, text
        of = f"{done:g}" if total is None else f"{done:g} of {total:g}"
        share = "" if percent is None else f" ({percent} %)"
        self._context.log.info("[pipes] progress: %s%s%s", of, share, "" if text is None else f": {text}")

    def _take_value(self, params: Mapping[str, Any]) -> None:
        key = self._key(params["asset_key"])
        self._told_values[key] = check_told(params["value"], self.folder)

    def load_values(self) -> None:
        """Load the values that the process handed over by reference, while their files are there."""
        for key, told in self._told_values.items():
            self._values[key] = load_value(told, what=f"asset '{key.to_user_string()}'")

    @property
    def values(self) -> Mapping[AssetKey, Any]:
        """The values that the process handed over by reference, by asset."""
        return self._values

    def _key(self, text: str) -> AssetKey:
        if self._in_scope is None:
            op_context = getattr(self._context, "op_execution_context", self._context)
            keys = op_context.selected_asset_keys if op_context.has_assets_def else ()
            checks = op_context.selected_asset_check_keys if op_context.has_assets_def else ()
            self._in_scope = {key_text(key) for key in keys} | {key_text(check.asset_key) for check in checks}
        if self._in_scope and text not in self._in_scope:
            raise ValueError(f"asset '{text}' is not in scope of this step; in scope are {sorted(self._in_scope)}")
        return AssetKey(_parts(text))


class _OfWriter(PipesMessageHandler):
    """The handler as the reader of one of several processes sees it."""

    def __init__(self, whole: PipesMessageHandler, writer: int) -> None:
        super().__init__(whole._context, whole._message_reader)
        self._whole = whole
        self._writer = writer

    def handle_lines(self, lines: Iterable[bytes | BadMessage], writer: int = 0) -> int:
        """Take lines of this process."""
        return self._whole.handle_lines(lines, self._writer)

    def handle_message(self, message: Mapping[str, Any], writer: int = 0) -> None:
        """Take one message of this process."""
        self._whole.handle_message(message, self._writer)

    def reader_died(self, error: BaseException, origin: str = "the reader of messages") -> None:
        """Take note that messages of this process may be missing."""
        self._whole.reader_died(error, origin)


def _parts(text: str) -> list[str]:
    """Return the parts of a key as the protocol writes it."""
    parts, part, signs = [], "", iter(text)
    for sign in signs:
        if sign == "\\":
            part += next(signs, "")
        elif sign == "/":
            parts.append(part)
            part = ""
        else:
            part += sign
    return [*parts, part]


def _is_good_end(exception: Any) -> bool:
    """Tell whether an exception is the ``sys.exit()`` of a program that ended well, which clients tell as any other."""
    return (
        isinstance(exception, Mapping)
        and exception.get("name") == "SystemExit"
        and str(exception.get("message")).strip() in _GOOD_ENDS
    )


def exception_headline(exception: Mapping[str, Any]) -> str | None:
    """Return what kind an exception is of and what it says, in one line; None for one that has no name."""
    lines, name = str(exception.get("message")).strip().splitlines() or [""], exception.get("name")
    if not isinstance(name, str):
        return None
    # Before that of a SyntaxError, Python shows the place.
    named = next((line for line in lines if name in line), f"{name}: {lines[0]}")
    return named.strip()[:_HEADLINE].rstrip(".")


def exception_text(exception: Mapping[str, Any], depth: int = 50) -> str:
    """Return an exception as a process told it, causes first, as Python prints one."""
    stack = exception.get("stack")
    frames = "".join(str(frame) for frame in stack) if isinstance(stack, Sequence) else ""
    text = (f"Traceback (most recent call last):\n{frames}" if frames else "") + str(exception.get("message"))
    before, link = exception.get("cause"), "The above exception was the direct cause of the following exception:"
    if before is None:
        before, link = exception.get("context"), "During handling of the above exception, another exception occurred:"
    if isinstance(before, Mapping) and depth:
        return f"{exception_text(before, depth - 1)}\n{link}\n\n{text}"
    return text


def _shown(message: object) -> str:
    return json.dumps(message, default=repr)[:200]


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "CRITICAL": 50, "FATAL": 50}
_METHODS: Mapping[str, Any] = {
    "opened": PipesMessageHandler._take_opened,
    "closed": PipesMessageHandler._take_closed,
    "log": PipesMessageHandler._take_log,
    "report_asset_materialization": PipesMessageHandler._take_materialization,
    "report_asset_check": PipesMessageHandler._take_check,
    "report_custom_message": PipesMessageHandler._take_custom,
    "log_external_stream": PipesMessageHandler._take_stream,
    "report_progress": PipesMessageHandler._take_progress,
    "report_value": PipesMessageHandler._take_value,
}
