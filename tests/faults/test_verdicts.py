"""The verdicts in docs/reliability.md are those that are measured: ours, at each change."""

from __future__ import annotations

import pytest
from benchmarks.reliability import CASES, PAGE, PYTHONS, SLOW_CASES, verdict, written


def table() -> dict[str, str]:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return {row[1].strip(): row[2].strip() for row in rows if len(row) == 5}


@pytest.mark.parametrize("case", list(CASES))
def test_the_page_tells_what_is_measured(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not PYTHONS["ours"].exists():
        pytest.skip("there is no .venv with orrery-dagster in it")
    assert verdict(case, "ours") == table()[case]


def test_the_page_has_a_row_for_each_case_and_no_other() -> None:
    """In the order in which they are measured."""
    page = PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    assert [row.split("|")[1].strip() for row in rows][: len(CASES) + len(SLOW_CASES)] == [*CASES, *SLOW_CASES]
    assert written(page, rows[: len(CASES) + len(SLOW_CASES)]) == page
