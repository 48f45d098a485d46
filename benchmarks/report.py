"""From samples to lines: medians, ratios, and the table, for the terminal and for the docs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.cases import Case, Part, Ratio, Row, Slope
from benchmarks.sides import OURS, THEIRS, Sample

#: Samples by case and by the side's title.
Samples = Mapping[tuple[Case, str], Sequence[Sample]]


_UNITS = {"ms": "ms", "us": "µs", "B": "B", "x": "times"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One line of the table, as text; ``figures`` holds the numbers in the case's unit, by side.

    ``limits`` says of a side that was asked for less than the title tells; then ``is_comparable`` may be false.
    """

    group: str
    title: str
    unit: str
    goal: float | None
    goal_beside: float | None = None
    figures: Mapping[str, float | None]
    problems: Mapping[str, str]
    limits: Mapping[str, str] = field(default_factory=dict)
    is_comparable: bool = True

    def cell(self, side: str) -> str:
        """Return what stands in the column of *side*."""
        figure = self.figures.get(side)
        problem = self.problems.get(side, "")
        if figure is None:
            return problem
        told = ", ".join(each for each in (self.limits.get(side, ""), problem) if each)
        return f"{_number(figure)} {_UNITS[self.unit]}" + (f" ({told})" if told else "")

    def ratio(self, ours: str, theirs: str) -> str:
        """Return how many times as long *theirs* takes as *ours*."""
        if not self.is_comparable:
            return ""
        a, b = self.figures.get(ours), self.figures.get(theirs)
        return f"{b / a:.1f}" if a and b and a > 0 else ""

    def goal_cell(self, ours: str, theirs: str = THEIRS) -> str:
        """
        Return the goal and whether it is met.

        Of one that is missed, tell also whether ours is as many times as fast as theirs as it was to be: that does not
        depend on how quick the machine is.
        """
        if self.goal is None:
            return ""
        a, b = self.figures.get(ours), self.figures.get(theirs)
        if a is None:
            return f"{self.goal:g}"
        if a <= self.goal:
            return f"{self.goal:g} met"
        told = f"{self.goal:g} missed"
        if self.goal_beside is None or not b or not self.is_comparable:
            return told
        times = self.goal_beside / self.goal
        return f"{told}, {times:.1f} times {'met' if b / a >= times else 'missed'}"


def lines(cases: Sequence[Row], samples: Samples, sides: Sequence[str]) -> list[Line]:
    """Return the table's lines, without those nobody measured."""
    made = []
    for case in cases:
        measured = _measured(case)
        if not any((each, side) in samples for each in measured for side in sides):
            continue
        figures = {side: _figure(case, samples, side) for side in sides}
        problems: dict[str, str] = {}
        for side in sides:
            taken = [sample for each in measured for sample in samples.get((each, side), ())]
            bad = [sample.problem for sample in taken if sample.problem]
            if bad:
                problems[side] = bad[0] if figures[side] is None else f"{len(bad)} of {len(taken)}: {bad[0]}"
        limited = isinstance(case, Case) and case.their_count is not None
        made.append(
            Line(
                group=case.group,
                title=case.title,
                unit=_unit(case),
                goal=None if isinstance(case, Part) else case.goal,
                goal_beside=case.goal_beside if isinstance(case, Case | Slope) else None,
                figures=figures,
                problems=problems,
                limits={THEIRS: case.their_limit} if isinstance(case, Case) and limited else {},
                is_comparable=not isinstance(case, Ratio) and (not isinstance(case, Case) or case.is_comparable),
            )
        )
    return made


def _measured(row: Row) -> list[Case]:
    """Return the cases from whose samples a line is made."""
    if isinstance(row, Slope):
        return [row.small, row.large]
    return [row] if isinstance(row, Case) else [row.case]


def _unit(row: Row) -> str:
    if isinstance(row, Case):
        return row.unit
    return {Slope: "us", Ratio: "x", Part: "ms"}[type(row)]


def median_seconds(samples: Sequence[Sample], part: str = "total") -> float | None:
    """Return the median of *part*, or None if nothing was measured."""
    found = [sample.seconds[part] for sample in samples if sample.seconds and part in sample.seconds]
    return statistics.median(found) if found else None


def _figure(row: Row, samples: Samples, side: str) -> float | None:
    """Return the number of a line in its unit; None if nothing was measured."""
    if isinstance(row, Slope):
        small, large = (median_seconds(samples.get((each, side), ())) for each in (row.small, row.large))
        if small is None or large is None:
            return None
        return (large - small) / (row.large.count - row.small.count) * 1e6
    if isinstance(row, Ratio):
        return _median_ratio(samples.get((row.case, side), ()), row.part, row.over)
    if isinstance(row, Part):
        part = median_seconds(samples.get((row.case, side), ()), row.part)
        return None if part is None else part * 1e3
    seconds = median_seconds(samples.get((row, side), ()))
    if seconds is None or row.unit == "B":
        return seconds
    return seconds * 1e3 if row.unit == "ms" else seconds / row.count_for(ours=side == OURS) * 1e6


def _median_ratio(samples: Sequence[Sample], part: str, over: str) -> float | None:
    """Return the median of how many times as long *part* took as *over*, in the same sample."""
    found = [sample.seconds[part] / sample.seconds[over] for sample in samples if sample.seconds]
    return statistics.median(found) if found else None


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def as_sections(table: Sequence[Line], sides: Sequence[str], told: str) -> dict[str, str]:
    """Return the table as Markdown, by group; each section says with *told* how it was measured."""
    made = {}
    for group in dict.fromkeys(line.group for line in table):
        out = [f"### {group}", "", told, ""]
        out.append("| | " + " | ".join([*sides, *(["times as fast"] if len(sides) > 1 else []), "goal"]) + " |")
        out.append("|---|" + "---:|" * (len(sides) + (len(sides) > 1) + 1))
        out += [f"| {line.title} | " + " | ".join(_cells(line, sides)) + " |" for line in table if line.group == group]
        made[group] = "\n".join(out) + "\n"
    return made


def with_sections(page: str, new: Mapping[str, str], order: Sequence[str]) -> str:
    """
    Return the sections of *page*, those of *new* in place of older ones, by the order of the groups.

    Args:
        page: Sections that each begin with ``### GROUP``; what stands before the first is dropped.
        new: Sections by group.
        order: All groups; a section of another one is dropped.
    """
    old = {each.partition("\n")[0].strip(): f"### {each.strip()}\n" for each in page.split("### ")[1:]}
    known = {**old, **new}
    return "\n".join(known[group] for group in order if group in known)


def as_text(table: Sequence[Line], sides: Sequence[str]) -> str:
    """Return the table for a terminal."""
    out = []
    for group in dict.fromkeys(line.group for line in table):
        head = [*sides, *(["times as fast"] if len(sides) > 1 else []), "goal"]
        out.append(f"\n{group:<72}" + _right(head))
        out += [f"  {line.title:<70}" + _right(_cells(line, sides)) for line in table if line.group == group]
    return "\n".join(out)


def _right(cells: Sequence[str]) -> str:
    *others, goal = cells
    return "".join(f"{cell:>16}" for cell in others) + f"{goal:>28}"


def _cells(line: Line, sides: Sequence[str]) -> list[str]:
    cells = [line.cell(side) for side in sides]
    if len(sides) > 1:
        cells.append(line.ratio(OURS, THEIRS))
    return [*cells, line.goal_cell(OURS)]
