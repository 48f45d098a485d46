"""The page of figures: groups that are measured again take the place of their older sections, others stay."""

from benchmarks.report import Line, as_sections, with_sections


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


def test_a_group_that_is_no_longer_measured_leaves_the_page() -> None:
    """So that the page never shows what nobody can repeat."""
    sections = as_sections([a_line("Start", 50)], ["Orrery"], "Measured.")
    assert with_sections("\n### Gone\n\nold\n", sections, ["Start"]).startswith("### Start")
