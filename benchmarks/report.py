"""From samples to lines: medians, ratios, and the table, for the terminal and for the docs."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.cases import Case, Slope
from benchmarks.sides import OURS, THEIRS, Sample

#: Samples by case and by the side's title.
Samples = Mapping[tuple[Case, str], Sequence[Sample]]


_UNITS = {"ms": "ms", "us": "µs", "B": "B"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table, as text; ``figures`` holds the numbers in the case's unit, by side."""

    group: str
    title: str
    unit: str
    goal: float | None
    figures: Mapping[str, float | None]
    problems: Mapping[str, str]

    def cell(self, side: str) -> str:
        """Return what stands in the column of *side*."""
        figure = self.figures.get(side)
        problem = self.problems.get(side, "")
        if figure is None:
            return problem
        return f"{_number(figure)} {_UNITS[self.unit]}" + (f" ({problem})" if problem else "")

    def ratio(self, ours: str, theirs: str) -> str:
        """Return how many times as long *theirs* takes as *ours*."""
        a, b = self.figures.get(ours), self.figures.get(theirs)
        return f"{b / a:.1f}" if a and b and a > 0 else ""

    def goal_cell(self, ours: str) -> str:
        """Return the goal and whether it is met."""
        if self.goal is None:
            return ""
        figure = self.figures.get(ours)
        mark = "" if figure is None else (" met" if figure <= self.goal else " missed")
        return f"{self.goal:g}{mark}"


def lines(cases: Sequence[Case | Slope], samples: Samples, sides: Sequence[str]) -> list[Line]:
    """Return the table's lines, without those nobody measured."""
    made = []
    for case in cases:
        parts = [case] if isinstance(case, Case) else [case.small, case.large]
        if not any((part, side) in samples for part in parts for side in sides):
            continue
        figures: dict[str, float | None] = {}
        problems: dict[str, str] = {}
        for side in sides:
            taken = [sample for part in parts for sample in samples.get((part, side), ())]
            seconds = [median_seconds(samples.get((part, side), ())) for part in parts]
            figures[side] = None if None in seconds else _figure(case, [s for s in seconds if s is not None])
            bad = [sample.problem for sample in taken if sample.problem]
            if bad:
                problems[side] = bad[0] if figures[side] is None else f"{len(bad)} of {len(taken)}: {bad[0]}"
        unit = case.unit if isinstance(case, Case) else "us"
        made.append(
            Line(group=case.group, title=case.title, unit=unit, goal=case.goal, figures=figures, problems=problems)
        )
    return made


def median_seconds(samples: Sequence[Sample], part: str = "total") -> float | None:
    """Return the median of *part*, or None if nothing was measured."""
    found = [sample.seconds[part] for sample in samples if sample.seconds and part in sample.seconds]
    return statistics.median(found) if found else None


def _figure(case: Case | Slope, seconds: Sequence[float]) -> float:
    if isinstance(case, Slope):
        return (seconds[1] - seconds[0]) / (case.large.count - case.small.count) * 1e6
    if case.unit == "B":
        return seconds[0]
    return seconds[0] * 1e3 if case.unit == "ms" else seconds[0] / case.count * 1e6


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
        out.append(f"\n{group:<72}" + "".join(f"{cell:>16}" for cell in head))
        out += [
            f"  {line.title:<70}" + "".join(f"{cell:>16}" for cell in _cells(line, sides))
            for line in table
            if line.group == group
        ]
    return "\n".join(out)


def _cells(line: Line, sides: Sequence[str]) -> list[str]:
    cells = [line.cell(side) for side in sides]
    if len(sides) > 1:
        cells.append(line.ratio(OURS, THEIRS))
    return [*cells, line.goal_cell(OURS)]
