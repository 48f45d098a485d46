"""
The page that tells users how Orrery differs from the oracle on purpose.

``python -m tests.differential.harness.page`` writes ``docs/differences.md`` from ``differences.toml``.
"""

import json
from collections.abc import Sequence

from tests.differential.harness.compare import ABSENT, Difference, load_differences
from tests.differential.harness.sides import DIFFERENTIAL, ROOT, program_paths

PAGE = ROOT / "docs" / "differences.md"


def page(differences: Sequence[Difference], programs: int) -> str:
    """Return the text of the page: one section per reason, so that a habit of ours is told once."""
    lines = [
        "# Where Orrery differs on purpose",
        "",
        f"{programs} small programs below `tests/differential/programs` run under Orrery and under Dagster 1.13.28.",
        "Kinds of events, values, metadata and classes of errors are compared. They are the same, but for what is",
        "listed here, each with the reason.",
        "",
        "`python -m tests.differential.harness.page` writes this page from `tests/differential/differences.toml`.",
    ]
    by_reason: dict[str, list[Difference]] = {}
    for difference in differences:
        by_reason.setdefault(difference.reason, []).append(difference)
    for reason, entries in by_reason.items():
        lines += ["", f"## {reason}", "", "| program | fact | Orrery | Dagster |", "|---|---|---|---|"]
        for entry in entries:
            for program in entry.programs:
                cells = (f"`{program}`", f"`{entry.fact}`", _cell(entry.ours), _cell(entry.theirs))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value == ABSENT:
        return "-"
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


if __name__ == "__main__":
    listed = load_differences(DIFFERENTIAL / "differences.toml")
    PAGE.write_text(page(listed, len(program_paths())), encoding="utf-8")
