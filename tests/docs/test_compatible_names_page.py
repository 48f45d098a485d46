"""The page of compatible names and the table in the package say the same."""

import re
from pathlib import Path

from dagster._names import RENAMED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compatible-names.md"


def test_the_page_lists_every_name_that_differs() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert dict(rows) == RENAMED
    assert len(rows) == len(RENAMED)
