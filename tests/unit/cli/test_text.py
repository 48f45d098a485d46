"""What is printed is safe, short, and in the measure of people."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orrery.cli.paper import pad, table, width_of
from orrery.cli.text import block, cut, duration, one_line, since

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@given(st.text())
def test_one_line_is_one_line_without_control_codes(text: str) -> None:
    shown = one_line(text)
    assert not CONTROL.search(shown)
    assert len(shown.splitlines()) <= 1


@given(st.text())
def test_no_line_of_a_block_begins_at_the_margin(text: str) -> None:
    lines = block(text, "  ").split("\n")
    assert all(line.startswith("  ") or not line for line in lines)
    assert not any(CONTROL.search(line) for line in lines)


@given(st.text())
def test_what_is_safe_can_be_written(text: str) -> None:
    one_line(text).encode("utf-8")


def test_marks_that_turn_the_direction_of_writing_are_shown() -> None:
    assert one_line("a\u202eb") == "a\\u202eb"


@given(st.text(alphabet="abc", max_size=30), st.integers(1, 20))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert len(cut(text, width)) <= width
    assert cut(text, width) == text or len(text) > width


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.9994, "999 ms"), (0.9996, "1.0 s"), (59.94, "59.9 s"), (59.96, "1 m 00 s"), (3599.6, "1 h 00 m")],
)
def test_durations_change_their_measure_in_the_right_place(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_ago_counts_whole_units() -> None:
    assert since(3599) == "59 minutes ago"


def test_wide_signs_take_two_columns() -> None:
    assert width_of("日本") == 4
    assert pad("日本", 6) == "日本  "


def test_columns_are_aligned_by_what_is_seen() -> None:
    assert table([["\x1b[31mred\x1b[0m", "1"], ["日本x", "22"]], right=[1]) == ["\x1b[31mred\x1b[0m     1", "日本x  22"]


def test_columns_without_any_text_are_left_out() -> None:
    assert table([["a", "", "b"]]) == ["a  b"]
