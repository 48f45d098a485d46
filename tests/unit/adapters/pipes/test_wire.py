"""Each line is judged alone, in bounded memory, whatever it holds."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.adapters.pipes.wire import BadMessage, LineSplitter, parse_line

LOG = {"__dagster_pipes_version": "0.1", "method": "log", "params": {"message": "x", "level": "INFO"}}
LINE = json.dumps(LOG).encode()

CORPUS: list[tuple[bytes, str]] = [
    (b"not JSON", "not JSON"),
    (b"{", "not JSON"),
    (b"[]", "no object but list"),
    (b"3", "no object but int"),
    (b"null", "no object but NoneType"),
    (b"{}", "no version"),
    (LINE.replace(b'"0.1"', b'"9"'), "its version is '9'"),
    (LINE.replace(b'"log"', b'"nope"'), "its method 'nope' is unknown"),
    (LINE.replace(b'"log"', b'["log"]'), "its method ['log'] is unknown"),
    (LINE.replace(b'"x"', b"3"), "'message' of 'log' is int, not str"),
    (LINE.replace(b', "level": "INFO"', b""), "'level' of 'log' is missing"),
    (b'{"__dagster_pipes_version": "0.1", "method": "log", "params": [1]}', "its params are no object but list"),
    (b'{"__dagster_pipes_version": "0.1", "method": "log"}', "'message' of 'log' is missing"),
    (
        b'{"__dagster_pipes_version": "0.1", "method": "report_custom_message", "params": {}}',
        "'payload' of 'report_custom_message' is missing",
    ),
    (LINE[:-1] + b', "number": "1"}', "its number is '1'"),
    (LINE.replace(b'"x"', b'"\xff"'), "not UTF-8"),
    (LINE[:30], "not JSON"),
    (b"[" * 100_000, "not JSON"),
]


@pytest.mark.parametrize(("line", "reason"), CORPUS)
def test_bad_line_is_told_with_its_reason_and_start(line: bytes, reason: str) -> None:
    found = parse_line(line)
    assert isinstance(found, BadMessage)
    assert reason in found.reason
    assert found.start == line.decode("utf-8", "replace").strip()[:200]


@pytest.mark.parametrize("line", [b"", b"  ", b"\r"])
def test_blank_line_is_nothing(line: bytes) -> None:
    assert parse_line(line) is None


def test_message_that_follows_other_text_counts() -> None:
    assert parse_line(b"loading... " + LINE) == LOG


@pytest.mark.parametrize("raw", [b"NaN", b'"\\ud83d"', b"-Infinity"])
def test_what_the_standard_library_writes_beyond_json_counts(raw: bytes) -> None:
    line = b'{"__dagster_pipes_version": "0.1", "method": "report_custom_message", "params": {"payload": ' + raw + b"}}"
    assert isinstance(parse_line(line), dict)


def split(data: bytes, cuts: list[int], longest: int = 1000) -> list[Any]:
    splitter, lines, start = LineSplitter(longest), [], 0
    for cut in [*sorted(cuts), len(data)]:
        lines += list(splitter.feed(data[start:cut]))
        start = cut
    return [*lines, *splitter.end()]


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.lists(st.integers(0, 500)))
def test_lines_do_not_depend_on_how_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines)
    assert split(data, [min(cut, len(data)) for cut in cuts]) == lines


def test_last_line_without_an_end_counts() -> None:
    assert split(b"a\nb", []) == [b"a", b"b"]


@given(st.lists(st.integers(0, 5000)))
def test_line_that_is_too_long_costs_itself_alone(cuts: list[int]) -> None:
    first, long, last = split(b"a\n" + b"x" * 2000 + b"\nb\n", [min(cut, 2005) for cut in cuts])
    assert (first, last) == (b"a", b"b")
    assert long == BadMessage(reason="it has 2000 bytes, more than the 1000 that a message may have", start="x" * 200)


@given(st.data())
def test_any_damage_to_a_line_is_a_message_or_a_reason(data: st.DataObject) -> None:
    """The reader never raises, whatever arrives."""
    damaged = bytearray(LINE)
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(LINE) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(parse_line(bytes(damaged)), dict | BadMessage | None)


def test_any_bytes_are_a_message_or_a_reason() -> None:
    source = random.Random(7)
    for _ in range(2000):
        line = source.randbytes(source.randrange(60))
        assert isinstance(parse_line(line), dict | BadMessage | None)
