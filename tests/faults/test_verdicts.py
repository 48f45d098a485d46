"""The verdicts in docs/reliability.md are those that are measured: ours, at each change."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.reliability import CASES, PYTHONS, verdict

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def table() -> dict[str, str]:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return {row[1].strip(): row[2].strip() for row in rows if len(row) == 5}


@pytest.mark.parametrize("case", list(CASES))
def test_the_page_tells_what_is_measured(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not PYTHONS["ours"].exists():
        pytest.skip("there is no .venv with orrery-dagster in it")
    assert verdict(case, "ours") == table()[case]
