"""While a table is shown, whole lines go above it, and a line that is written over is kept in its latest state."""

import io
import sys

import pytest
from rich.console import Console

from orrery.cli.displays.above import LinesAbove


@pytest.fixture
def printed() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def above(printed: io.StringIO) -> LinesAbove:
    return LinesAbove(Console(file=printed, width=80), sys.stdout)


@pytest.mark.parametrize("form", ["\rprogress {}%", "progress {}%\r"], ids=["return before", "return behind"])
def test_a_progress_bar_is_one_line(above: LinesAbove, printed: io.StringIO, form: str) -> None:
    for percent in range(0, 101, 5):
        above.write(form.format(percent))
        above.flush()
    assert above.unfinished == "progress 100%"
    assert printed.getvalue() == ""
    above.write("\n")
    assert above.unfinished == ""
    assert printed.getvalue() == "progress 100%\n"


def test_a_bar_that_never_ends_is_printed_in_the_end(above: LinesAbove, printed: io.StringIO) -> None:
    above.write("\rprogress 50%")
    above.finish()
    assert printed.getvalue() == "progress 50%\n"


def test_lines_are_printed_as_they_end(above: LinesAbove, printed: io.StringIO) -> None:
    above.write("one\ntw")
    assert printed.getvalue() == "one\n"
    above.write("o\r\n")
    assert printed.getvalue() == "one\ntwo\n"


def test_a_question_is_printed_when_it_is_asked(above: LinesAbove, printed: io.StringIO) -> None:
    above.write("name? ")
    above.flush()
    assert printed.getvalue().startswith("name?")


@pytest.mark.parametrize("form", ["\rprogress {}", "progress {}\r"], ids=["return before", "return behind"])
def test_what_is_kept_of_a_bar_does_not_grow(above: LinesAbove, form: str) -> None:
    for percent in range(10_000):
        above.write(form.format(percent))
    assert len(above._begun) < 40
