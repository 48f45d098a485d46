"""The page of figures: groups that are measured again take the place of their older sections, others stay."""

from typing import Any

import pytest
from benchmarks.cases import Case, Part, Ratio
from benchmarks.report import Line, as_sections, lines, with_sections
from benchmarks.sides import OURS, THEIRS, Sample


def a_line(group: str, ours: float) -> Line:
    return Line(
        group=group, title="a step", unit="us", goal=100, figures={"Orrery": ours, "Dagster": 1000}, problems={}
    )


def test_a_group_that_is_measured_again_replaces_its_section_alone() -> None:
    """The other sections keep their figures and what was said of how they were measured."""
    sides = ["Orrery", "Dagster"]
    first = as_sections([a_line("Start", 50), a_line("Steps", 60)], sides, "Measured yesterday.")
    page = with_sections("\n\n", first, ["Start", "Steps"])
    again = with_sections(page, as_sections([a_line("Steps", 200)], sides, "Measured today."), ["Start", "Steps"])
    assert again.index("### Start") < again.index("### Steps")
    start, steps = again.split("### Steps")
    assert "Measured yesterday." in start
    assert "| a step | 50.0 µs | 1,000 µs | 20.0 | 100 met |" in start
    assert "Measured today." in steps
    assert "| a step | 200 µs | 1,000 µs | 5.0 | 100 missed |" in steps
    assert "60.0 µs" not in again


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        (40, 100, "50 met"),
        (100, 800, "50 missed, 7.2 times met"),
        (100, 700, "50 missed, 7.2 times missed"),
        (100, None, "50 missed"),
        (None, 800, "50"),
    ],
)
def test_a_goal_that_is_missed_is_also_told_beside_the_reference(
    ours: float | None, theirs: float | None, told: str
) -> None:
    """On a machine that takes twice as long for all, the one says nothing and the other all."""
    case = Case(group="Start", title="import", program="import_time", goal=50, goal_beside=358)
    samples = {
        (case, side): [Sample(seconds={"total": each / 1e3})]
        for side, each in ((OURS, ours), (THEIRS, theirs))
        if each is not None
    }
    (line,) = lines([case], samples, [OURS, THEIRS])
    assert line.goal_cell(OURS) == told


def test_a_group_that_is_no_longer_measured_leaves_the_page() -> None:
    """So that the page never shows what nobody can repeat."""
    sections = as_sections([a_line("Start", 50)], ["Orrery"], "Measured.")
    assert with_sections("\n### Gone\n\nold\n", sections, ["Start"]).startswith("### Start")


def a_case(**fields: Any) -> Case:
    return Case(group="Records", title="a page", program="records", **fields)


def test_a_side_that_was_asked_for_less_is_marked_and_not_divided() -> None:
    """A page of 2,000 events is no answer to one of a million."""
    case = a_case(arguments=("page", "1000"), count=1_000, their_count=20, their_limit="of 20 events", goal=5)
    assert case.arguments_for(ours=False) == ("page", "20")
    sample = Sample(seconds={"total": 0.004})
    (line,) = lines([case], {(case, OURS): [sample], (case, THEIRS): [sample]}, [OURS, THEIRS])
    assert (line.cell(OURS), line.cell(THEIRS)) == ("4.0 ms", "4.0 ms (of 20 events)")
    assert line.ratio(OURS, THEIRS) == ""
    assert line.goal_cell(OURS) == "5 met"


def test_the_cost_of_one_thing_is_divided_whatever_the_sizes() -> None:
    """Each side by its own number."""
    case = a_case(arguments=("append", "1000"), count=1_000, their_count=20, their_limit="of 20 events", unit="us")
    samples = {(case, OURS): [Sample(seconds={"total": 0.01})], (case, THEIRS): [Sample(seconds={"total": 0.02})]}
    (line,) = lines([case], samples, [OURS, THEIRS])
    assert (line.cell(OURS), line.cell(THEIRS)) == ("10.0 µs", "1,000 µs (of 20 events)")
    assert line.ratio(OURS, THEIRS) == "100.0"


def test_parts_of_a_program_are_lines_of_their_own() -> None:
    """And so is how many times as long one took as another, in the same sample."""
    case = a_case()
    rows = [
        Part(group="Records", title="a copy", case=case, part="copy"),
        Ratio(group="Records", title="in copies", case=case, part="value", over="copy", goal=2),
    ]
    samples = {(case, OURS): [Sample(seconds={"total": 9, "value": each, "copy": 0.5}) for each in (0.5, 1.5, 0.75)]}
    assert [(line.cell(OURS), line.goal_cell(OURS)) for line in lines(rows, samples, [OURS])] == [
        ("500 ms", ""),
        ("1.5 times", "2 met"),
    ]
