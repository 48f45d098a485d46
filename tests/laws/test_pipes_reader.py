"""Laws of the reader of messages: whatever bytes come, in whatever pieces, each valid message counts, and each bad one is told."""

import json
import logging
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import orrery
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.wire import BadMessage, LineSplitter, Numbers, parse_line

VERSION = {"__dagster_pipes_version": "0.1"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def line(message: object) -> bytes:
    return json.dumps(message).encode("ascii")


CUSTOM = JSON.map(lambda payload: line({**VERSION, "method": "report_custom_message", "params": {"payload": payload}}))
METHODS = (
    "opened closed log report_asset_materialization report_asset_check report_custom_message log_external_stream "
    "report_progress report_value"
).split()
NEARLY = st.fixed_dictionaries(
    {"__dagster_pipes_version": st.just("0.1"), "method": st.sampled_from(METHODS), "params": JSON},
    optional={"number": JSON, "again": JSON},
).map(line)
NOISE = st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"").replace(b"\r", b"")) | JSON.map(line) | NEARLY


class Reader:
    """As much of a reader as the handler asks for."""

    expected_writer_count = 1

    def on_opened(self, payload: Any) -> None:
        pass


class Told(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING and "[pipes] message number" in record.getMessage():
            self.warnings.append(record.getMessage())


class Context:
    """The part of a step's context that the handler uses: a log, and no assets in scope."""

    has_assets_def = False

    def __init__(self) -> None:
        self.log = logging.Logger("told")
        self.told = Told()
        self.log.addHandler(self.told)


def feed(data: bytes, cuts: list[int]) -> tuple[PipesMessageHandler, list[str]]:
    context = Context()
    handler, splitter, start = PipesMessageHandler(context, Reader()), LineSplitter(), 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        for each in splitter.feed(data[start:end]):
            handler.handle_line(each)
        start = end
    for each in splitter.end():
        handler.handle_line(each)
    return handler, context.told.warnings


@given(st.lists(CUSTOM | NOISE, max_size=12), st.lists(st.integers(0, 2000), max_size=6), st.booleans())
def test_every_valid_message_counts_in_order_whatever_stands_between(
    lines: list[bytes], cuts: list[int], ended: bool
) -> None:
    handler, warnings = feed(b"\n".join(lines) + (b"\n" if ended else b""), cuts)
    expected = []
    for each in lines:
        found = parse_line(each)
        if isinstance(found, dict) and found["method"] == "report_custom_message" and "payload" in found["params"]:
            expected.append(found["params"]["payload"])
    assert list(handler.get_custom_messages()) == expected
    assert len(warnings) >= sum(isinstance(parse_line(each), BadMessage) for each in lines)
    assert all(len(warning) < 2000 for warning in warnings)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    """Blank lines aside, each line is a message or is told as a bad one."""
    handler, warnings = feed(data, [])
    bad = [each for each in data.split(b"\n") if isinstance(parse_line(each), BadMessage)]
    assert (handler.bad_message_count, len(warnings)) == (len(bad), len(bad))


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 500)), st.integers(1, 12))
def test_lines_are_those_of_the_whole_however_it_is_cut(pieces: list[bytes], cuts: list[int], longest: int) -> None:
    data, splitter, found, start = b"\n".join(pieces), LineSplitter(longest), [], 0
    for end in [*sorted(min(cut, len(data)) for cut in cuts), len(data)]:
        found += splitter.feed(data[start:end])
        start = end
    found += splitter.end()
    expected = data.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [each if isinstance(each, bytes) else None for each in found] == [
        each if len(each) <= longest else None for each in expected
    ]


@given(st.permutations(range(1, 9)), st.sets(st.integers(1, 8)))
def test_what_is_lost_is_what_never_came(order: list[int], gone: set[int]) -> None:
    numbers = Numbers()
    came = [number for number in order if number not in gone]
    assert all(numbers.is_new(number, again=True) for number in came)
    assert not any(numbers.is_new(number, again=True) for number in came)
    # What would have come after the last is not known.
    missing = {number for number in range(1, max(came, default=0)) if number in gone}
    assert {n for first, end in numbers.gaps for n in range(first, end + 1)} == missing
    assert numbers.lost == len(missing)


@given(JSON)
def test_metadata_of_any_shape_costs_one_message(raw: object) -> None:
    message = {"asset_key": "a", "data_version": None, "metadata": {"x": raw}}
    data = line({**VERSION, "method": "report_asset_materialization", "params": message})
    good = line({**VERSION, "method": "report_custom_message", "params": {"payload": 1}})
    handler, warnings = feed(data + b"\n" + good, [])
    assert handler.get_custom_messages() == (1,)
    assert len(handler.get_reported_results()) + len(warnings) == 1
    assert all(isinstance(each, orrery.MaterializeResult) for each in handler.get_reported_results())
