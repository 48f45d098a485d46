"""The table on a terminal keeps state, time and rows, whatever the names and the notes are."""

import io
import re

import pytest
from rich.console import Console

from orrery.cli.displays.live import LiveTable
from orrery.cli.happenings import RunView, StepView

CUSTOMERS = "customers_cleaned_and_deduplicated"
REVENUE = "monthly_recurring_revenue_by_segment_and_country"
NOTE = "MissingFileError: No value of asset 'customers_cleaned_and_deduplicated' is stored in this folder."


def screen(*steps: StepView, width: int = 80, encoding: str = "utf-8") -> list[str]:
    """Return the lines of the table of *steps* at its end."""
    view = RunView()
    view.steps = {step.key: step for step in steps}
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="replace", write_through=True)
    table = LiveTable(console=Console(file=file, width=width, force_terminal=True, highlight=False))
    table.begin(view)
    raw.seek(0)
    raw.truncate()
    table.end()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.getvalue().decode(encoding)).strip("\r\n").splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
@pytest.mark.parametrize("name", ["short", CUSTOMERS, REVENUE, "x" * 300, "日本" * 40])
def test_no_name_and_no_note_takes_the_place_of_state_time_and_rows(width: int, name: str) -> None:
    lines = screen(
        StepView("a", CUSTOMERS, state="done", seconds=62.0, rows=1_234_567),
        StepView("b", name, state="failed", seconds=0.25, note=NOTE),
        width=width,
    )
    assert re.search(r"✓ +\S*…?\S* +done +1 m 02 s +1,234,567", lines[-2])
    assert re.search(r"✗ .* +failed +250 ms", lines[-1])


def test_a_note_stands_where_there_is_room() -> None:
    lines = screen(StepView("b", CUSTOMERS, state="failed", seconds=0.25, note=NOTE), width=120)
    assert CUSTOMERS in lines[-1]
    assert "MissingFileError: No value of asset" in lines[-1]


def test_both_ends_of_a_name_that_is_cut_are_shown() -> None:
    line = screen(StepView("b", REVENUE, state="failed", seconds=0.25, note=NOTE))[-1]
    assert re.search(r"✗  monthly\S+…\S+country +failed +250 ms +MissingFile\S+.*…", line)


def test_signs_that_the_terminal_cannot_show_are_replaced() -> None:
    line = screen(StepView("b", REVENUE, state="failed", seconds=0.25, note=NOTE), encoding="ascii")[-1]
    assert re.search(r"^x .* failed +250 ms", line)
