"""
What arrives, line by line: each is judged alone.

A line that cannot be used costs itself and no other. Pure: bytes in, messages and problems out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

__all__ = ["LONGEST_LINE_BYTES", "BadMessage", "LineSplitter", "Numbers", "check_message", "is_message", "parse_line"]

VERSION_FIELD: Final = "__dagster_pipes_version"
VERSION: Final = "0.1"
LONGEST_LINE_BYTES: Final = 16_000_000
_SHOWN: Final = 200
_MARK: Final = b'{"' + VERSION_FIELD.encode() + b'"'

_decode = msgspec.json.Decoder().decode

_NUMBER, _NUMBER_OR_NONE = (int, float), (int, float, type(None))
_TEXT, _TEXT_OR_NONE, _OBJECT, _OBJECT_OR_NONE, _TRUTH = (
    (str,),
    (str, type(None)),
    (dict,),
    (dict, type(None)),
    (bool,),
)
_PARAMS: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = {
    "opened": {"extras": _OBJECT_OR_NONE},
    "closed": {},
    "log": {"message": _TEXT, "level": _TEXT},
    "report_asset_materialization": {
        "asset_key": _TEXT,
        "data_version": _TEXT_OR_NONE,
        "metadata": _OBJECT_OR_NONE,
    },
    "report_asset_check": {
        "asset_key": _TEXT,
        "check_name": _TEXT,
        "passed": _TRUTH,
        "metadata": _OBJECT_OR_NONE,
        "severity": _TEXT,
    },
    "report_custom_message": {},
    "log_external_stream": {"stream": _TEXT, "text": _TEXT},
    "report_progress": {"done": _NUMBER, "total": _NUMBER_OR_NONE, "text": _TEXT_OR_NONE},
    "report_value": {"asset_key": _TEXT, "value": _OBJECT},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadMessage:
    """
    A message that cannot be used.

    Attributes:
        reason: What is wrong with it.
        start: Its first 200 characters.
    """

    reason: str
    start: str


def is_message(line: bytes) -> bool:
    """Return whether there is a message in *line* of a program's output."""
    return _MARK in line


def parse_line(line: bytes) -> dict[str, Any] | BadMessage | None:
    """
    Return the message in *line*, what is wrong with it, or None for a blank one.

    Text before the message, as of a program that printed without a line end, is left alone.
    """
    try:
        found = _decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        # What the standard library takes beyond the letter of JSON: NaN, lone surrogates.
        if not line.strip():
            return None
        start = line.find(_MARK)
        try:
            found = json.loads(line[start:] if start > 0 else line)
        except UnicodeDecodeError:
            return _bad("it is not UTF-8", line)
        except (ValueError, RecursionError) as error:
            return _bad(f"it is not JSON: {error}", line)
    reason = check_message(found)
    return found if reason is None else _bad(reason, line)


def check_message(message: object) -> str | None:
    """Return what is wrong with a decoded message, or None."""
    if not isinstance(message, dict):
        return f"it is no object but {type(message).__name__}"
    version = message.get(VERSION_FIELD)
    if version != VERSION:
        return f"its version is {version!r}, not {VERSION!r}" if VERSION_FIELD in message else "it has no version"
    method = message.get("method")
    expected = _PARAMS.get(method) if isinstance(method, str) else None
    if expected is None:
        return f"its method {method!r} is unknown"
    params = message.get("params")
    if params is None:
        params = message["params"] = {}
    if not isinstance(params, dict):
        return f"its params are no object but {type(params).__name__}"
    if method == "report_custom_message" and "payload" not in params:
        return f"'payload' of '{method}' is missing"
    for name, types in expected.items():
        if not isinstance(params.get(name), types):
            told = "is missing" if name not in params else f"is {type(params[name]).__name__}"
            return f"'{name}' of '{method}' {told}, not {' or '.join(each.__name__ for each in types)}"
    number = message.get("number")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
        return f"its number is {number!r}"
    return None


def _bad(reason: str, line: bytes) -> BadMessage:
    return BadMessage(reason=reason, start=line[: 4 * _SHOWN].decode("utf-8", "replace").strip()[:_SHOWN])


class LineSplitter:
    """
    Cuts a stream of bytes into lines, in bounded memory.

    A line longer than :data:`LONGEST_LINE_BYTES` comes out as a :class:`BadMessage` at its end.
    """

    def __init__(self, longest: int = LONGEST_LINE_BYTES) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes | BadMessage]:
        """Give the lines that *data* completes."""
        first, *rest = data.split(b"\n")
        self._keep(first)
        for piece in rest:
            yield self._take()
            self._keep(piece)

    def end(self) -> Iterator[bytes | BadMessage]:
        """Give what is left, a line without an end."""
        if self._size:
            yield self._take()

    def _keep(self, piece: bytes) -> None:
        if not piece:
            return
        self._size += len(piece)
        if self._size <= self._longest:
            self._pieces.append(piece)
        else:
            # Too long: only what is shown stays.
            self._pieces = [(b"".join(self._pieces)[: 4 * _SHOWN] + piece[: 4 * _SHOWN])[: 4 * _SHOWN]]

    def _take(self) -> bytes | BadMessage:
        line, size = b"".join(self._pieces), self._size
        self._pieces, self._size = [], 0
        if size > self._longest:
            return _bad(f"it has {size} bytes, more than the {self._longest} that a message may have", line)
        return line


class Numbers:
    """Keeps count of the numbers that one writer gives its messages, to tell lost ones and those that come twice."""

    def __init__(self) -> None:
        self._last = 0
        self._gaps: list[tuple[int, int]] = []

    @property
    def gaps(self) -> Sequence[tuple[int, int]]:
        """Ranges of numbers that are missing so far, both ends inside."""
        return tuple(self._gaps)

    @property
    def lost(self) -> int:
        """How many messages are missing so far."""
        return sum(end - first + 1 for first, end in self._gaps)

    def is_new(self, number: int, again: bool) -> bool:
        """
        Keep count of *number*; return whether the message counts.

        Args:
            number: What the writer gave the message.
            again: Whether the writer says that it may have sent it before.
        """
        last = self._last
        if number > last:
            if number > last + 1:
                self._gaps.append((last + 1, number - 1))
            self._last = number
            return True
        for place, (first, end) in enumerate(self._gaps):
            if first <= number <= end:
                rest = [(first, number - 1), (number + 1, end)]
                self._gaps[place : place + 1] = [gap for gap in rest if gap[0] <= gap[1]]
                return True
        # Who uses a number twice and does not say that it sends again may still mean it.
        return not again
